// SPDX-License-Identifier: BSD-3-Clause
// Programs that use up memory or misuse mal, each chosen by its name; run.py runs them and reads what they say. Built twice:
// with mal, and with its checked stand-in.
#include "sync/mal.h"
#include "sys/mem.h"
#include "trapeze.h"

using namespace trapeze;

static u8 not_ours[8192];

static constexpr struct {
    const char* name;
    void (*run)();
} modes[] = {
    {"huge", [] { (void)mal(usize{1} << 62); }},
    {"overflow", [] { (void)mal_raw(~usize{0}); }},
    {"aligned", [] { (void)mal_raw(100, 1 << 20); }},
    {"use_up", [] { for (;;) *static_cast<u8*>(mal_raw(3000)) = 1; }},
    {"use_up_large", [] { for (;;) (void)mal_raw(1 << 20); }},
    {"new", [] { void* volatile kept = ::operator new(usize{1} << 61); (void)kept; }},
    {"use_up_and_go_on", [] {
        usize made = 0;
        void* last = nullptr;
        while (void* p = mal_try(100'000)) {
            *static_cast<void**>(p) = last;
            last = p;
            made++;
        }
        for (void* p = last; p; p = last) {
            last = *static_cast<void**>(p);
            mfree(p);
        }
        void* again = mal_try(1'000'000);
        print(made > 10 && again ? "went on\n" : "failed\n");
    }},
    {"not_ours", [] { mfree(not_ours + 4096); }},
    {"not_ours_large", [] { mfree(not_ours + 4096, 10'000); }},
    {"freed_large_twice", [] {
        void* p = mal(10'000);
        mfree(p);
        mfree(p);
    }},
    {"freed_twice", [] {
        void* p = mal(100);
        go([p] { mfree(p, 100); });
        gosched();
        mfree(p, 100);
    }},
    {"other_size", [] { mfree(mal(100), 200); }},
    {"inside", [] { mfree(static_cast<u8*>(mal(100)) + 16); }},
    {"behind", [] {
        u8* p = static_cast<u8*>(mal(100));
        p[100] = 1;
        mfree(p, 100);
    }},
    {"far_behind", [] { static_cast<volatile u8*>(mal(100))[112] = 1; }},
    {"after", [] {
        volatile u8* p = static_cast<volatile u8*>(mal(100));
        mfree(const_cast<u8*>(p));
        p[0] = 1;
    }},
    {"fine", [] {
        for (usize n = 0; n < 20'000; n += 7) mfree(mal(n), n);
        print("fine\n");
    }},
};

int main(int argc, char** argv) {
    for (const auto& mode : modes)
        if (argc == 2 && str_eq(mode.name, argv[1])) return mode.run(), 0;
    eprint("usage: mal_victim MODE\n");
    return 3;
}
