// SPDX-License-Identifier: BSD-3-Clause
// The model suite's Atomic: the same interface as the real one; each operation is first a scheduling point.
#pragma once
#include "explorer.h"
#include "sys/types.h"

namespace trapeze {

enum Order : int { relaxed, acquire, release, acq_rel, seq_cst };

template <class T>
class Atomic {
public:
    constexpr Atomic() : v_{} {}
    constexpr Atomic(T v) : v_(v) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(Order) const {
        model::point("load", false, this);
        return v_;
    }
    void store(T v, Order) {
        model::point("store", true, this);
        v_ = v;
        model::wrote();
    }
    T xchg(T v, Order) {
        model::point("xchg", true, this);
        T old = v_;
        v_ = v;
        model::wrote();
        return old;
    }
    bool cas(T& expected, T desired, Order) {
        model::point("cas", true, this);
        if (v_ != expected) {
            expected = v_;
            return false;
        }
        v_ = desired;
        model::wrote();
        return true;
    }
    T xadd(T delta, Order) {
        model::point("xadd", true, this);
        T old = v_;
        v_ += delta;
        model::wrote();
        return old;
    }
    T peek() const { return v_; }  // for scenarios: no scheduling point
    void preset(T v) { v_ = v; }

private:
    T v_;
};

inline void store_load_fence() { model::point("fence", true, nullptr); }
inline void cpu_pause() { model::pause(); }

}  // namespace trapeze
