// SPDX-License-Identifier: BSD-3-Clause
// A program and its own code: what it may do with it through the kernel, and that its traps go on meaning the same; page zero, into
// which nothing is ever mapped (xnu-3248 bsd/kern/mach_loader.c load_segment, osfmk/vm/vm_map.c). An emulator that rewrites the code
// of hot traps has to show itself here.
#include "tests/sys/mach_tap.h"

#include "sys/args.h"
#include "sys/darwin/vm.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/thread.h"
#include "tests/sys/child.h"

using namespace trapeze;
using namespace trapeze::xnu;

// Places of their own, 64 bytes each, in a page of their own: getpid.
asm(".text\n"
    ".p2align 12\n"
    "_own_code_traps:\n"
    ".rept 16\n"
    ".byte 0xb8, 0x14, 0, 0, 2, 0x0f, 5, 0xc3\n"  // mov eax, 0x2000014 ; syscall ; ret
    ".p2align 6\n"
    ".endr\n"
    ".p2align 12\n");
extern "C" u8 own_code_traps[16][64];

namespace {

mach_port_t task() { return mach_task_self(); }  // a child has another
using Trap = i32 (*)();
Trap at(const volatile u8* code) { return reinterpret_cast<Trap>(reinterpret_cast<u64>(code)); }
u8* place(u32 n) { return own_code_traps[n]; }
u64 word(const volatile void* p) { return reinterpret_cast<u64>(p); }
u64 page_of(const volatile u8* p) { return word(p) & ~(page_size - 1); }
constexpr u8 original[5] = {0xb8, 0x14, 0, 0, 2};

// Often enough to be hot.
bool right(const volatile u8* code, i32 expected = getpid(), i32 times = 40) {
    bool all = true;
    for (i32 n = 0; n < times; n++) all = at(code)() == expected && all;
    return all;
}

u64 image;  // where it begins

void page_zero() {
    u64 where = 0, size = 0;
    vm_region_basic_info_64 info{};
    succeeds(mach_vm_region(task(), &where, &size, &info), "the first region");
    image = where;
    ok(where <= word(place(0)) && word(place(15)) < where + size && info.protection == (VM_PROT_READ | VM_PROT_EXECUTE), "is the program's code, all of it");
    void* below = reinterpret_cast<void*>(image - 16 * page_size);
    u8 states[16];
    memset(states, 7, sizeof states);
    ok(mincore(below, 16 * page_size, states), "mincore of the pages below");
    bool none = true;
    for (const u8 s : states) none = none && s == 0;
    ok(none, "none of which is in memory");
    fails(msync(below, 16 * page_size, MS_SYNC), ENOMEM, "msync: ENOMEM");
    fails(mprotect(below, 16 * page_size, PROT_READ), ENOMEM, "mprotect: ENOMEM");
    fails(mlock(below, 16 * page_size), ENOMEM, "mlock: ENOMEM");
    fails(madvise(below, 16 * page_size, MADV_WILLNEED), EINVAL, "madvise: EINVAL");
    for (u64 n = 1; n <= 16; n *= 2) {
        u64 fixed = image - n * page_size;
        void* p = reinterpret_cast<void*>(fixed);
        fails(mmap(p, page_size, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED), ENOMEM, "mmap there: ENOMEM");
        is(mach_vm_allocate(task(), &fixed, page_size, VM_FLAGS_FIXED), KERN_INVALID_ADDRESS, "mach_vm_allocate: INVALID_ADDRESS");
        is(mach_vm_allocate(task(), &fixed, page_size, VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE), KERN_INVALID_ADDRESS, "with OVERWRITE too");
        const Result hint = mmap(p, page_size, PROT_READ, MAP_PRIVATE | MAP_ANON);
        ok(hint.ok() && static_cast<u64>(hint.value()) > image, "a hint there is answered by another place");
        if (hint.ok()) (void)munmap(reinterpret_cast<void*>(hint.value()), page_size);
        u64 data = 0;
        u32 bytes = 0;
        ok(mach_vm_read(task(), image - n * page_size + 8, 16, &data, &bytes) == KERN_INVALID_ADDRESS, "mach_vm_read: INVALID_ADDRESS");
    }
    ok(munmap(reinterpret_cast<void*>(0x10000), image - 0x10000), "munmap of all below is no error");
    succeeds(mach_vm_deallocate(task(), 0, image), "nor mach_vm_deallocate");
    succeeds(mach_vm_inherit(task(), 0, image, VM_INHERIT_NONE), "nor mach_vm_inherit");
    ok(right(place(0)), "and the traps are what they were");
    held(in_child([] { return right(place(0)) && right(place(1)) ? 0 : 1; }), "in a child too");
}

void copies() {
    const u64 offset = word(place(0)) - image;
    const Result file = open(argv()[0], O_RDONLY);
    const Result mapped = mmap(nullptr, offset + page_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, static_cast<i32>(file.value()));
    ok(mapped, "the program's file is mapped once more");
    const u8* copy = reinterpret_cast<const u8*>(mapped.value()) + offset;
    ok(memcmp(copy, original, sizeof original) == 0, "the code is as in the file");
    ok(right(copy), "and runs there");
    (void)close(static_cast<i32>(file.value()));

    held(in_child([] {
             (void)right(place(0));
             u64 data = 0;
             u32 bytes = 0;
             if (mach_vm_read(task(), word(place(0)), 64, &data, &bytes)) return 1;
             if (memcmp(reinterpret_cast<const void*>(data), original, 5) != 0) return 2;
             if (mprotect(reinterpret_cast<void*>(data & ~(page_size - 1)), page_size, PROT_READ | PROT_EXEC).failed()) return 3;
             return right(reinterpret_cast<const u8*>(data)) && right(place(0)) ? 0 : 4;
         }),
         "a copy by mach_vm_read is the code that was loaded, and runs");
    held(in_child([] {
             (void)right(place(0));
             u64 size = page_size, where = 0;
             mach_port_t entry = 0;
             if (mach_make_memory_entry(task(), &size, page_of(place(0)), VM_PROT_READ | VM_PROT_EXECUTE, &entry)) return 1;
             if (mach_vm_map(task(), &where, page_size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, VM_PROT_READ | VM_PROT_EXECUTE, VM_PROT_READ | VM_PROT_EXECUTE, VM_INHERIT_COPY)) return 2;
             const u8* other = reinterpret_cast<const u8*>(where + (word(place(0)) - page_of(place(0))));
             if (memcmp(other, original, 5) != 0) return 3;
             return right(other) && right(place(0)) ? 0 : 4;
         }),
         "the same pages at a second address, by a memory entry");
}

volatile u64 trapped_at;
volatile u8* broken;

void changes() {
    held(in_child([] {
             (void)right(place(0));
             volatile u8* code = place(0);
             if (mprotect(reinterpret_cast<void*>(page_of(code)), page_size, PROT_READ | PROT_WRITE | PROT_EXEC).failed()) return 1;
             if (memcmp(place(0), original, 5) != 0) return 2;
             if (!right(code)) return 3;
             code[1] = 39;  // getppid
             if (!right(code, getppid())) return 4;
             code[1] = 20;
             if (!right(code)) return 5;
             if (mprotect(reinterpret_cast<void*>(page_of(code)), page_size, PROT_READ | PROT_EXEC).failed()) return 6;
             return right(code) && right(place(2)) ? 0 : 7;
         }),
         "code that is made writable is as it was loaded, and what is written there is executed");
    held(in_child([] {
             (void)right(place(0));
             broken = place(0);
             if (signal_handle(SIGTRAP, [](i32, SignalInfo*, SignalContext* c) {
                     trapped_at = c->rip();
                     broken[0] = original[0];
                     c->rip() = word(broken);
                 }).failed()) return 1;
             if (mprotect(reinterpret_cast<void*>(page_of(broken)), page_size, PROT_READ | PROT_WRITE | PROT_EXEC).failed()) return 2;
             broken[0] = 0xcc;
             if (!right(broken)) return 3;
             return trapped_at == word(broken) + 1 ? 0 : 4;
         }),
         "a breakpoint of the program's own in it is the program's");
    held(in_child([] {
             (void)right(place(0));
             const u64 page = page_of(place(0));
             u8 saved[64];
             u64 bytes = 0;
             if (mach_vm_read_overwrite(task(), page, sizeof saved, saved, &bytes)) return 1;
             if (mmap(reinterpret_cast<void*>(page), page_size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANON | MAP_FIXED).failed()) return 2;
             u8* code = reinterpret_cast<u8*>(page);
             if (code[0] != 0) return 3;
             memcpy(code, saved, sizeof saved);
             code[64] = 0xc3;
             return right(code) && right(code) ? 0 : 4;
         }),
         "code that is mapped over is what is put there");
    ok(right(place(0)), "all that was the children's own doing");
}

u32 running, stop_now, wrong;

void hammers(void* given) {
    const i32 mine = getpid();
    __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
    const u32 n = static_cast<u32>(word(given));
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) < 3) thread_yield();
    for (i32 times = 0; times < 200 || !__atomic_load_n(&stop_now, __ATOMIC_RELAXED); times++)
        if (at(place(n))() != mine) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

