// SPDX-License-Identifier: BSD-3-Clause
// mal between threads: an object is one thread's at a time, what the one wrote before mfree comes before what the next writes, none is
// handed out twice, none is lost, and memory goes home. Objects are made on one thread and freed on another, through caches, with none
// and in turn. Small: spans of 1 KiB with three objects each, caches of two.
//
// for sync/lock.h: tests/model/blocking_lock.h
// apart
// source sync/mal.cpp
// source sync/span.cpp
// real sync/mal.h
// set tests/model/shadow/sys/os.h: page_size = 4096; -> page_size = 512;
// set sync/span.h: constexpr usize span_size = 64 << 10; -> constexpr usize span_size = 1 << 10;
// set sync/span.cpp: constexpr usize hunk_size = 1 << 20; -> constexpr usize hunk_size = 2 << 10;
// set sync/span.cpp: constexpr usize cached_most = 8 << 20; -> constexpr usize cached_most = 1 << 10;
// set sync/mal.cpp: return usize{256} >> (c < 8 ? 0 : c / 4 - 1); -> return c ? 2 : 2;
// set sync/mal.cpp: static_assert(limit_of(class_of(128)) == 256 && limit_of(class_of(256)) == 128 && limit_of(class_of(largest_small)) == 4); -> static_assert(limit_of(1) == 2);
#include "sync/mal.h"
#include "sync/span.h"
#include "sys/os.h"

/* plant early: a span's free objects are taken before its class is locked
sync/mal.cpp
-    lock(&t.lock);
-    Span* s = t.open;
+    Span* s = t.open;
+    lock(&t.lock);
*/
/* plant late: objects are given back when the class is unlocked
sync/mal.cpp
-    lock(&t.lock);
-    for (; f && n; n--) {
+    lock(&t.lock);
+    unlock(&t.lock);
+    for (; f && n; n--) {
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
-    unlock(&t.lock);
*/
/* plant off_by_one: a span goes home with one object out
sync/mal.cpp
-        if (!s->out && (s->next || t.open != s)) {
+        if (s->out <= 1 && (s->next || t.open != s)) {
*/
/* plant uncounted: objects go out and are not counted
sync/mal.cpp
-    s->out += n;
+    s->out += n > 1 ? n - 1 : n;
*/
/* plant shared: threads without a cache share one without a lock
sync/mal.cpp
-    lock(&shared_lock);
     if (f) put(&shared, c, f);
     else p = take(&shared, c);
-    unlock(&shared_lock);
*/
/* plant kept: a span is taken from those that are kept without their lock
sync/span.cpp
-    lock(&h.lock);
-    Span* s = nullptr;
+    Span* s = nullptr;
     if (bytes != span_size) {
+        lock(&h.lock);
         s = reinterpret_cast<Span*>(map_aligned(bytes));
     } else if (h.kept) {
         s = h.kept;
         h.kept = s->next;
         h.cached -= span_size;
+        lock(&h.lock);
     } else {
+        lock(&h.lock);
*/
/* plant leaves: a large object whose memory the kernel does not take back is nobody's
sync/span.cpp
-    } else {
-        for (usize at = 0; at < bytes; at += span_size) {
+    } else if (bytes == span_size) {
+        for (usize at = 0; at < bytes; at += span_size) {
*/
/* plant full: a span that was full stays out of its class's list when an object comes home
sync/mal.cpp
-        if (s->out-- == s->room) enlist(t, s);
+        s->out--;
*/

