// SPDX-License-Identifier: BSD-3-Clause
// Atomic<T>: the runtime's atomics, with the seed's names (cas, xadd). Orders are spelled at every use.
//
// A header of its own instead of <atomic> for two reasons: <atomic> is not freestanding everywhere, and the model suite
// compiles the same lock, note, queue and channel sources against its own sync/atomic.h, in which every operation is a
// point where the explored interleaving may change threads.
#pragma once
#include "sys/types.h"

namespace trapeze {

enum Order : int {
    relaxed = __ATOMIC_RELAXED,
    acquire = __ATOMIC_ACQUIRE,
    release = __ATOMIC_RELEASE,
    acq_rel = __ATOMIC_ACQ_REL,
    seq_cst = __ATOMIC_SEQ_CST,
};

template <class T>
class Atomic {
public:
    constexpr Atomic() : v_{} {}
    constexpr Atomic(T v) : v_(v) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(Order o) const { return __atomic_load_n(&v_, o); }
    void store(T v, Order o) { __atomic_store_n(&v_, v, o); }
    T xchg(T v, Order o) { return __atomic_exchange_n(&v_, v, o); }
    // If the value is `expected`, makes it `desired`. Otherwise returns false with the value seen in `expected`.
    bool cas(T& expected, T desired, Order o) {
        return __atomic_compare_exchange_n(&v_, &expected, desired, false, o, o == release ? relaxed : o == acq_rel ? acquire : o);
    }
    T xadd(T delta, Order o) { return __atomic_fetch_add(&v_, delta, o); }  // the value before
    T set_bits(T bits, Order o) { return __atomic_fetch_or(&v_, bits, o); }       // the value before; one bit and tested: one instruction
    T* address() { return &v_; }  // for the kernel: futex words

private:
    T v_;
};

// Orders an earlier store before a later load: the one thing that x86 does not do by itself.
inline void store_load_fence() { __atomic_thread_fence(seq_cst); }

inline void cpu_pause() { __builtin_ia32_pause(); }

// Bounded spins, which pay when what is waited for happens on another CPU: in all 850 pauses, 17 µs where one takes 20 ns; about as long
// as the sleep and the wake-up that they may save. True: it is done. No spin where the process has but one CPU: set by
// schedinit, which asks only where GOMAXPROCS does not say how many Ps there are; constant from then on.
constexpr int spin_rounds = 4;
extern bool one_cpu;

// Looks once a round, four times as long after as before: for a word that the other works with. Each look takes its cache line away;
// looking all the time costs both threads five times as much (tools/bench sync, lock2).
template <class Done>
bool spin_seldom(Done done) {
    for (int round = 0; round < spin_rounds && !one_cpu; round++) {
        for (int n = 10 << 2 * round; n > 0; n--) cpu_pause();
        if (done()) return true;
    }
    return false;
}

// Looks after each pause: for a word that stays as it is until what is waited for.
template <class Done>
bool spin_often(Done done) {
    for (int n = 210 * spin_rounds; n > 0 && !one_cpu; n--) {
        cpu_pause();
        if (done()) return true;
    }
    return false;
}

}  // namespace trapeze
