// SPDX-License-Identifier: BSD-3-Clause
// Where memory lies and what becomes of it: large reservations and what is put into them, flags of mmap that came late, the stack's
// edge, the empty shared region, purgable memory by trap, a range's pages; a thread's reply port and a task that suspends itself
// (bsd/kern/kern_mman.c, kern_resource.c, bsd/vm/vm_unix.c, osfmk/vm/vm_user.c, osfmk/kern/task.c).
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"
#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/syscall.h"
#include "sys/darwin/task.h"
#include "sys/darwin/vm.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/thread.h"
#include "sys/time.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();
const char* self;
constexpr i32 anonymous = MAP_ANON | MAP_PRIVATE;
volatile u8& byte(u64 at) { return *reinterpret_cast<volatile u8*>(at); }
void* pointer(u64 at) { return reinterpret_cast<void*>(at); }

void reservations() {
    for (const u64 gib : {136, 264, 528}) {
        const u64 size = gib << 30, hint = 0xc000000000;
        Result r = mmap(pointer(hint), size, PROT_NONE, anonymous);
        ok(r.ok() && static_cast<u64>(r.value()) == hint, "a reservation lies at its hint");
        const u64 deep = hint + size - (64 << 10);
        Result fixed = mmap(pointer(deep), 64 << 10, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED);
        ok(fixed.ok() && static_cast<u64>(fixed.value()) == deep, "memory goes into it with MAP_FIXED");
        byte(deep + 4096) = 7;
        Result beside = mmap(pointer(hint + (1 << 20)), 64 << 10, PROT_READ | PROT_WRITE, anonymous);
        const u64 at = static_cast<u64>(beside.value());
        ok(beside.ok() && (at < hint || at >= hint + size), "and without it beside it");
        byte(at) = 1;
        ok(mprotect(pointer(hint), 4096, PROT_READ | PROT_WRITE), "mprotect opens a page of it");
        byte(hint) = 3;
        ok(byte(hint) == 3 && byte(deep + 4096) == 7, "all of which are memory");
        (void)munmap(pointer(at), 64 << 10);
        ok(munmap(pointer(hint), size), "and it is gone");
    }
}

void mmap_flags() {
    constexpr i32 jit = 0x800, codesign = 0x2000, media = 0x4000;
    if (darwin_major >= 15) {
        Result r = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, anonymous | jit);
        ok(r.ok(), "MAP_JIT");
        fails(mmap(pointer(static_cast<u64>(r.value())), 4096, PROT_READ, anonymous | jit | MAP_FIXED), kernel::EINVAL, "at a place: EINVAL");
        (void)munmap(pointer(static_cast<u64>(r.value())), 4096);
    }
    fails(mmap(nullptr, 4096, PROT_READ, MAP_ANON | MAP_SHARED | jit), kernel::EINVAL, "MAP_JIT shared: EINVAL");
    fails(mmap(nullptr, 4096, PROT_READ, anonymous | codesign), kernel::EINVAL, "MAP_RESILIENT_CODESIGN without a file: EINVAL");
    Result fd = open(self, O_RDONLY);
    const i32 file = static_cast<i32>(fd.value());
    ok(fd.ok(), "a file");
    fails(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | media, file), kernel::EPERM, "MAP_RESILIENT_MEDIA to be written: EPERM");
    fails(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | jit, file), kernel::EINVAL, "MAP_JIT of a file: EINVAL");
    Result r = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | codesign, file);
    ok(r.ok() && byte(static_cast<u64>(r.value())) == 0xcf, "MAP_RESILIENT_CODESIGN to be read");
    fails(mprotect(pointer(static_cast<u64>(r.value())), 4096, PROT_READ | PROT_WRITE), kernel::EACCES, "and never more: EACCES");
    (void)munmap(pointer(static_cast<u64>(r.value())), 4096);
    (void)close(file);
}

// Bytes of the stack that are accessible: from the edge to its top.
u64 stack_size() {
    u8 here = 0;
    u64 at = reinterpret_cast<u64>(&here), size = 0;
    vm_region_basic_info_64 info{};
    if (mach_vm_region(mach_task_self(), &at, &size, &info) || !(info.protection & VM_PROT_WRITE)) return 0;
    return size;
}

