// SPDX-License-Identifier: BSD-3-Clause
// Doubles in decimal: the shortest digits that read back as the same double (Steele & White's free-format algorithm in
// Dragon4's form), exact for every finite value.
//
// The value is r/s, the gaps to its neighbours m_up/s and m_down/s, all non-negative big integers; digits are produced
// until what is left is smaller than the gap. The largest number is 10 * 2^1077 < 2^1088: 40 limbs of 32 bits are enough.
// Rejected: Ryu, Grisu and their kin. They are faster by far and need 10 KB of tables; this is the printing of programs
// that count bytes.
#include "sys/print.h"

namespace trapeze {
namespace {

struct Big {
    static constexpr int limbs = 40;
    u32 d[limbs] = {};
    int n = 0;  // limbs in use: d[n..] are zero

    void set(u64 v) {
        d[0] = static_cast<u32>(v);
        d[1] = static_cast<u32>(v >> 32);
        n = d[1] ? 2 : d[0] ? 1 : 0;
    }
    void times(u32 f) {
        u64 carry = 0;
        for (int i = 0; i < n; i++) {
            carry += static_cast<u64>(d[i]) * f;
            d[i] = static_cast<u32>(carry);
            carry >>= 32;
        }
        if (carry) d[n++] = static_cast<u32>(carry);
    }
    void shift(int bits) {
        for (; bits >= 31; bits -= 31) times(1u << 31);
        times(1u << bits);
    }
    void minus(const Big& b) {  // needs *this >= b
        u64 borrow = 0;
        for (int i = 0; i < n; i++) {
            u64 x = static_cast<u64>(d[i]) - b.d[i] - borrow;
            d[i] = static_cast<u32>(x);
            borrow = x >> 63;
        }
        while (n && !d[n - 1]) n--;
    }
};

// a + b compared with c: -1, 0, 1
int compare_sum(const Big& a, const Big& b, const Big& c) {
    Big sum;
    u64 carry = 0;
    int top = a.n > b.n ? a.n : b.n;
    for (int i = 0; i < top; i++) {
        carry += static_cast<u64>(a.d[i]) + b.d[i];
        sum.d[i] = static_cast<u32>(carry);
        carry >>= 32;
    }
    sum.n = top;
    if (carry) sum.d[sum.n++] = static_cast<u32>(carry);
    int high = sum.n > c.n ? sum.n : c.n;
    for (int i = high - 1; i >= 0; i--)
        if (sum.d[i] != c.d[i]) return sum.d[i] < c.d[i] ? -1 : 1;
    return 0;
}

const Big zero;

// The digits of f * 2^e (f > 0) into out; returns their count, and the exponent k with value = 0.d1d2d3... * 10^k.
int digits_of(u64 f, int e, bool lowest, char* out, int* k_out) {
    Big r, s, m_up, m_down;
    const bool edge = f == 1ull << 52 && !lowest;  // the gap below is half the gap above
    const int twice = edge ? 2 : 1;
    r.set(f);
    r.shift(twice + (e > 0 ? e : 0));
    s.set(1);
    s.shift(twice + (e < 0 ? -e : 0));
    m_down.set(1);
    m_down.shift(e > 0 ? e : 0);
    m_up = m_down;
    if (edge) m_up.shift(1);

    // k from the bit length: log10(2) = 0.30103, rounded down; at most one too small, which the test below mends.
    int bits = e + 64 - __builtin_clzll(f) - 1;
    int k = static_cast<int>(static_cast<i64>(bits) * 30103 / 100000) - (bits < 0);
    for (int i = 0; i < k; i++) s.times(10);
    for (int i = 0; i > k; i--) r.times(10), m_up.times(10), m_down.times(10);
    const bool even = !(f & 1);  // a reader that rounds to even takes the interval's ends too
    auto reaches = [&](const Big& a, const Big& b) {
        int c = compare_sum(a, b, s);
        return even ? c >= 0 : c > 0;
    };
    while (reaches(r, m_up)) s.times(10), k++;

    int n = 0;
    for (;;) {
        r.times(10), m_up.times(10), m_down.times(10);
        int digit = 0;
        while (compare_sum(r, zero, s) >= 0) r.minus(s), digit++;
        int below = compare_sum(r, zero, m_down);
        bool low = even ? below <= 0 : below < 0;
        bool high = reaches(r, m_up);
        if (low || high) {
            int half = compare_sum(r, r, s);
            if (high && (!low || half > 0 || (half == 0 && digit & 1))) digit++;
            out[n++] = static_cast<char>('0' + digit);
            break;
        }
        out[n++] = static_cast<char>('0' + digit);
    }
    *k_out = k;
    return n;
}

}  // namespace

usize format_double(char out[32], double v) {
    const u64 bits = __builtin_bit_cast(u64, v);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    const u64 fraction = bits & ((1ull << 52) - 1);
    char* p = out;
    auto text = [&](const char* s) {
        while (*s) *p++ = *s++;
        return static_cast<usize>(p - out);
    };
    if (exponent == 0x7ff && fraction) return text("nan");
    if (bits >> 63) *p++ = '-';
    if (exponent == 0x7ff) return text("inf");
    if (!exponent && !fraction) return text("0");

    char digit[20];
    int k;
    int n = digits_of(exponent ? fraction | 1ull << 52 : fraction, (exponent ? exponent : 1) - 1075, exponent <= 1, digit, &k);
    // 0.d1d2... * 10^k: plain from 0.0001 to 999999999999999999999, else d.ddde+xx, as most languages print them.
    if (k > -4 && k <= 21) {
        if (k <= 0) {
            *p++ = '0', *p++ = '.';
            for (int i = k; i < 0; i++) *p++ = '0';
        }
        for (int i = 0; i < n || i < k; i++) {
            if (i && i == k) *p++ = '.';
            *p++ = i < n ? digit[i] : '0';
        }
    } else {
        *p++ = digit[0];
        if (n > 1) *p++ = '.';
        for (int i = 1; i < n; i++) *p++ = digit[i];
        *p++ = 'e';
        int x = k - 1;
        *p++ = x < 0 ? '-' : '+';
        if (x < 0) x = -x;
        if (x < 10) *p++ = '0';
        p += format_u64(p, static_cast<u64>(x));
    }
    return static_cast<usize>(p - out);
}

void Out::put(double v) {
    char text[32];
    put(Str{text, format_double(text, v)});
}

}  // namespace trapeze