i32 round(u32 n, bool changing) {
    Thread* threads[3];
    Result error{0};
    running = stop_now = wrong = 0;
    for (Thread*& t : threads) t = thread_create(hammers, reinterpret_cast<void*>(u64{n}), &error);
    for (Thread* t : threads)
        if (!t) return 1;
    if (changing) {
        while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) < 3) thread_yield();
        for (i32 times = 0; times < 20; times++) thread_yield();
        if (mprotect(reinterpret_cast<void*>(page_of(place(n))), page_size, PROT_READ | PROT_EXEC).failed()) return 2;
    }
    __atomic_store_n(&stop_now, 1, __ATOMIC_RELAXED);
    for (Thread* t : threads) thread_join(t);
    return wrong ? 3 : 0;
}

void together() {
    bool all = true;
    for (u32 n = 3; n < 8; n++) all = round(n, false) == 0 && all;
    ok(all, "three threads come to five places at once, while these get hot");
    for (u32 n = 10; n < 13; n++) held(in_child([n] { return round(n, true); }), "and while the code is protected anew");
    // Forks while others make places hot: each child finds them whole.
    Thread* threads[3];
    Result error{0};
    running = stop_now = wrong = 0;
    for (Thread*& t : threads) t = thread_create(hammers, reinterpret_cast<void*>(u64{13}), &error);
    bool whole = true;
    for (i32 n = 0; n < 5; n++) whole = in_child([] { return right(place(13)) && right(place(14)) ? 0 : 1; }).code() == 0 && whole;
    __atomic_store_n(&stop_now, 1, __ATOMIC_RELAXED);
    for (Thread* t : threads)
        if (t) thread_join(t);
    ok(whole && !wrong, "five children of a program that makes places hot meanwhile");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    for (u32 n = 0; n < 3; n++) ok(right(place(n)), "forty traps at a place");
    page_zero();
    copies();
    changes();
    together();
    return done();
}
