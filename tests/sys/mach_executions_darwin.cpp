// SPDX-License-Identifier: BSD-3-Clause
// What an execution leaves of the task's registered, special and exception ports, and what a thread's end does for who joins it.
// Facts: xnu-3248.60.10 osfmk/kern/task.c task_complete_halt, ipc_tt.c ipc_task_init; xnu-11417.121.6 bsd/pthread/pthread_shims.c
// bsdthread_terminate; libpthread-138 and libpthread-330 kern/kern_support.c.
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/darwin/identity.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/semaphore.h"
#include "sys/darwin/task.h"
#include "sys/darwin/ulock.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/syscall.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

constexpr u32 bad_access = 1u << 1, arithmetic = 1u << 3;
constexpr i32 host_slot = 2, bootstrap = 4, seatbelt = 7, debug_control = 17;
const char* self;

mach_port_t special(i32 which) {
    mach_port_t port = 1;
    return task_get_special_port(mach_task_self(), which, &port) ? 1 : port;
}

// Of the exceptions of `mask`, which are all alike: port, behavior and flavor.
struct Action {
    u32 port, behavior, flavor;
};
Action action(u32 mask) {
    static struct {
        mach_msg_header_t header;
        NDR_record_t ndr;
        u32 mask;
        u8 room[1200];
    } m;
    const mach_port_t reply = new_port();
    m.header = {mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), 36, mach_task_self(), reply, 0, MIG_task_get_exception_ports};
    m.ndr = ndr_record;
    m.mask = mask;
    if (mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, 36, sizeof m, reply, 0)) return {1, 1, 1};
    const u8* p = reinterpret_cast<const u8*>(&m) + 24;
    u32 count;
    Action a{};
    memcpy(&a.port, p + 4, 4);
    memcpy(&count, p + 4 + 384 + 8, 4);
    if (count != 1) return {1, 1, count};
    memcpy(&a.behavior, p + 4 + 384 + 12 + 4, 4);
    memcpy(&a.flavor, p + 4 + 384 + 12 + 8, 4);
    return a;
}

Result exec_self(const char* what) {
    const char* argv[] = {self, what, nullptr};
    return exec(self, argv, envp());
}
i32 spawn_self(const char* what) {
    const char* argv[] = {self, what, nullptr};
    i32 pid = 0;
    WaitStatus status{-1};
    if (syscall(244, &pid, self, 0, argv, envp()).failed() || wait(pid, &status).failed()) return 98;
    return status.exited() ? status.code() : 97;
}

void set_all(mach_port_t port) {
    struct Wanted {
        u32 mask, behavior;
        i32 flavor;
    };
    (void)task_set_special_port(mach_task_self(), bootstrap, port);
    (void)task_set_special_port(mach_task_self(), debug_control, port);
    (void)rpc(mach_task_self(), MIG_task_set_exception_ports, port_part(port, MACH_MSG_TYPE_COPY_SEND), Wanted{bad_access | arithmetic, 0x80000002, 4}, none);
}

// The new image. 0, or what is not as it should be.
i32 new_image(const char* what) {
    const bool nothing = str_eq(what, "nothing"), spawned = str_eq(what, "spawned");
    const u32 dead = nothing ? 0 : MACH_PORT_DEAD;
    const bool same_task = darwin_major < 16 && !spawned;
    if (special(bootstrap) != dead) return 1;
    if (special(seatbelt) != 0) return 2;
    if (special(debug_control) != (same_task ? dead : 0)) return 3;
    const Action a = action(bad_access | arithmetic), b = action(1u << 2);
    if (a.port != dead || a.behavior != (nothing ? 0 : 0x80000002) || a.flavor != (nothing ? 0 : 4u)) return 4;
    if (b.port || b.behavior || b.flavor) return 5;
    if (str_eq(what, "again")) return exec_self("ports").err();
    // A host port that was given is the host again, and serves; else it is the task's own.
    const mach_port_t host = special(host_slot);
    u64 size = 0;
    return host == 0 || host == MACH_PORT_DEAD || rpc(host, MIG_host_page_size, Nothing{}, &size) || size != 4096 ? 6 : 0;
}

