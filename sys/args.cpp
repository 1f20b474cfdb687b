// SPDX-License-Identifier: BSD-3-Clause
// See args.h.
#include "sys/args.h"

namespace trapeze {

static i32 arg_count;
static char** arg_vector;
static char** environment;

void args(i32 count, char** vector) {
    arg_count = count;
    arg_vector = vector;
    environment = vector + count + 1;
}

i32 argc() { return arg_count; }
char** argv() { return arg_vector; }
char** envp() { return environment; }

void* after_envp() {
    char** p = environment;
    while (*p) p++;
    return p + 1;
}

const char* getenv(const char* name) {
    for (char** e = environment; e && *e; e++) {
        const char* at = *e;
        const char* n = name;
        while (*n && *at == *n) at++, n++;
        if (!*n && *at == '=') return at + 1;
    }
    return nullptr;
}

bool atoi(const char* text, i64* out) {
    const bool minus = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (!*text) return false;
    i64 v = 0;  // built downwards: the smallest i64 has no positive twin
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        if (__builtin_mul_overflow(v, i64{10}, &v) || __builtin_sub_overflow(v, i64{*text - '0'}, &v)) return false;
    }
    if (!minus && __builtin_sub_overflow(i64{0}, v, &v)) return false;
    *out = v;
    return true;
}

}  // namespace trapeze
