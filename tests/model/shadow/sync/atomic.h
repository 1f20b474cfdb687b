// SPDX-License-Identifier: BSD-3-Clause
// The model suite's Atomic: the real one's interface; each operation is a scheduling point with the declared order's meaning.
#pragma once
#include <cstring>

#include "model.h"
#include "sys/types.h"

namespace trapeze {

enum Order : int { relaxed, acquire, release, acq_rel, seq_cst };

template <class T>
class Atomic {
public:
    constexpr Atomic() : Atomic(T{}) {}
    constexpr Atomic(T v) : v_(v) {
        if (!__builtin_is_constant_evaluated()) model::made(&v_, sizeof v_);
    }
    constexpr ~Atomic() {
        if (!__builtin_is_constant_evaluated()) model::gone(&v_);
    }
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) const { return back(model::load(&v_, sizeof v_, o, f, l)); }
    void store(T v, Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) { model::store(&v_, sizeof v_, bits(v), o, f, l); }
    T xchg(T v, Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) {
        return back(model::rmw(&v_, sizeof v_, model::Rmw::xchg, bits(v), o, f, l));
    }
    bool cas(T& expected, T desired, Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) {
        u64 e = bits(expected);
        const bool done = model::cas(&v_, sizeof v_, &e, bits(desired), o, f, l);
        if (!done) expected = back(e);
        return done;
    }
    T xadd(T delta, Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) {
        return back(model::rmw(&v_, sizeof v_, model::Rmw::add, bits(delta), o, f, l));
    }
    T set_bits(T more, Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) {
        return back(model::rmw(&v_, sizeof v_, model::Rmw::or_, bits(more), o, f, l));
    }
    T* address() { return &v_; }

    // For scenarios: no operation, the latest value.
    [[gnu::no_sanitize("thread")]] T peek() const { return v_; }
    void preset(T v) { store(v, relaxed); }  // in setup

private:
    [[gnu::no_sanitize("thread")]] static u64 bits(T v) {
        u64 b = 0;
        std::memcpy(&b, &v, sizeof v);
        return b;
    }
    [[gnu::no_sanitize("thread")]] static T back(u64 b) {
        T v;
        std::memcpy(&v, &b, sizeof v);
        return v;
    }
    T v_;
};

inline void store_load_fence(const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) { model::fence(seq_cst, f, l); }
inline void fence(Order o, const char* f = __builtin_FILE(), u32 l = __builtin_LINE()) { model::fence(o, f, l); }
inline void cpu_pause() { model::pause(); }

// One look says all there is to say.
template <class Done>
bool spin_seldom(Done done) {
    return model::pause(), done();
}
template <class Done>
bool spin_often(Done done) {
    return model::pause(), done();
}

}  // namespace trapeze
