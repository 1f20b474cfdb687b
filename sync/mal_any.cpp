// SPDX-License-Identifier: BSD-3-Clause
// What mal can do with a pointer without being told its size, and with sizes that have an alignment.
#include "sync/mal.h"
#include "sync/span.h"
#include "sys/panic.h"

namespace trapeze {

// What is asked of a class so that the object is aligned: a power of two. Beyond largest_small: the object is a large one.
static usize padded(usize n, usize align) {
    if (align <= 16) return n;
    if (n < align) n = align;
    return n > largest_small ? n : usize{1} << (64 - __builtin_clzl(n - 1));
}

void* mal_try(usize n, usize align) {
    const usize asked = padded(n, align);
    return asked > largest_small ? large_get(n, align) : mal_try(asked);
}

void* mal_raw(usize n, usize align) {
    void* p = mal_try(n, align);
    if (!p) mal_none(n);
    return p;
}

void mfree(void* p, usize n, usize align) { mfree(p, padded(n, align)); }

static u32 known(const void* p) {
    const u32 c = class_of_span(span_of(p));
    if (c > class_count) panic("mfree or mal_size of what mal did not make");
    return c;
}

void mfree(void* p) {
    if (!p) return;
    const u32 c = known(p);
    mfree(p, c == class_count ? largest_small + 1 : size_of_class(c));
}

usize mal_size(const void* p) {
    const u32 c = known(p);
    const Span* s = span_of(p);
    return c == class_count ? s->bytes - (reinterpret_cast<uptr>(p) - reinterpret_cast<uptr>(s)) : size_of_class(c);
}

}  // namespace trapeze
