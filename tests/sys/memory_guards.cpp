// SPDX-License-Identifier: BSD-3-Clause
// Guard pages, as runtimes make them: mprotect(PROT_NONE) of a stack's lowest page; many of them; and whatever else may happen
// to such a page. `memory_guards N` makes N guarded stacks (1,000,000 under xnurun and on a Mac; Linux itself stops at some
// 32,000, by vm.max_map_count).
#include "child.h"
#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/memory.h"

using namespace trapeze;

static volatile i32 seen_signal;
static u8* volatile seen_address;
static u8* volatile opened;  // what the handler makes accessible, so that the access goes on

static void on_fault(i32 signal, SignalInfo* info, SignalContext*) {
    seen_signal = signal;
    seen_address = reinterpret_cast<u8*>(info->address());
    (void)mprotect(opened, page_size, PROT_READ | PROT_WRITE);
}

static u8* stacks(usize pages) {
    return reinterpret_cast<u8*>(mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON).value());
}
static Result guard(u8* at, usize pages = 1) { return mprotect(at, pages * page_size, PROT_NONE); }

// The signal that an access ends a child with; 0 for none.
static i32 fate(u8* at) {
    WaitStatus s = in_child([=] {
        (void)signal_default(kernel::SIGSEGV);
        (void)signal_default(kernel::SIGBUS);
        (void)*const_cast<volatile u8*>(at);
        return 0;
    });
    return s.signalled() ? s.signal() : 0;
}

static bool fault_at(u8* where) {
    volatile u8* const at = where;
    seen_signal = 0;
    opened = where - reinterpret_cast<usize>(where) % page_size;
    *at = 5;
    return seen_signal && seen_address == where && *at == 5;
}

static void one() {
    u8 *untouched = stacks(3), *touched = stacks(3);
    memset(touched, 9, 3 * page_size);
    ok(guard(untouched), "a guard that was never touched");
    ok(guard(touched), "and one that was");
    const i32 usual = fate(touched + 8);
    ok(usual != 0 && fate(untouched + 8) == usual, "an access is the same signal for either");
    ok(fate(untouched + page_size) == 0, "the page above is free");
    i32 pipe_[2];
    ok(pipe(pipe_).ok() && write(pipe_[1], "abcdefgh", 8).ok(), "bytes in a pipe");
    fails(read(pipe_[0], untouched, 8), kernel::EFAULT, "read into a guard is EFAULT");
    fails(write(pipe_[1], untouched, 8), kernel::EFAULT, "write from it too");

    (void)signal_handle(kernel::SIGSEGV, on_fault);
    (void)signal_handle(kernel::SIGBUS, on_fault);
    ok(fault_at(touched + 24) && seen_signal == usual, "the handler is told the address");
    ok(fault_at(untouched + 24) && seen_signal == usual, "of an untouched guard as well, and can open it");
    ok(touched[0] == 9 && untouched[0] == 0, "contents are as they were");
    ok(guard(untouched).ok() && mprotect(untouched, 3 * page_size, PROT_READ | PROT_WRITE).ok() && untouched[24] == 5,
       "a page that has contents by now keeps them behind a guard");

    u8* p = stacks(8);
    ok(guard(p).ok() && guard(p).ok() && guard(p, 3).ok() && fault_at(p + 2 * page_size), "guards over guards");
    ok(guard(p, 3).ok() && mprotect(p + page_size, page_size, PROT_READ).ok() && p[page_size] == 0, "one in the middle is opened");
    ok(fault_at(p) && fault_at(p + 2 * page_size), "its neighbours are closed still");
    ok(guard(p + 4, 1).err() == kernel::EINVAL, "an odd address is EINVAL");
    ok(guard(p + 4 * page_size, 4), "four");
    ok(in_child([=] { return mprotect(p + 4 * page_size, 4 * page_size, PROT_READ).ok() && p[5 * page_size] == 0 ? 0 : 1; }).raw == 0,
       "a child can open its own");
    ok(fate(p + 5 * page_size) == usual, "the parent's are closed, for other children too");
    ok(munmap(p + 4 * page_size, 4 * page_size), "unmapped");
    Result again = mmap(p + 4 * page_size, 4 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED);
    ok(again.ok() && (p[5 * page_size] = 1), "and mapped again: no guard is left");
    ok(guard(p + 6 * page_size, 2).ok() &&
           mmap(p + 6 * page_size, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED).ok() && (p[7 * page_size] = 1),
       "MAP_FIXED over guards: none is left");
    ok(munmap(p + 7 * page_size, page_size), "a hole");
    fails(guard(p + 6 * page_size, 2), kernel::ENOMEM, "a guard over it is ENOMEM");
    (void)munmap(p, 7 * page_size);
}

static void many(usize n) {
    constexpr usize pages = 2;
    u8 *first = nullptr, *last = nullptr;
    usize made = 0;
    for (; made < n; made++) {
        Result r = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);
        if (!r.ok()) break;
        last = reinterpret_cast<u8*>(r.value());
        if (!first) first = last;
        if (!guard(last).ok()) break;
    }
    ok(made == n, "guarded stacks by the thousand");
    print("# ", made, " stacks of ", n, "\n");
    ok(fault_at(first + 1) && fault_at(last + 1), "the first one's guard and the last one's");
    last[page_size] = first[page_size] = 1;
}

int main(int argc, char** argv) {
    print("TAP version 13\n");
    usize n = 0;
    for (const char* p = argc > 1 ? argv[1] : "20000"; *p; p++) n = n * 10 + static_cast<usize>(*p - '0');
    one();
    many(n);
    return done();
}