// No limit at all, which a host may have, is more than XNU takes.
u64 stack_hard(const Limits& l) { return l.hard < 64 << 20 ? l.hard : 64 << 20; }

i32 executed() {
    Limits l{};
    if (getlimit(Limit::stack, &l).failed() || l.soft != 2 << 20) return 1;
    return stack_size() == 2 << 20 ? 0 : 2;
}

void stack_edge() {
    held(in_child([]() -> i32 {
        Limits l{};
        if (getlimit(Limit::stack, &l).failed()) return 1;
        if (l.hard < 4 << 20) return 0;  // not here
        const u64 hard = stack_hard(l);
        if (setlimit(Limit::stack, {1 << 20, hard}).failed()) return 2;
        if (stack_size() != 1 << 20) return 3;
        if (setlimit(Limit::stack, {4 << 20, hard}).failed()) return 4;
        if (stack_size() != 4 << 20) return 5;
        u8 here = 0;
        byte(reinterpret_cast<u64>(&here) - (3 << 20)) = 1;
        if (setlimit(Limit::stack, {2 << 20, hard}).failed()) return 6;
        const char* argv[] = {self, "stack", nullptr};
        (void)exec(self, argv, envp());
        return 7;
    }), "a limit moves the stack's edge, and exec hands it on");
    ok(in_child([] {
           (void)setlimit(Limit::core, {0, 0});
           Limits l{};
           (void)getlimit(Limit::stack, &l);
           (void)setlimit(Limit::stack, {1 << 20, stack_hard(l)});
           u8 here = 0;
           byte(reinterpret_cast<u64>(&here) - (2 << 20)) = 1;
           return 0;
       }).signalled(), "beyond it is a signal");
}

void shared_region() {
    u64 at = 0;
    fails(syscall(SYS_shared_region_check_np, &at), kernel::ENOMEM, "the shared region is empty: ENOMEM");
    u8 mappings[8 * 32] = {};
    const auto map = [](i32 fd, u32 count, const void* from) { return syscall(438, fd, count, from, 0, 0, 0); };
    if (darwin_major < 11 || darwin_major >= 21) return skip("other calls put something into it there", "shared_region_map_and_slide_np");
    ok(map(-1, 0, nullptr), "nothing to put there is no error");
    fails(map(-1, 1, mappings), kernel::EBADF, "of no file: EBADF");
    fails(map(-1, 1, pointer(8)), kernel::EFAULT, "a bad place: EFAULT");
    i32 both[2] = {};
    (void)pipe(both);
    fails(map(both[0], 1, mappings), kernel::EINVAL, "of a pipe: EINVAL");
    for (const i32 fd : both) (void)close(fd);
}

void purgable_trap() {
    u64 at = 0;
    i32 state = 1;
    succeeds(mach_vm_allocate(task, &at, 4096, VM_FLAGS_ANYWHERE | VM_FLAGS_PURGABLE), "purgable memory");
    const auto control = [](mach_port_t whose, u64 where, i32 what, const void* s) {
        return static_cast<kern_return_t>(mach_trap(11, whose, where, what, s));
    };
    if (darwin_major < 16) return skip("the trap came with Darwin 16", "purgable_control");
    succeeds(control(task, at, 0, &state), "volatile, by trap");
    ok(state == 0, "the old state comes back");
    succeeds(control(task, at, 1, &state), "asked for");
    ok(state == 1, "is volatile");
    is(control(task, at, 77, &state), KERN_INVALID_ARGUMENT, "a control that is none: INVALID_ARGUMENT");
    is(control(task, at, 1, pointer(8)), static_cast<kern_return_t>(MACH_SEND_INVALID_DEST), "a bad place: SEND_INVALID_DEST");
    is(control(mach_host_self(), at, 1, &state), static_cast<kern_return_t>(MACH_SEND_INVALID_DEST), "of no task: SEND_INVALID_DEST");
    (void)mach_vm_deallocate(task, at, 4096);
}

