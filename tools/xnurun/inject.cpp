// SPDX-License-Identifier: BSD-3-Clause
// TRAP    a name of the tables: read, bsdthread_create, semaphore_wait_trap; Mach ones also without _kernelrpc_ and _trap
// RESULT  BSD: an errno's name or number (carry set); Mach and machdep: a kern_return_t's name or number (0x... too)
// WHEN    N the N-th such trap alone; N+ that one and all later; P%SEED P of 100, at random by SEED; left out: every one
// Counts are of the whole process and atomic: with several threads, which of them meets the N-th is theirs to find out.
#include "tools/xnurun/inject.h"

#include "sys/darwin/calldata.h"
#include "sys/darwin/errno.h"
#include "sys/kern_return.h"
#include "sys/mem.h"

namespace trapeze {
namespace {

struct Rule {
    TrapClass klass;
    u32 number;
    i32 result;
    u64 first, last;  // 1-based; share: not used
    u32 share;        // of 100; 0: by count
    u64 seed;
    u64 seen;
};
Rule rules[32];
u32 rule_count;

struct Piece {
    const char* at;
    usize size;
};

bool equal(Piece p, const char* s) {
    usize n = 0;
    while (n < p.size && s[n] == p.at[n]) n++;
    return n == p.size && !s[n];
}

bool digits(Piece p, u64& value) {
    u64 base = 10;
    if (p.size > 2 && p.at[0] == '0' && (p.at[1] | 0x20) == 'x') {
        base = 16;
        p = {p.at + 2, p.size - 2};
    }
    value = 0;
    for (usize i = 0; i < p.size; i++) {
        const char c = p.at[i];
        const u64 d = c >= '0' && c <= '9' ? static_cast<u64>(c - '0')
                      : base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? static_cast<u64>((c | 0x20) - 'a' + 10)
                                                                              : 99;
        if (d >= base || value > (~0ull - d) / base) return false;
        value = value * base + d;
    }
    return p.size > 0;
}

// The name as in the table, or without the decorations of Mach traps.
bool names(Piece wanted, const char* name) {
    if (equal(wanted, name)) return true;
    constexpr const char prefix[] = "_kernelrpc_", suffix[] = "_trap";
    usize n = 0;
    while (prefix[n] && name[n] == prefix[n]) n++;
    const char* start = prefix[n] ? name : name + n;
    if (equal(wanted, start)) return true;
    usize length = str_len(start);
    if (length <= 5 || !str_eq(start + length - 5, suffix)) return false;
    length -= 5;
    if (length != wanted.size) return false;
    for (usize i = 0; i < length; i++)
        if (start[i] != wanted.at[i]) return false;
    return true;
}

template <usize N>
bool find(const Call (&calls)[N], TrapClass klass, Piece wanted, Rule& rule) {
    for (u32 n = 0; n < N; n++)
        if (calls[n].name && names(wanted, calls[n].name)) {
            rule.klass = klass;
            rule.number = n;
            return true;
        }
    return false;
}

bool errno_value(Piece p, i32& value) {
    for (i32 n = 1; n < 128; n++)
        if (const char* name = xnu::errno_name(n); name && equal(p, name)) {
            value = n;
            return true;
        }
    return false;
}

bool kern_value(Piece p, i32& value) {
    constexpr i32 bases[] = {-320, 0, 0x10000000, 0x10004000};
    for (const i32 base : bases)
        for (i32 n = base; n < base + 320; n++)
            if (const char* name = mach_error_name(n); name && equal(p, name)) {
                value = n;
                return true;
            }
    return false;
}

u64 mix(u64 x) {  // splitmix64
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

}  // namespace

const char* inject_parse(const char* text) {
    if (rule_count == sizeof rules / sizeof *rules) return "too many --inject options (32)";
    Piece parts[3] = {};
    u32 n = 0;
    for (const char* at = text;; at++) {
        if (n > 2) return "too many colons";
        if (!parts[n].at) parts[n].at = at;
        if (*at && *at != ':') continue;
        parts[n].size = static_cast<usize>(at - parts[n].at);
        n++;
        if (!*at) break;
    }
    if (n < 2) return "TRAP:RESULT is needed";
    Rule rule{};
    rule.first = 1;
    rule.last = ~0ull;
    if (!find(xnu::bsd_calls, TrapClass::bsd, parts[0], rule) && !find(xnu::mach_calls, TrapClass::mach, parts[0], rule) &&
        !find(xnu::mdep_calls, TrapClass::mdep, parts[0], rule))
        return "no trap of that name";
    u64 value;
    const bool minus = parts[1].size > 1 && parts[1].at[0] == '-';
    if (digits(minus ? Piece{parts[1].at + 1, parts[1].size - 1} : parts[1], value)) {
        if (value > 0xffffffff) return "the result is too large";
        rule.result = minus ? -static_cast<i32>(value) : static_cast<i32>(value);
    } else if (!(rule.klass == TrapClass::bsd ? errno_value(parts[1], rule.result) : kern_value(parts[1], rule.result))) {
        return rule.klass == TrapClass::bsd ? "no errno of that name" : "no kern_return_t of that name";
    }
    if (n == 3) {
        Piece when = parts[2];
        usize percent = 0;
        while (percent < when.size && when.at[percent] != '%') percent++;
        if (percent < when.size) {
            u64 share;
            if (!digits({when.at, percent}, share) || share > 100 || share == 0 ||
                !digits({when.at + percent + 1, when.size - percent - 1}, rule.seed))
                return "P%SEED: P is 1..100, SEED a number";
            rule.share = static_cast<u32>(share);
        } else {
            const bool later = when.size && when.at[when.size - 1] == '+';
            if (later) when.size--;
            if (!digits(when, rule.first) || rule.first == 0) return "WHEN is N, N+ or P%SEED, N from 1";
            if (!later) rule.last = rule.first;
        }
    }
    rules[rule_count++] = rule;
    return nullptr;
}

bool inject(const Trap& trap, const Call&, Answer& answer) {
    bool hit = false;
    for (u32 i = 0; i < rule_count; i++) {
        Rule& r = rules[i];
        if (r.klass != trap.klass || r.number != trap.number) continue;
        const u64 n = __atomic_add_fetch(&r.seen, 1, __ATOMIC_RELAXED);
        const bool now = r.share ? mix(r.seed + n * 0x632be59bd9b4e019) % 100 < r.share : n >= r.first && n <= r.last;
        if (!now || hit) continue;
        hit = true;
        answer = r.klass == TrapClass::bsd ? fail(r.result) : kern(r.result);
    }
    return hit;
}

}  // namespace trapeze
