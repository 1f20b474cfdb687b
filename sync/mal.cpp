// SPDX-License-Identifier: BSD-3-Clause
// See mal.h. The fast paths are the thread's own lists (malcache.h); what they lack comes from the spans of the class, under
// its lock; spans come from span.cpp, under the heap's lock. Threads without a cache share one under shared_lock.
// Locks are taken in this order: shared_lock, class, heap.
//
// Objects that were never touched are handed out a page's worth at a time, and linked after the unlock: linking more would
// fault pages in that nobody may ever use, and a fault costs as much as a thousand calls.
// Rejected: lists that other Ps push to without a lock, as mimalloc's (an atomic operation for each object freed elsewhere, and
// an algorithm to prove, where a batch under a lock costs less than one per object).
#include "sync/mal.h"

#include "sync/span.h"
#include "sys/mem.h"
#include "sys/os.h"

namespace trapeze {

constinit Central mal_central[class_count]{};

namespace {

constinit Lock shared_lock{};
constinit MalCache shared{};  // of all threads that have none

// So many objects a cache may hold of one class: 32 KiB, but not more than 256.
constexpr usize limit_of(u32 c) { return usize{256} >> (c < 8 ? 0 : c / 4 - 1); }
static_assert(limit_of(class_of(128)) == 256 && limit_of(class_of(256)) == 128 && limit_of(class_of(largest_small)) == 4);

[[gnu::cold, gnu::noinline]] void enlist(Central& t, Span* s) {
    s->next = t.open;
    if (s->next) s->next->at = &s->next;
    s->at = &t.open;
    t.open = s;
}

[[gnu::cold, gnu::noinline]] void delist(Span* s) {
    *s->at = s->next;
    if (s->next) s->next->at = s->at;
}

// An object, and more of them into the list, which is empty.
[[gnu::cold, gnu::noinline]] void* refill(MalCache::List& mine, u32 c) {
    const usize size = size_of_class(c);
    const usize first = first_of_class(size);
    Central& t = mal_central[c];
    lock(&t.lock);
    Span* s = t.open;
    if (!s) {
        s = span_get(span_size, c);
        if (!s) {
            unlock(&t.lock);
            return nullptr;
        }
        s->free = nullptr;
        s->out = s->carved = 0;
        s->room = static_cast<u32>((span_size - first) / size);
        t.spans++;
        enlist(t, s);
    }
    Free* list = s->free;
    u8* fresh = nullptr;
    if (!list) {
        fresh = reinterpret_cast<u8*>(s) + first + s->carved * size;
        list = reinterpret_cast<Free*>(fresh);
        // As many as end on the page where the first one does, so as not to touch another.
        const uptr end = reinterpret_cast<uptr>(fresh) + size;
        const u32 n = 1 + static_cast<u32>(((0 - end) & (page_size - 1)) / size);
        s->carved = s->carved + n < s->room ? s->carved + n : s->room;
    }
    const u32 n = s->carved - s->out;
    s->free = nullptr;
    s->out += n;
    t.out += n;
    if (s->out == s->room) delist(s);
    unlock(&t.lock);
    if (fresh) {
        Free* f = list;
        for (u32 i = n; --i; f = f->next) f->next = reinterpret_cast<Free*>(fresh += size);
        f->next = nullptr;
    }
    const usize most = limit_of(c);
    mine.head = list->next;
    mine.room = most > n ? most - n : 0;
    return list;
}

// Puts f into the list, which is full, and gives half of what it may hold back.
[[gnu::cold, gnu::noinline]] void give_back(MalCache::List& mine, u32 c, Free* f) {
    usize n = limit_of(c) / 2;
    f->next = mine.head;
    mine.room = n - 1;
    Central& t = mal_central[c];
    lock(&t.lock);
    for (; f && n; n--) {
        Free* next = f->next;
        Span* s = span_of(f);
        f->next = s->free;
        s->free = f;
        if (s->out-- == s->room) enlist(t, s);
        t.out--;
        if (!s->out && (s->next || t.open != s)) {
            delist(s);
            t.spans--;
            span_put(s);
        }
        f = next;
    }
    unlock(&t.lock);
    mine.head = f;
}

inline void* take(MalCache* cache, u32 c) {
    MalCache::List& mine = cache->of[c];
    Free* f = mine.head;
    if (!f) return refill(mine, c);
    mine.head = f->next;
    mine.room++;
    return f;
}

inline void put(MalCache* cache, u32 c, Free* f) {
    MalCache::List& mine = cache->of[c];
    if (!mine.room) return give_back(mine, c, f);  // survives if true: it gives back too early
    mine.room--;
    f->next = mine.head;
    mine.head = f;
}

// Puts f, or takes an object if that is null.
[[gnu::cold, gnu::noinline]] void* without_cache(u32 c, Free* f) {
    void* p = nullptr;
    lock(&shared_lock);
    if (f) put(&shared, c, f);
    else p = take(&shared, c);
    unlock(&shared_lock);
    return p;
}

}  // namespace

void* mal_try(usize n) {
    if (n > largest_small) return large_get(n, 16);
    const u32 c = class_of(n);
    MalCache* cache = tls()->mal;
    return cache ? take(cache, c) : without_cache(c, nullptr);
}

void* mal_raw(usize n) {
    void* p = mal_try(n);
    if (!p) mal_none(n);  // survives if false: the end of the program
    return p;
}

// From span_size on it is a mapping that the kernel has just made, zeroed: writing zeros would touch all of it.
void* mal(usize n) {
    void* p = mal_raw(n);
    return n < span_size ? memset(p, 0, n) : p;
}

void mfree(void* p, usize n) {
    if (!p) return;
    if (n > largest_small) return large_put(p);
    const u32 c = class_of(n);
    MalCache* cache = tls()->mal;
    if (cache) put(cache, c, static_cast<Free*>(p));
    else (void)without_cache(c, static_cast<Free*>(p));
}

}  // namespace trapeze
