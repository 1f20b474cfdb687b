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
    T* address() { return &v_; }  // for the kernel: futex words

private:
    T v_;
};

// Orders an earlier store before a later load: the one thing that x86 does not do by itself.
inline void store_load_fence() { __atomic_thread_fence(seq_cst); }

// How often a bounded spin looks before its thread sleeps. It pays when what is waited for runs on another CPU and is about to
// be done: some 30 looks, about a microsecond.
constexpr int spin_looks = 30;

inline void cpu_pause() { __builtin_ia32_pause(); }

}  // namespace trapeze