void executions() {
    held(in_child([] { return exec_self("nothing").err(); }), "nothing set, nothing there");
    held(in_child([] {
             set_all(new_port());
             return exec_self("ports").err();
         }), "the bootstrap and exception ports, behavior and flavor: of what has died with the space");
    held(in_child([] {
             set_all(new_port());
             return exec_self("again").err();
         }), "twice");
    held(in_child([] {
             set_all(new_port());
             return spawn_self("spawned");
         }), "posix_spawn: as a child of fork has them");
    held(in_child([] {
             mach_port_t host = special(host_slot);
             if (const i32 r = task_set_special_port(mach_task_self(), host_slot, host)) return r;
             return exec_self("nothing").err();
         }), "a host port that was set is the host");
}

// Threads that end by the trap itself: their library's part is left out.
struct End {
    u64 stack, size;
    u32 gate;           // of UL_UNFAIR_LOCK: its owner's port
    u64 last;           // fourth argument
    u32 before;
    i32 error;
};
void ends(void* argument) {
    End& e = *static_cast<End*>(argument);
    const mach_port_t port = thread_self();
    (void)mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1);
    __atomic_store_n(&e.gate, port, __ATOMIC_RELEASE);
    if (e.size) {
        e.error = syscall(361, e.stack, e.size, port, e.last).err();
        __atomic_store_n(&e.before, 1, __ATOMIC_RELEASE);
        e.size = 0;
    }
    while (!__atomic_load_n(&e.before, __ATOMIC_ACQUIRE)) thread_yield();
    (void)syscall(361, 0, 0, port, e.last);
}

void thread_ends() {
    Result failed;
    static End by_semaphore{}, refused{}, by_address{};
    mach_port_t s = 0;
    (void)semaphore_create(mach_task_self(), &s, 0, 0);
    by_semaphore.last = s;
    by_semaphore.before = 1;
    (void)thread_create(ends, &by_semaphore, &failed);
    kern_return_t r;
    do r = semaphore_wait(s);
    while (r == KERN_ABORTED);
    succeeds(r, "a thread's end signals a semaphore");

    if (darwin_major < 18) {
        refused.stack = 0xfffffffffffff000, refused.size = 0x2000, refused.last = s;
        (void)thread_create(ends, &refused, &failed);
        do r = semaphore_wait(s);
        while (r == KERN_ABORTED);
        ok(refused.error == EINVAL, "a stack beyond all addresses: EINVAL, and the thread goes on");
    } else {
        skip("the release ends the thread", "a stack beyond all addresses");
    }

    if (darwin_major >= 16 && darwin_major < 22 && darwin_major != 21) return skip("the release knows no address there", "a thread's end wakes who waits on an address");
    if (!ulock_available()) return skip("the release has no ulock", "a thread's end wakes who waits on an address");
    by_address.last = reinterpret_cast<u64>(&by_address.gate);
    (void)thread_create(ends, &by_address, &failed);
    u32 port;
    while (!(port = __atomic_load_n(&by_address.gate, __ATOMIC_ACQUIRE))) thread_yield();
    const u32 refs = references(port, MACH_PORT_RIGHT_SEND);
    // It ends when somebody waits: the helper sees to that, since this thread sleeps.
    (void)thread_create([](void*) {
        for (i32 n = 0; n < 200; n++) thread_yield();
        __atomic_store_n(&by_address.before, 1, __ATOMIC_RELEASE);
    }, nullptr, &failed);
    Result w;
    do w = syscall(515, UL_UNFAIR_LOCK, &by_address.gate, port, 10'000'000);
    while (w.err() == EINTR || w.err() == EFAULT);
    ok(w.ok() || w.err() == EOWNERDEAD, "a thread's end wakes who waits on an address");
    if (w.failed()) print("# ", errno_name(w.err()), "\n");
    u32 left = refs;
    for (i32 n = 0; n < 100000 && (left = references(port, MACH_PORT_RIGHT_SEND)) == refs; n++) thread_yield();
    ok(left != refs, "and gives a right to its port back");
}

}  // namespace

int main(int argc, char** argv) {
    self = argv[0];
    if (argc > 1) return new_image(argv[1]);
    print("TAP version 13\n");
    executions();
    thread_ends();
    return done();
}
