// SPDX-License-Identifier: BSD-3-Clause
// A guest thread is a host thread. Its Thread lies at the top of its host stack, FS points to it, and the host stack is its
// alternate signal stack: all emulator code runs there, none on the guest's stack, which may be 2 KiB or bad.
//
//   host region:  guard page | host stack ... | Thread
//
// Who writes what: altstack, on_altstack, the saved mask: only the thread itself. mask: the thread itself, and sigprocmask of
// another one, which then sets attention, so that the host's mask follows. pending, info and attention: the
// thread itself and host signal handlers that interrupt it (so: atomic bit operations, no lock). The list: threads_lock.
#pragma once
#include "sys/darwin/signal.h"
#include "sys/darwin/types.h"
#include "sys/linux/tls.h"
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Port;
struct Process;
struct ExecImage;

struct ExceptionAction {  // exceptions.h; under ports_lock
    Port* port;           // a send right, or null
    u32 behavior;
    i32 flavor;
};
constexpr u32 exception_types = 14;

struct TraceBuffer {  // the line of --trace that is being made
    usize used;
    char* text;
    usize size;
};

struct Thread {
    Tls tls;               // what every thread of ours has at FS:0
    u8 room[0x100 - sizeof(Tls)];
    u32 attention;         // 0x100, entry_amd64.asm: a signal may be deliverable: look before sleeping and leaving
    u32 wake;              // futex word that its semaphore wait sleeps on
    u64 fast_frame;        // 0x108, entry_amd64.asm: the HostContext of a trap that came without a host signal
    u32 mask;              // Darwin's signal mask; the host's is its translation as soon as the guest runs
    u32 pending;           // Darwin signals recorded on this thread; info[n-1] is valid while the bit is set
    u32 suspend_mask;      // mask to put back after sigsuspend's handler
    bool suspended, on_altstack;
    bool is_main, signals_disabled;
    bool cancel, cancelled, cancel_disabled;  // __pthread_markcancel, __pthread_canceled: UT_CANCEL, UT_CANCELED, UT_CANCELDISABLE
    bool mask_changed;     // by another thread's sigprocmask: the host's mask is yet to follow
    bool cancel_point;     // in a call that a cancellation ends
    bool halted;           // by threads_halt, which counts in suspend_count; under threads_lock
    bool fast;             // such a trap is being answered: it must not sleep
    bool sleeping;         // in a host call that a signal, or thread_abort, ends
    xnu::stack_t altstack;
    Port* port;            // its Mach thread port; keeps one reference
    Port* special_port;      // THREAD_KERNEL_PORT if has_special_port: else its own; under ports_lock
    bool has_special_port;
    u64 guard_code, guard_subcode;  // EXC_GUARD is due when the trap is over; 0: none
    u32 special_reply_port;  // the name of the newest, 0 until asked for
    HostContext* context;  // the guest's registers while the emulator has them; null: guest code runs, or is about to
    u32 suspend_count;     // thread_suspend's; futex word that the thread sleeps on while it is not 0
    u64 region, region_size;
    u64 gs_base;
    i32 tid;
    i32 on_stack;          // behind tid, for host_clone: 0 when the host thread has left the region for ever
    Process* process;      // process.h
    u32 identity_number;   // the identity of its process that the host's thread has, by Process::identity_number
    bool assumed;          // it has one of its own: settid
    ExecImage* image;      // what it is being replaced with: a parent's memory keeps it if the thread is a child's of vfork
    Thread* next;          // list of living threads, or of regions that are kept
    Thread* previous;
    Thread* queue_next;    // waiters of a semaphore, under semaphore_lock
    void* waiting_on;
    u32 trapno, fault_err; // of the fault that is being delivered, for its mcontext
    u64 fault_addr;
    xnu::siginfo_t info[32];
    bool background;       // PRIO_DARWIN_THREAD
    bool avx512;           // its signal frames have that: float_state.cpp
    u64 sigreturn_token;   // of its frames, while there are any
    u32 frames;            // delivered and not yet returned from
    ExceptionAction exceptions[exception_types];
    bool policy_fixed;     // THREAD_EXTENDED_POLICY and the like: kept to be told, under threads_lock
    i32 policy_importance, policy_affinity;
    bool terminating;      // by thread_terminate: it ends on its way back to guest code
    TraceBuffer trace;
    char trace_text[1000];
};
static_assert(offsetof(Thread, attention) == 0x100 && offsetof(Thread, fast_frame) == 0x108);

inline Thread& self() {
    Thread* t;
    asm volatile("mov %%fs:0, %0" : "=r"(t));
    return *t;
}

extern HostLock threads_lock;
extern HostLock regions_lock;  // of those that are kept; a fork holds it
extern Thread* threads;       // every living thread
extern u32 threads_living, threads_started;

extern bool use_fsgsbase;  // AT_HWCAP2 says that wrgsbase is there

Thread* thread_new();                        // host region, Thread at its top, in no list yet; null: no memory
void thread_free(Thread*);                   // one that never ran, or is known to run no more
constexpr u64 thread_clone_flags = lnx::CLONE_VM | lnx::CLONE_FS | lnx::CLONE_FILES | lnx::CLONE_SIGHAND | lnx::CLONE_THREAD |
                                   lnx::CLONE_SYSVSEM | lnx::CLONE_SETTLS | lnx::CLONE_PARENT_SETTID | lnx::CLONE_CHILD_CLEARTID;
void thread_list_add(Thread&);
bool thread_list_remove(Thread&);            // true: it was the last one
void thread_list_replace(Thread& old, Thread& by);  // who asks for the one's port finds the other
Thread* thread_of_port(Port*);               // under threads_lock
void arm_thread(Thread&);                    // the running thread: alternate stack, Syscall User Dispatch
[[noreturn]] void thread_end(Thread&);       // the running thread ends; the last one ends the process
void set_gs_base(Thread&, u64 base);
void fork_child_threads();                   // in the child of a fork: this thread is the only one
void init_host_context(Thread&, HostContext&);  // zeroed registers, the thread's mask and host stack: for enter_guest

}  // namespace trapeze
#pragma GCC visibility pop
