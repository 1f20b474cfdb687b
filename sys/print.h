// SPDX-License-Identifier: BSD-3-Clause
// Printing without allocation: print("x = ", x, "\n") to standard output, eprint to standard error.
//
// One call is one line of text built in a buffer on the caller's stack (256 bytes) and written when full and at the end:
// up to 240 characters leave in one write, so lines of several threads do not mix. What a write cannot deliver
// (closed descriptor, full disk) is dropped: printing never fails, allocates, locks or retries for ever.
// Shapes: integers of every width in decimal, char as itself, bool as true/false, const char*, Str{data, size},
// double as its shortest decimal that reads back the same, pointers and hex(n) as 0x..., Pad{n, width} right-aligned.
// May block: as write(2) on the descriptor does.
#pragma once
#include <type_traits>

#include "sys/types.h"

namespace trapeze {

struct Str {
    const char* data;
    usize size;
};

struct Hex {
    u64 value;
};
template <class T>
Hex hex(T v) {
    if constexpr (std::is_pointer_v<T>) return {reinterpret_cast<uptr>(v)};
    else return {static_cast<u64>(static_cast<std::make_unsigned_t<T>>(v))};
}

struct Pad {
    u64 value;
    i32 width;
};

// Formatting alone, for tests and for those who print elsewhere. Each returns the number of characters stored.
usize format_u64(char out[20], u64 v);
usize format_hex(char out[18], u64 v);     // with 0x
usize format_double(char out[32], double v);  // shortest round-trip: 0.1, 1e+100, -0, inf, nan

class Out {
public:
    explicit Out(i32 fd) : fd_(fd) {}
    ~Out() { flush(); }
    Out(const Out&) = delete;
    Out& operator=(const Out&) = delete;

    void put(Str s);
    void put(const char* s);
    void put(Hex h);
    void put(Pad p);
    void put(double v);
    void put(char c) { put(Str{&c, 1}); }
    void put(bool b) { put(b ? "true" : "false"); }
    void put(const void* p) { put(Hex{reinterpret_cast<uptr>(p)}); }
    template <class T>
        requires(std::is_integral_v<T>)
    void put(T v) {
        if constexpr (std::is_signed_v<T>) put_signed(v);
        else put_unsigned(v);
    }
    template <class... A>
    // Inline: out of line each list of types is a function of its own, called once, and larger than the calls in it.
    [[gnu::always_inline]] void line(const A&... a) { (put(a), ...); }
    void flush();

private:
    void put_signed(i64 v);
    void put_unsigned(u64 v);

    i32 fd_;
    u32 used_ = 0;
    char buffer_[240];
};

template <class... A>
void print(const A&... a) {
    Out out(1);
    (out.put(a), ...);
}

template <class... A>
void eprint(const A&... a) {
    Out out(2);
    (out.put(a), ...);
}

}  // namespace trapeze
