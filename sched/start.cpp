// SPDX-License-Identifier: BSD-3-Clause
// The scheduler's start: m0, its g0, goroutine 1 and the Ps. GOMAXPROCS and TRAPEZE_DEBUG are read here, once.
//
// Goroutine 1 is what rt0 goes on to be: constructors and main run on the kernel's own stack (8 MiB, grown by the kernel),
// only m0's g0 gets a stack of ours. No thread is started before there is work for it, and none at all while
// constructors run: their goroutines are queued (predawn).
#include <new>

#include "sched/sched.h"
#include "sync/mal.h"
#include "sys/args.h"
#include "sys/mem.h"
#include "sys/panic.h"

namespace trapeze {

namespace {

constexpr usize g0_stack_size = 32 << 10;

constinit M m0{};
constinit G main_g{};
u64 seed;

u32 procs_wanted() {
    const char* text = getenv("GOMAXPROCS");
    if (!text || !*text) {
        const i32 n = cpu_count();
        one_cpu = n == 1;
        return n < static_cast<i32>(max_procs) ? static_cast<u32>(n) : max_procs;
    }
    i64 n;
    if (!atoi(text, &n) || n < 1 || n > max_procs)
        die("GOMAXPROCS=", text, ": not a number from 1 to ", max_procs, "; unset it to use every CPU");
    return static_cast<u32>(n);
}

// TRAPEZE_DEBUG is a list, separated by commas. Known: seed=N (select's and the thieves' choices; with GOMAXPROCS=1 the
// same seed gives the same interleaving).
void read_debug() {
    const char* p = getenv("TRAPEZE_DEBUG");
    while (p && *p) {
        const char* end = p;
        while (*end && *end != ',') end++;
        const char* key = "seed=";
        const char* at = p;
        while (*key && *at == *key) at++, key++;
        char number[24] = {};
        i64 n;
        const usize length = static_cast<usize>(end - at);
        if (!*key && length < sizeof number) memcpy(number, at, length);
        if (*key || !atoi(number, &n))
            die("TRAPEZE_DEBUG: cannot make sense of \"", Str{p, static_cast<usize>(end - p)}, "\"; this runtime knows seed=N");
        seed = static_cast<u64>(n) * 2 + 1;
        p = *end ? end + 1 : end;
    }
}

void main_stack_of_m0() {
    const usize signal_size = signal_stack_size();
    const usize size = 2 * page_size + signal_size + g0_stack_size;
    Result r = pages_map(size);
    if (r.failed()) die_errno("no memory for the first thread's stacks", r);
    u8* base = reinterpret_cast<u8*>(r.value());
    r = pages_guard(base, page_size);
    if (r.ok()) r = pages_guard(base + page_size + signal_size, page_size);
    if (r.failed()) die_errno("no guard page for the first thread's stacks", r);
    r = signal_stack(base + page_size, signal_size);
    if (r.failed()) die_errno("sigaltstack", r);
    m0.g0.stack_high = reinterpret_cast<uptr>(base + size);
    m0.g0.stack_low = m0.g0.stack_high - g0_stack_size;
}

}  // namespace

M* newm(u32 id) {
    M* m = new (mal_raw(sizeof(M))) M{};
    m->id = id;
    m->random = seed ? seed + id : static_cast<u64>(nanotime()) * 2 + 1 + id;
    return m;
}

extern "C" [[gnu::cold]] void schedinit() {
    describe_hook = describe;
    read_debug();
    sched.nprocs = procs_wanted();
    sched.keeper_until.store(never, relaxed);
    next_timer.store(never, relaxed);
    sched.next_id.store(1, relaxed);
    sched.mcount = 1;
    sched.allp = static_cast<P*>(mal_raw(sched.nprocs * sizeof(P)));
    for (u32 i = sched.nprocs; i-- > 0;) {
        P* p = new (&sched.allp[i]) P{};
        p->id = i;
        if (i) {
            p->link = sched.idle_ps;
            sched.idle_ps = p;
        }
    }
    sched.nidle_ps.store(sched.nprocs - 1, relaxed);

    m0.random = seed ? seed : static_cast<u64>(__builtin_ia32_rdtsc()) * 2 + 1;
    m0.p = &sched.allp[0];
    m0.p->m = &m0;
    mal_attach(&m0.p->mal);
    m0.curg = &main_g;
    main_g.id = 1;
    main_g.m = &m0;
    // The kernel's stack ends where the arguments begin; below it either kernel keeps at least 64 MiB free of mappings
    // (Linux mm/util.c mmap_base: 128; XNU MAXSSIZ: 64).
    main_g.stack_high = reinterpret_cast<uptr>(argv());
    main_g.stack_low = main_g.stack_high - (64 << 20);
    main_g.status.store(Grunning, relaxed);
    m0.procid = thread_self();
    tls()->m = &m0;
    tls()->g = &main_g;

    main_stack_of_m0();
    prepare_context(&m0.g0, schedule);
    crashinit();
    start_ms(true);
}

extern "C" void schedstart() { start_ms(false); }

G* main_goroutine() { return &main_g; }

}  // namespace trapeze
