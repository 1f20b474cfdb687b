// SPDX-License-Identifier: BSD-3-Clause
// Where goroutines live: slots of 64 KiB, cut from slabs of 4 MiB that are reserved at once and committed on touch.
//
//   slot:  [guard, 4 KiB][stack, growing down ......][closure][G]
//
// The G at the top shares the first page with the stack's first frames: a parked goroutine costs one page, and its share
// of the page table (32 slots a table page). A slot that was used once keeps its guard and its touched pages, and is
// reused: a fault costs as much as ten thousand instructions. Each P caches up to 64 dead Gs; what is over goes, half of
// it at a time, to one list for all under stack_lock, which also guards the slabs. Slots are never given back.
// Rejected: a mapping for each stack (two traps each, and the kernel's limit of 65,530 mappings ends it).
#include <new>

#include "sched/sched.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" void gostart();

namespace {

constexpr usize slot_size = 64 << 10;
constexpr usize slab_slots = 64;
constexpr u32 cache_limit = 64;

struct Slab {
    Slab* next;
    u8* base;
    Atomic<u32> used;
};

constinit Lock stack_lock{};
constinit Atomic<Slab*> slabs;
G* dead_gs;

constexpr usize g_offset = (slot_size - sizeof(Slab) - sizeof(G)) & ~usize{63};  // the first slot's top is the Slab

// A slot that was never used; stack_lock held.
[[gnu::cold]] G* carve() {
    Slab* s = slabs.load(relaxed);
    if (!s || s->used.load(relaxed) == slab_slots) {
        Result r = pages_map(slot_size * slab_slots);
        if (r.failed()) die_errno("no memory for another 64 goroutine stacks (4 MiB of address space)", r);
        u8* base = reinterpret_cast<u8*>(r.value());
        s = new (base + slot_size - sizeof(Slab)) Slab{};
        s->base = base;
        s->next = slabs.load(relaxed);
        slabs.store(s, release);  // with the loads of those who look through the slabs: the Slab is made
    }
    u8* slot = s->base + slot_size * s->used.load(relaxed);
    Result r = pages_guard(slot, page_size);
    if (r.failed()) die_errno("no guard page for a goroutine's stack", r);
    G* g = new (slot + g_offset) G{};
    g->stack_low = reinterpret_cast<uptr>(slot) + page_size;
    g->stack_high = reinterpret_cast<uptr>(g);
    s->used.store(s->used.load(relaxed) + 1, release);  // with the loads of those who look at Gs below `used`: the G is made
    return g;
}

void goroutine() {
    landed();
    G* g = getg();
    g->entry(g->closure);
    goexit();
}

}  // namespace

void prepare_context(G* g, void (*entry)()) {
    // See switch_amd64.asm: six registers (rbx: what to call) and the resume address; 16-aligned when they are popped.
    uptr top = g->closure ? reinterpret_cast<uptr>(g->closure) : g->stack_high;
    uptr* frame = reinterpret_cast<uptr*>(top & ~uptr{15}) - 8;
    for (int i = 0; i < 6; i++) frame[i + 1] = 0;
    frame[1 + 4] = reinterpret_cast<uptr>(entry);
    frame[1 + 6] = reinterpret_cast<uptr>(gostart);
    g->sp = reinterpret_cast<uptr>(frame + 1);
}

G* newg(usize closure_size, usize closure_align, void (*entry)(void*), const char* file, u32 line) {
    P* p = getm()->p;
    G* g = p->dead;
    if (g) {
        p->dead = g->schedlink;
        p->ndead--;
    } else {
        lock(&stack_lock);
        g = dead_gs;
        if (g) dead_gs = g->schedlink;
        else g = carve();
        unlock(&stack_lock);
    }
    g->entry = entry;
    g->closure = reinterpret_cast<void*>((g->stack_high - closure_size) & ~(closure_align - 1));
    g->selectdone.store(0, relaxed);
    g->id = sched.next_id.xadd(1, relaxed) + 1;
    g->creator = getg()->id;
    g->file = file;
    g->line = line;
    prepare_context(g, goroutine);
    return g;
}

void gfree(G* g) {
    P* p = getm()->p;
    g->schedlink = p->dead;
    p->dead = g;
    if (++p->ndead < cache_limit) return;
    lock(&stack_lock);
    for (u32 i = 0; i < cache_limit / 2; i++) {
        G* moved = p->dead;
        p->dead = moved->schedlink;
        moved->schedlink = dead_gs;
        dead_gs = moved;
    }
    unlock(&stack_lock);
    p->ndead -= cache_limit / 2;
}

void for_each_g(void (*visit)(G*, void*), void* arg) {
    for (Slab* s = slabs.load(acquire); s; s = s->next)  // with carve
        for (u32 i = 0; i < s->used.load(acquire); i++)  // with carve
            visit(reinterpret_cast<G*>(s->base + slot_size * i + g_offset), arg);
}

// While a switch is under way g and the stack pointer belong to different stacks (heritage 18): only the pointer tells. Reads
// what never changes once it is published, so any handler may ask.
G* g_of_stack(uptr sp) {
    M* m = getm();
    if (m && sp > m->g0.stack_low && sp <= m->g0.stack_high) return &m->g0;
    for (Slab* s = slabs.load(acquire); s; s = s->next) {  // with carve
        const uptr at = sp - reinterpret_cast<uptr>(s->base);
        // with carve
        if (at < slot_size * s->used.load(acquire)) return reinterpret_cast<G*>(s->base + at / slot_size * slot_size + g_offset);
    }
    G* first = main_goroutine();
    return sp > first->stack_low && sp <= first->stack_high ? first : nullptr;
}

G* g_of_guard(uptr address) {
    for (Slab* s = slabs.load(acquire); s; s = s->next) {  // with carve
        const uptr at = address - reinterpret_cast<uptr>(s->base);
        if (at >= slot_size * s->used.load(acquire)) continue;  // with carve
        if (at % slot_size >= page_size) return nullptr;
        return reinterpret_cast<G*>(s->base + at / slot_size * slot_size + g_offset);
    }
    return nullptr;
}

}  // namespace trapeze
