// SPDX-License-Identifier: BSD-3-Clause
// mal for finding misuse: takes the place of mal.cpp and its companions in programs with the dependency trapeze_mal_checked_dep.
//
//   [header, a page][block ....][edge: the bytes up to 16-alignment][guard]
//
// Each block has a mapping of its own and ends at a guard page, so that running over its end faults at once. A freed one becomes
// a guard whole but for its header, and stays mapped until 4,096 others were freed after it: use after free faults, a second
// free, one with another size, and one of what is no block are named. Under one lock; four traps a block, a page at least.
// Rejected: marks and patterns inside mal's own blocks, looked at when they come back (code in everybody's slow paths).
#include "sync/lock.h"
#include "sync/mal.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {
namespace {

constexpr u64 alive = 0x6d616c20616c6976, dead = 0x6d616c2064656164;
constexpr u8 edge = 0xed;
constexpr usize quarantine = 4096;
constexpr usize too_large = usize{1} << 47;

struct Header {
    u64 state;
    u8* block;
    usize size, mapped;
};

constinit Lock all_lock{};  // guards what follows
Header* freed[quarantine];
usize nfreed, in_use, mapped;
constinit Atomic<i32> refusal{};

usize pages(usize n) { return (n + page_size - 1) & ~(page_size - 1); }

[[noreturn]] void wrong(const void* p, const char* what) {
    Out out(2);
    out.line("panic: mal: ", p, " ", what, "\n");
    finish(out);
}

// The block begins less than a page behind the header's page, unless its alignment is larger: then that page is repeated in
// front of the block.
Header* header_of(const void* p) { return reinterpret_cast<Header*>((reinterpret_cast<uptr>(p) & ~(page_size - 1)) - page_size); }

Header* known(const void* p) {
    Header* h = header_of(p);
    if (h->state == dead) wrong(p, "is used by mfree or mal_size, but was freed before");
    if (h->state != alive || h->block != p) wrong(p, "is no block of mal's");
    return h;
}

void give_up(void* p, usize n) {
    Header* h = known(p);
    if (n != ~usize{0} && n != h->size) wrong(p, "is freed with another size than it was made with");
    for (const u8* e = h->block + h->size; reinterpret_cast<uptr>(e) % page_size; e++)
        if (*e != edge) wrong(p, "was written behind its end");
    lock(&all_lock);
    h->state = dead;
    in_use -= h->size;
    // The header's page stays.
    u8* rest = reinterpret_cast<u8*>(h) + page_size;
    if (pages(h->size)) (void)pages_guard(rest, pages(static_cast<usize>(h->block + h->size - rest)));
    Header*& slot = freed[nfreed++ % quarantine];
    Header* oldest = slot;
    slot = h;
    if (oldest) {
        mapped -= oldest->mapped;
        (void)pages_unmap(oldest, oldest->mapped);
    }
    unlock(&all_lock);
}

}  // namespace

void* mal_try(usize n, usize align) {
    if (align < 16) align = 16;
    refusal.store(align > 32 << 10 ? kernel::EINVAL : kernel::ENOMEM, relaxed);
    if (n >= too_large || align > 32 << 10) return nullptr;
    const usize body = pages(n ? n : 1) + (align > page_size ? align : 0);
    const usize size = page_size + body + page_size;
    Result r = pages_map(size);
    if (r.failed()) return refusal.store(r.err(), relaxed), nullptr;
    u8* base = reinterpret_cast<u8*>(r.value());
    u8* end = base + page_size + body;
    r = pages_guard(end, page_size);
    if (r.failed()) die_errno("mal: no guard page", r);
    u8* block = reinterpret_cast<u8*>(reinterpret_cast<uptr>(end - n) & ~(align - 1));
    Header* h = header_of(block);
    // Address space in front of the header, if the alignment left some, goes back.
    if (reinterpret_cast<u8*>(h) != base) (void)pages_unmap(base, static_cast<usize>(reinterpret_cast<u8*>(h) - base));
    *h = {alive, block, n, static_cast<usize>(end + page_size - reinterpret_cast<u8*>(h))};
    memset(block, 0xa1, n);
    for (u8* e = block + n; reinterpret_cast<uptr>(e) % page_size; e++) *e = edge;
    lock(&all_lock);
    in_use += n;
    mapped += h->mapped;
    unlock(&all_lock);
    return block;
}

void* mal_raw(usize n, usize align) {
    void* p = mal_try(n, align);
    if (p) return p;
    Out out(2);
    out.line("fatal error: out of memory: no ", n, " bytes (errno ", refusal.load(relaxed), ")\n");
    finish(out);
}

void* mal_try(usize n) { return mal_try(n, 16); }
void* mal_raw(usize n) { return mal_raw(n, 16); }
void* mal(usize n) { return memset(mal_raw(n), 0, n); }

void mfree(void* p) {
    if (p) give_up(p, ~usize{0});
}
void mfree(void* p, usize n) {
    if (p) give_up(p, n);
}
void mfree(void* p, usize n, usize) { mfree(p, n); }

usize mal_size(const void* p) { return known(p)->size; }

MalStats mal_stats() {
    MalStats s{};
    lock(&all_lock);
    s.in_use = s.large = in_use;
    s.mapped = mapped;
    unlock(&all_lock);
    return s;
}

}  // namespace trapeze