void range() {
    if (darwin_major < 17) return skip("mach_vm_page_range_query came with Darwin 17", "mach_vm_page_range_query");
    struct In {
        u64 address, size;
        const void* to;
        u64 room;
    };
    u64 at = 0, n = 0;
    i32 pages[4] = {-1, -1, -1, -1};
    (void)mach_vm_allocate(task, &at, 4 * 4096, VM_FLAGS_ANYWHERE);
    (void)mach_vm_deallocate(task, at + 3 * 4096, 4096);
    byte(at + 4096) = 1;
    constexpr i32 present = 1;
    succeeds(rpc(task, MIG_mach_vm_page_range_query, In{at, 4 * 4096, pages, 4}, &n), "mach_vm_page_range_query");
    ok(n == 4 && !(pages[0] & present) && pages[1] & present && !(pages[2] & present) && pages[3] == 0, "the page that was touched, and a hole");
    succeeds(rpc(task, MIG_mach_vm_page_range_query, In{at, 4 * 4096, pages, 2}, &n), "with room for two");
    ok(n == 2, "two are told");
    is(rpc(task, MIG_mach_vm_page_range_query, In{at, 4096, pointer(8), 1}, &n), EFAULT, "a bad place: what copyout says, EFAULT");
    succeeds(rpc(task, MIG_mach_vm_page_range_query, In{at, 0, pages, 1}, &n), "no bytes");
    succeeds(rpc(task, MIG_mach_vm_page_range_query, In{at, 4096, pages, 0}, &n), "no room");
    ok(n == 0, "is no error");
    is(rpc(task, MIG_mach_vm_page_range_query, In{at, 4096, pages, 1ull << 62}, &n), KERN_INVALID_ARGUMENT, "room that wraps: INVALID_ARGUMENT");
    (void)mach_vm_deallocate(task, at, 3 * 4096);
}

// A voucher of none, to a thread that runs: from Darwin 17 on. Later ones know of no exchange.
void vouchers() {
    const auto set = [](i32 id) { return rpc(thread_self(), id, port_part(0, MACH_MSG_TYPE_COPY_SEND), Nothing{}, none); };
    if (darwin_major >= 14) is(set(MIG_thread_set_mach_voucher), darwin_major >= 17 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT, "thread_set_mach_voucher");
}

void ends() {
    static mach_port_t reply, again;
    Result failed;
    if (darwin_major >= 17) {
        Thread* t = thread_create([](void*) {
            reply = static_cast<mach_port_t>(mach_trap(TRAP_thread_get_special_reply_port));
            again = static_cast<mach_port_t>(mach_trap(TRAP_thread_get_special_reply_port));
            ok(references(reply, MACH_PORT_RIGHT_RECEIVE) == 1 && references(again, MACH_PORT_RIGHT_RECEIVE) == 1, "a thread's special reply port, twice");
        }, nullptr, &failed);
        thread_join(t);
        ok(reply && again && reply != again, "is another one each time");
        ok(references(reply, MACH_PORT_RIGHT_SEND) == (darwin_major >= 19 ? 1 : 0), "with a send right in later releases");
        for (const mach_port_t name : {reply, again})
            ok(references(name, MACH_PORT_RIGHT_RECEIVE) == 1, "the task's, whatever becomes of the thread");
    }
    i32 both[2] = {};
    (void)pipe(both);
    Result child = fork();
    if (child.ok() && child.value() == 0) {
        (void)write(both[1], "x", 1);
        const kern_return_t r = rpc(mach_task_self(), MIG_task_suspend, Nothing{}, none);
        exit_process(r == KERN_SUCCESS ? 7 : 8);
    }
    const i32 pid = static_cast<i32>(child.value());
    char c;
    (void)read(both[0], &c, 1);
    sleep_thread(100000000);
    WaitStatus s{-1};
    ok(wait(pid, &s, WNOHANG).value() == 0, "task_suspend of oneself suspends");
    for (s = WaitStatus{-1};;) {  // until it has: it may be on its way still
        (void)kill(pid, kernel::SIGCONT);
        Result r = wait(pid, &s, WNOHANG);
        if (r.failed() || r.value() == pid) break;
        sleep_thread(1000000);
    }
    ok(s.exited() && s.code() == 7, "until another process has it go on");
    for (const i32 fd : both) (void)close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2) return executed();
    self = argv[0];
    print("TAP version 13\n");
    reservations();
    mmap_flags();
    stack_edge();
    shared_region();
    purgable_trap();
    range();
    vouchers();
    ends();
    return done();
}
