// SPDX-License-Identifier: BSD-3-Clause
// operator new and delete over mal, in a program that asked for them (trapeze_new_dep).
#include <array>
#include <new>
#include <optional>
#include <tuple>
#include <utility>

#include "sync/mal.h"
#include "tests/tap.h"

using namespace trapeze;

namespace {

struct Counted {
    static inline int alive;
    int value;
    explicit Counted(int v = 0) : value(v) { alive++; }
    virtual ~Counted() { alive--; }
};
struct Bigger : Counted {
    std::array<u64, 20> more{};
    explicit Bigger(int v) : Counted(v) {}
};
struct alignas(256) Wide {
    u8 bytes[300];
    ~Wide() {}
};
struct Plain {
    u8 bytes[24];
};

// As small a vector as can be: what a program would write for itself, standard containers being hosted.
template <class T>
struct Vector {
    T* data = nullptr;
    usize size = 0, room = 0;
    ~Vector() { delete[] data; }
    void push(T v) {
        if (size == room) {
            T* more = new T[room = room ? 2 * room : 1];
            for (usize i = 0; i < size; i++) more[i] = std::move(data[i]);
            delete[] std::exchange(data, more);
        }
        data[size++] = std::move(v);
    }
};

template <class T>
struct Owner {
    T* p;
    explicit Owner(T* q) : p(q) {}
    Owner(Owner&& o) noexcept : p(std::exchange(o.p, nullptr)) {}
    ~Owner() { delete p; }
    T* operator->() const { return p; }
};

bool aligned(const void* p, usize to) { return reinterpret_cast<uptr>(p) % to == 0; }

usize in_use_after_warming_up(void (*body)()) {
    body();
    return mal_stats().in_use;
}

void everything() {
    delete new int(1);
    delete[] new int[1000];
    delete new Wide;
    delete[] new Wide[3];
    delete new (std::nothrow) Plain;
    delete[] new (std::nothrow) Wide[2];
    operator delete(operator new(100, std::nothrow), std::nothrow);
    operator delete[](operator new[](100, std::nothrow), std::nothrow);
    operator delete(operator new(100, std::align_val_t{64}), std::align_val_t{64});
    operator delete[](operator new[](100, std::align_val_t{64}), 100, std::align_val_t{64});
    operator delete(operator new(100, std::align_val_t{64}, std::nothrow), std::align_val_t{64}, std::nothrow);
    operator delete[](operator new[](100, std::align_val_t{64}, std::nothrow), std::align_val_t{64}, std::nothrow);
    operator delete(operator new(77), 77);
    operator delete[](operator new[](77), 77);
    operator delete[](operator new[](30'000));
}

}  // namespace

int main() {
    print("TAP version 13\n");
    int* volatile i = new int(5);
    ok(*i == 5 && aligned(i, 16), "new int");
    delete i;
    Wide* w = new Wide;
    Wide* many = new Wide[4];
    ok(aligned(w, 256) && aligned(many, 16) && aligned(&many[1], 256), "over-aligned objects, and arrays of them with a count in front");
    delete w;
    delete[] many;

    Counted* c = new Bigger(7);
    ok(c->value == 7 && Counted::alive == 1, "an object with a virtual destructor");
    delete c;
    Counted* m = make<Bigger>(8);
    destroy(m);
    ok(Counted::alive == 0, "delete and destroy through the base class");
    Counted* ten = new Counted[10];
    ok(Counted::alive == 10, "an array is constructed");
    delete[] ten;
    ok(Counted::alive == 0, "and destroyed");

    {
        Owner<Counted> a(new Counted(3));
        Owner<Counted> b(std::move(a));
        Vector<std::optional<std::tuple<int, u64>>> v;
        for (int n = 0; n < 10'000; n++) v.push(std::tuple<int, u64>{n, n * 2});
        bool all = b->value == 3;
        for (int n = 0; n < 10'000; n++) all &= *v.data[n] == std::tuple<int, u64>{n, n * 2};
        ok(all, "a growing array of optional tuples, an owner");
    }
    ok(Counted::alive == 0, "gone with their owners");

    volatile usize huge = usize{1} << 62;
    ok(!operator new(huge, std::nothrow) && !operator new[](huge, std::align_val_t{64}, std::nothrow), "new (std::nothrow) without memory gives null");

    const usize before = in_use_after_warming_up(everything);
    for (int n = 0; n < 100; n++) everything();
    ok(mal_stats().in_use == before, "every form of delete frees what its new made");

    auto from = make_chan<int*>(), back = make_chan<int*>();
    go([=] {
        for (int* p : from) {
            delete[] p;
            back.send(new int[100]);
        }
    });
    for (int n = 0; n < 1000; n++) {
        from.send(new int[100]);
        delete[] back.recv();
    }
    ok(true, "made in one goroutine, deleted in another");
    return done();
}
