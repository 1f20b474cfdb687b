// SPDX-License-Identifier: BSD-3-Clause
// Spans: what mal cuts objects from. Private to mal's files.
//
// A span is a mapping that begins at a multiple of 64 KiB with its header, so that an object's span is found by a mask and
// mfree needs no size: every object starts in the first 64 KiB of its span. A span of a class is 64 KiB; a large object's is
// as many of them as it takes.
//
// Spans of 64 KiB are cut from hunks of 1 MiB, so that the kernel's mappings are few. One without objects is kept for the next
// class or object that wants it, up to 8 MiB in all; what is over, and longer spans, go back to the kernel (what it refuses is kept, whatever its size).
// Rejected: a page map (two pages touched in every program, 11 microseconds each, to answer what the header does); headers in
// the hunk (the same); one arena reserved at start (RLIMIT_AS counts it).
#pragma once
#include "sync/lock.h"
#include "sync/malcache.h"

namespace trapeze {

constexpr usize span_size = 64 << 10;
constexpr usize largest_small = 8192;
constexpr usize largest_align = 32 << 10;

// mark and bytes do not change while objects are out, and are read without a lock; the rest is the class lock's.
struct Span {
    u32 mark;      // span_mark + class, or + class_count: one large object, for the rest of the mapping
    u32 out;       // objects made and not given back
    u32 carved;    // objects that were ever made; those beyond were not touched since the span was opened
    u32 room;      // objects in all
    usize bytes;   // of the mapping
    Span* next;
    Span** at;     // what points to it, if it is in a list
    Free* free;
};
static_assert(sizeof(Span) <= 64);

constexpr u32 span_mark = 0x7a657000;  // tells a span from what happens to lie there

// Classes: 16, 32, ... 128, then four to the doubling: 160, 192, 224, 256, 320, ... 8192.
constexpr u32 class_of(usize n) {
    n -= n != 0;
    const u32 top = 63 - static_cast<u32>(__builtin_clzl(n | 64));
    return (top - 6) * 4 + static_cast<u32>(n >> (top - 2));
}
constexpr usize size_of_class(u32 c) { return c < 4 ? 16 * (c + 1) : usize{5 + c % 4} << (c / 4 + 3); }

static_assert(class_of(0) == 0 && class_of(16) == 0 && class_of(17) == 1 && class_of(128) == 7 && class_of(129) == 8 &&
              class_of(160) == 8 && class_of(161) == 9 && class_of(largest_small) == class_count - 1);
static_assert(size_of_class(3) == 64 && size_of_class(4) == 80 && size_of_class(8) == 160 && size_of_class(31) == largest_small);

// The first object begins at the largest power of two in their size (but behind the header): so every one of them is aligned
// to it.
constexpr usize first_of_class(usize size) {
    const usize power = size & (0 - size);
    return power < 64 ? 64 : power;
}

inline Span* span_of(const void* p) { return reinterpret_cast<Span*>(reinterpret_cast<uptr>(p) & ~(span_size - 1)); }
// The class of a span, class_count for a large object's, more for what is no span.
inline u32 class_of_span(const Span* s) { return s->mark - span_mark; }

struct Heap {
    Lock lock;      // guards all of this
    Span* kept;     // spans of 64 KiB without objects
    u8* hunk;       // what is left of it
    usize hunk_left, cached, mapped;  // bytes
};
extern Heap mal_heap;
extern Atomic<i32> mal_refusal;  // why there was no memory the last time: an errno

// The objects of one class, but for those that caches hold.
struct alignas(64) Central {
    Lock lock;
    Span* open;          // spans with objects left, free or never made; at most one is without objects out
    usize out, spans;
};
extern Central mal_central[class_count];

// A span of `bytes` (a multiple of 64 KiB), of which mark and bytes are set; or null, and mal_refusal says why.
Span* span_get(usize bytes, u32 cls);
void span_put(Span* s);

void* large_get(usize n, usize align);
void large_put(void* p);

[[noreturn]] void mal_none(usize n);  // ends the program

}  // namespace trapeze
