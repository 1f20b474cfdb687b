// SPDX-License-Identifier: BSD-3-Clause
// select: does one of several sends and receives, whichever can go on first; of those that can, a random one.
//
//   select(recv(results, [&](int v) { ... }),
//          send(work, next, [&] { ... }),
//          otherwise([&] { ... }));
//
// Returns the number of the case that was done, counted from 0 (otherwise too). Without otherwise it parks the goroutine
// until a case can go on; nil channels never can, and without any other it parks for ever. A send on a closed channel
// panics; a receive from one is always possible. A recv handler takes (std::optional<T>), nothing when closed, or
// (T, bool ok), or (T), with T{} when closed, or nothing. The value of a send case is moved only if it is the one that was
// done; a case keeps its channel alive. No allocation: cases and wait entries are on the caller's stack.
#pragma once
#include "chan/chan.h"

namespace trapeze {

struct SelectCase {
    Hchan* c;
    void* elem;
    bool is_send;
};

constexpr i32 select_default = -1;

// The untyped half: `order` and `entries` are room for n each. Returns the case that was done, or select_default; *ok is
// false for a receive from a closed channel.
i32 selectgo(const SelectCase* cases, Hchan** order, Sudog* entries, u32 n, bool block, bool* ok);

template <class T, class F>
struct RecvCase {
    chan<T> c;
    F handler;
    union {
        T value;
    };
    RecvCase(const chan<T>& from, F f) : c(from), handler(std::move(f)) {}
    RecvCase(RecvCase&& o) noexcept : c(std::move(o.c)), handler(std::move(o.handler)) {}
    ~RecvCase() {}

    SelectCase raw() { return {c.hchan(), &value, false}; }
    void done(bool ok) {
        std::optional<T> v;
        if (ok) {
            v.emplace(std::move(value));
            value.~T();
        }
        if constexpr (std::is_invocable_v<F&, std::optional<T>>) handler(std::move(v));
        else if constexpr (std::is_invocable_v<F&, T, bool>) handler(v ? std::move(*v) : T{}, ok);
        else if constexpr (std::is_invocable_v<F&, T>) handler(v ? std::move(*v) : T{});
        else handler();
    }
};

template <class T, class F>
struct SendCase {
    chan<T> c;
    T value;
    F handler;

    SelectCase raw() { return {c.hchan(), &value, true}; }
    void done(bool) { handler(); }
};

template <class F>
struct DefaultCase {
    F handler;

    SelectCase raw() { return {nullptr, nullptr, false}; }
    void done(bool) { handler(); }
};

template <class T, class F>
RecvCase<T, F> recv(const chan<T>& c, F handler) {
    return {c, std::move(handler)};
}

template <class T, class U, class F>
SendCase<T, F> send(const chan<T>& c, U&& value, F handler) {
    return {c, T(std::forward<U>(value)), std::move(handler)};
}

template <class F>
DefaultCase<F> otherwise(F handler) {
    return {std::move(handler)};
}

template <class C>
inline constexpr bool is_default = false;
template <class F>
inline constexpr bool is_default<DefaultCase<F>> = true;

template <class... C>
i32 select(C&&... c) {
    constexpr u32 n = sizeof...(C);
    constexpr u32 defaults = (0u + ... + (is_default<std::remove_cvref_t<C>> ? 1u : 0u));
    static_assert(defaults <= 1, "select takes one otherwise");
    SelectCase cases[n + 1] = {c.raw()..., {}};
    Hchan* order[n + 1];
    Sudog entries[n + 1];
    bool ok = true;
    i32 chosen = selectgo(cases, order, entries, n, defaults == 0, &ok);
    i32 i = 0;
    if (chosen == select_default) ((is_default<std::remove_cvref_t<C>> ? void(chosen = i) : void(), i++), ...);
    i = 0;
    ((i++ == chosen ? c.done(ok) : void()), ...);
    return chosen;
}

}  // namespace trapeze
