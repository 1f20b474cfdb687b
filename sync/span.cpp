// SPDX-License-Identifier: BSD-3-Clause
// See span.h: spans from the kernel and back, and the large objects, which are a span each. All of it costs traps now and then:
// compiled for size.
#include "sync/span.h"

#include "sys/errno.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {

constinit Heap mal_heap{};
constinit Atomic<i32> mal_refusal;

namespace {

constexpr usize hunk_size = 1 << 20;
constexpr usize cached_most = 8 << 20;
constexpr usize too_large = usize{1} << 47;  // no address space has it: spares the arithmetic its overflow

// Pages that begin at a multiple of 64 KiB: more are mapped, and what is over on either side goes back. heap.lock held.
[[gnu::cold]] u8* map_aligned(usize bytes) {
    constexpr usize more = span_size - page_size;
    Result r = pages_map(bytes + more);
    if (r.failed()) {
        mal_refusal.store(r.err(), relaxed);
        return nullptr;
    }
    mal_heap.mapped += bytes;
    u8* base = reinterpret_cast<u8*>(r.value());
    const usize before = (0 - reinterpret_cast<uptr>(base)) & (span_size - 1);
    (void)pages_unmap(base, before);  // EINVAL where there is nothing
    base += before;
    (void)pages_unmap(base + bytes, more - before);
    return base;
}

}  // namespace

[[gnu::cold]] Span* span_get(usize bytes, u32 cls) {
    Heap& h = mal_heap;
    lock(&h.lock);
    Span* s = nullptr;
    if (bytes != span_size) {
        s = reinterpret_cast<Span*>(map_aligned(bytes));
    } else if (h.kept) {
        s = h.kept;
        h.kept = s->next;
        h.cached -= span_size;
    } else {
        if (!h.hunk_left && (h.hunk = map_aligned(hunk_size))) h.hunk_left = hunk_size;
        if (h.hunk_left) {
            s = reinterpret_cast<Span*>(h.hunk);
            h.hunk += span_size;
            h.hunk_left -= span_size;
        }
    }
    unlock(&h.lock);
    if (s) {
        s->bytes = bytes;
        s->mark = span_mark + cls;
    }
    return s;
}

[[gnu::cold]] void span_put(Span* s) {
    Heap& h = mal_heap;
    const usize bytes = s->bytes;
    s->mark = 0;
    lock(&h.lock);
    // What the kernel does not take, because it cannot split the mapping for it (there are too many), is kept too, a large object's
    // in pieces: nobody else would ever use it.
    if ((bytes != span_size || h.cached >= cached_most) && pages_unmap(s, bytes).ok()) {
        h.mapped -= bytes;
    } else {
        for (usize at = 0; at < bytes; at += span_size) {
            Span* piece = reinterpret_cast<Span*>(reinterpret_cast<u8*>(s) + at);
            piece->next = h.kept;
            h.kept = piece;
        }
        h.cached += bytes;
    }
    unlock(&h.lock);
}

[[gnu::cold]] void* large_get(usize n, usize align) {
    if (n >= too_large || align > largest_align) {
        mal_refusal.store(align > largest_align ? kernel::EINVAL : kernel::ENOMEM, relaxed);
        return nullptr;
    }
    const usize offset = align < 64 ? 64 : align;
    Span* s = span_get((n + offset + span_size - 1) & ~(span_size - 1), class_count);
    return s ? reinterpret_cast<u8*>(s) + offset : nullptr;
}

[[gnu::cold]] void large_put(void* p) {
    Span* s = span_of(p);
    if (class_of_span(s) != class_count) panic("mfree of what mal did not make");
    span_put(s);
}

[[gnu::cold]] void mal_none(usize n) {
    Out out(2);
    out.line("fatal error: out of memory: no ", n, " bytes: ", errno_name(mal_refusal.load(relaxed)), '\n');
    finish(out);
}

}  // namespace trapeze