namespace trapeze {

namespace {

// What the kernel has: its, so no race.
struct Kernel {
    usize left, mapped, refused;  // bytes
    bool keeps;          // it unmaps nothing
};
Kernel* the_kernel;

}  // namespace

[[gnu::no_sanitize("thread")]] Result pages_map(usize n) {
    if (n > the_kernel->left) return Result::error(lnx::ENOMEM);
    the_kernel->left -= n;
    the_kernel->mapped += n;
    u8* at = static_cast<u8*>(model::arena(n + page_size));
    at += (0 - reinterpret_cast<uptr>(at)) & (page_size - 1);
    model::name(at, "pages");
    return {reinterpret_cast<i64>(at)};
}
[[gnu::no_sanitize("thread")]] Result pages_unmap(void* at, usize n) {
    if (the_kernel->keeps) {
        the_kernel->refused += n;
        return Result::error(lnx::ENOMEM);
    }
    model::freed(at, n);
    the_kernel->mapped -= n;
    return {0};
}

namespace {

constexpr usize size = 256;
constexpr u32 cls = class_of(size);

struct World {
    Tls tls[8];
    MalCache cache[4];
    Atomic<void*> box[9];
    Kernel kernel;
    u32 holder[256];  // by address: nobody's, or who had it last; not shared memory, but the test's
};

World* the_world;

// In a setup: which threads have a cache. Globals as a program's start leaves them.
World* world(u32 with_cache) {
    model::region(&mal_central[cls], sizeof mal_central[cls], "class");
    model::region(&mal_central[class_of(512)], sizeof mal_central[cls], "class 512");
    model::region(&mal_heap, sizeof mal_heap, "heap");
    model::region(&shared, sizeof shared, "shared");
    model::region(&shared_lock, sizeof shared_lock, "shared_lock");
    model::region(&mal_refusal, sizeof mal_refusal, "refusal");
    World* w = model::fresh<World>("world");
    the_kernel = &w->kernel;
    w->kernel.left = 64 << 10;
    for (u32 i = 0; i < 8; i++) {
        tls_of_thread[i] = &w->tls[i];
        if (i < with_cache) w->tls[i].mal = &w->cache[i];
    }
    return the_world = w;
}

[[gnu::no_sanitize("thread")]] u32& slot_of(void* p) { return the_world->holder[reinterpret_cast<uptr>(p) / size % 256]; }

[[gnu::no_sanitize("thread")]] u64* made() {
    void* p = mal_raw(size);
    model::check(reinterpret_cast<uptr>(p) % size == 0 && class_of_span(span_of(p)) == cls, "an object is not where it should be");
    model::check(slot_of(p) == 0, "an object is handed out twice");
    slot_of(p) = 1;
    return static_cast<u64*>(p);
}
[[gnu::no_sanitize("thread")]] void unmade(void* p) {
    model::check(slot_of(p) == 1, "an object is freed that is nobody's");
    slot_of(p) = 0;
    mfree(p, size);
}

// All of it is this thread's.
void use(u64* p, u64 v) {
    for (usize i = 0; i < size / 8; i += size / 8 - 1) p[i] = v;
    model::step("uses it", p);
    for (usize i = 0; i < size / 8; i += size / 8 - 1) model::check(p[i] == v, "an object is another's too");
}

void give(World* w, u32 box, u64* p) { w->box[box].store(p, release); }
u64* get(World* w, u32 box) {
    for (;;) {
        model::wait([](void* a) { return *static_cast<void**>(a) != nullptr; }, w->box[box].address(), "until there is one");
        if (void* p = w->box[box].load(acquire)) return static_cast<u64*>(p);
    }
}

// What all classes, caches and spans say at the end, when nothing is out.
void over(World* w) {
    model::at_end([=] {
        const Central& t = mal_central[cls];
        usize cached = 0;
        for (u32 i = 0; i < 5; i++)
        {
            const MalCache::List& list = i < 4 ? w->cache[i].of[cls] : shared.of[cls];
            for (Free* f = list.head; f; f = f->next) cached++;
            model::check(list.room < 2, "a cache has more room than it may");
        }
        model::check(t.out == cached, "objects are lost");
        usize open = 0, out = 0, empty = 0;
        for (const Span* s = t.open; s; s = s->next) {
            open++, out += s->out;
            usize free = 0;
            for (Free* f = s->free; f; f = f->next) free++;
            model::check(s->carved - s->out == free && s->out < s->room, "a span is wrong about its objects");
            empty += !s->out;
        }
        model::check(empty <= 1, "a span without objects did not go home");
        model::check(open <= t.spans && out <= t.out && (t.spans - open) * 3 == t.out - out, "a span is lost");
        usize kept = 0;
        for (const Span* s = mal_heap.kept; s; s = s->next) kept += span_size;
        model::check(kept == mal_heap.cached && kept <= cached_most + w->kernel.refused, "kept spans are lost, or too many");
        model::check(mal_heap.mapped == w->kernel.mapped, "what is mapped is not known");
        usize spans = 0;
        for (const Central& c : mal_central) spans += c.spans;
        model::check(mal_heap.mapped == spans * span_size + mal_heap.cached + mal_heap.hunk_left, "a mapping is nobody's");
        model::check(!t.lock.word.peek() && !mal_heap.lock.word.peek(), "a lock is held at the end");
    });
}

// Each thread makes n, uses and frees them, `times` times.
void alone(u32 threads, u32 with_cache, u32 n, int times) {
    World* w = world(with_cache);
    for (u32 i = 0; i < threads; i++)
        model::thread([=] {
            for (int k = 0; k < times; k++) {
                u64* p[8];
                for (u32 j = 0; j < n; j++) use(p[j] = made(), i * 64 + j);
                for (u32 j = 0; j < n; j++) unmade(p[j]);
            }
        });
    over(w);
}

// One each of two classes: what they share is the heap.
void classes(u32 n, int times) {
    World* w = world(2);
    for (u32 i = 0; i < 2; i++)
        model::thread([=] {
            const usize bytes = i ? 512 : size;
            for (int k = 0; k < times; k++) {
                u64* p[6];
                for (u32 j = 0; j < n; j++) {
                    p[j] = static_cast<u64*>(mal_raw(bytes));
                    p[j][0] = p[j][bytes / 8 - 1] = i * 8 + j;
                }
                model::step("uses them", p[0]);
                for (u32 j = 0; j < n; j++) {
                    model::check(p[j][0] == i * 8 + j && p[j][bytes / 8 - 1] == i * 8 + j, "an object is another's too");
                    mfree(p[j], bytes);
                }
            }
        });
    over(w);
}

// Made on one thread, freed on another, which makes in turn.
void handed(u32 with_cache, u32 n) {
    World* w = world(with_cache);
    model::thread([=] {
        for (u32 j = 0; j < n; j++) {
            u64* p = made();
            use(p, j);
            give(w, j, p);
        }
    });
    model::thread([=] {
        for (u32 j = 0; j < n; j++) {
            u64* p = get(w, j);
            model::check(*p == j, "what was written to an object is not seen where it is freed");
            unmade(p);
        }
        u64* mine = made();
        use(mine, 77);
        unmade(mine);
    });
    over(w);
}

// Three in a ring: each frees what the one before it made.
void ring(u32 with_cache, u32 times) {
    World* w = world(with_cache);
    for (u32 i = 0; i < 3; i++)
        model::thread([=] {
            for (u32 k = 0; k < times; k++) {
                u64* p = made();
                use(p, i * 8 + k);
                give(w, i * 3 + k, p);
                const u32 from = (i + 2) % 3 * 3 + k;
                u64* other = get(w, from);
                unmade(other);
            }
        });
    over(w);
}

// One thread, round after round: what there is does not grow. Large objects, and what is refused.
void rounds() {
    World* w = world(1);
    model::thread([=] {
        usize mapped = 0;
        for (int k = 0; k < 3; k++) {
            u64* p[9];
            for (u32 j = 0; j < 9; j++) use(p[j] = made(), j);
            mapped = mal_heap.mapped;
            model::check(mal_central[cls].spans <= 4 && mapped <= 6 * span_size, "memory grows");
            for (u32 j = 0; j < 9; j++) unmade(p[(j * 5 + static_cast<u32>(k)) % 9]);
        }
        mapped = mal_heap.mapped;
        mfree(nullptr, size);
        u64* large = static_cast<u64*>(mal_raw(9000));
        use(large, 5);
        model::check(class_of_span(span_of(large)) == class_count && mal_heap.mapped == mapped + 9 * span_size, "a large object is not one");
        mfree(large, 9000);
        model::check(mal_heap.mapped == mapped, "a large object's memory did not go");
        void* stays = mal_raw(9000);
        w->kernel.keeps = true;
        mfree(stays, 9000);
        w->kernel.keeps = false;
        model::check(mal_heap.cached >= 9 * span_size, "what the kernel refused is not kept");
        mapped = mal_heap.mapped;
        u64* pieces[15];
        for (u64*& p : pieces) use(p = static_cast<u64*>(mal_raw(size)), 3);
        model::check(mal_heap.mapped == mapped, "more is mapped although there are kept spans");
        for (u64* p : pieces) mfree(p, size);
        u64* zeroed = static_cast<u64*>(mal(size));
        model::check(!zeroed[0] && !zeroed[size / 8 - 1], "mal's memory is not zeroed");
        mfree(zeroed, size);
        model::check(!mal_try(~usize{0} - 100) && mal_refusal.load(relaxed) == lnx::ENOMEM, "more memory than there is");
        model::check(!mal_try(1 << 20) && mal_refusal.load(relaxed) == lnx::ENOMEM, "memory although there is none");
    });
    over(w);
}

// Two threads make until there is no more, and free it.
void exhaust() {
    World* w = world(1);
    w->kernel.left = 3 << 10;
    for (int i = 0; i < 2; i++)
        model::thread([=] {
            u64* p[8];
            u32 n = 0;
            for (; n < 8; n++) {
                p[n] = static_cast<u64*>(mal_try(size));
                if (!p[n]) break;
                use(p[n], n);
            }
            for (u32 j = 0; j < n; j++) mfree(p[j], size);
        });
    over(w);
}

void misuse() {
    model::allow_panic();
    World* w = world(1);
    const int who = model::thread([=] {
        void* small = mal_raw(size);
        mfree(small, 9000);
    });
    model::at_end([=] { model::check(model::did_panic(who) && w->kernel.mapped, "a small object was taken for a large one"); });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"1 thread, 9 objects, 3 times", rounds, 0},
    {"misuse", misuse, 0},
    {"2 threads until there is no more", exhaust, 2},
    {"2 threads with caches, 8 objects", [] { alone(2, 2, 8, 1); }, 2},
    {"2 threads with caches, 8 objects, 2 times", [] { alone(2, 2, 8, 2); }, 1},
    {"2 threads, a class each, 5 objects, 2 times", [] { classes(5, 2); }, 1},
    {"2 threads with caches, 1 object", [] { alone(2, 2, 1, 1); }, 4},
    {"2 threads without, 1 object", [] { alone(2, 0, 1, 1); }, 4},
    {"2 threads, one with a cache, 4 objects", [] { alone(2, 1, 4, 1); }, 2},
    {"1 makes 4, 1 frees them", [] { handed(2, 4); }, 2},
    {"1 makes 4, 1 without a cache frees them", [] { handed(1, 4); }, 2},
    {"3 threads, 3 times 1 object", [] { alone(3, 3, 1, 3); }, 2},
    {"3 in a ring, 3 times", [] { ring(3, 3); }, 1},
    {"3 in a ring without caches, 3 times", [] { ring(0, 3); }, 1},
};

}  // namespace trapeze
