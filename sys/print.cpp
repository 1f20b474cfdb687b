// SPDX-License-Identifier: BSD-3-Clause
// The writer behind print: see print.h for the contract. Doubles are in print_double.cpp, so that a program that
// prints none does not carry their big-number arithmetic.
#include "sys/print.h"

#include "sys/file.h"
#include "sys/mem.h"

namespace trapeze {

// Kept out of line, three callers each would be most of what a tiny program prints with.
[[gnu::noinline]] usize format_u64(char out[20], u64 v) {
    char reversed[20];
    usize n = 0;
    do reversed[n++] = static_cast<char>('0' + v % 10);
    while (v /= 10);
    for (usize i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
    return n;
}

usize format_hex(char out[18], u64 v) {
    const usize digits = static_cast<usize>(67 - __builtin_clzll(v | 1)) / 4;
    out[0] = '0';
    out[1] = 'x';
    for (usize i = 0; i < digits; i++) out[2 + i] = "0123456789abcdef"[v >> (4 * (digits - 1 - i)) & 15];
    return 2 + digits;
}

void Out::flush() {
    (void)write_all(fd_, buffer_, used_);
    used_ = 0;
}

[[gnu::noinline]] void Out::put(Str s) {
    for (usize i = 0; i < s.size; i++) {
        if (used_ == sizeof buffer_) flush();
        buffer_[used_++] = s.data[i];
    }
}

void Out::put(const char* s) {
    if (!s) s = "(null)";
    put(Str{s, str_len(s)});
}

void Out::put(Hex h) {
    char text[18];
    put(Str{text, format_hex(text, h.value)});
}

void Out::put_unsigned(u64 v) {
    char text[20];
    put(Str{text, format_u64(text, v)});
}

void Out::put_signed(i64 v) {
    if (v < 0) put('-');
    put_unsigned(v < 0 ? -static_cast<u64>(v) : static_cast<u64>(v));
}

void Out::put(Pad p) {
    char text[20];
    usize n = format_u64(text, p.value);
    for (i32 i = static_cast<i32>(n); i < p.width; i++) put(' ');
    put(Str{text, n});
}

}  // namespace trapeze
