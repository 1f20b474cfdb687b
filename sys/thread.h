// SPDX-License-Identifier: BSD-3-Clause
// OS threads: what the scheduler runs its Ms on, and what a program may use by itself.
//
// A thread's memory is one mapping, made by its creator and given back by thread_join:
//
//   [guard][signal stack][guard][stack, growing down ........][Thread]
//
// It starts with every signal blocked and gets its creator's mask only when its block, its alternate stack and its kernel
// name are in place: no handler can run in a half-made thread, nor on a stack that is too small for it.
#pragma once
#include "sys/os.h"
#include "sys/signals.h"

namespace trapeze {

struct Thread {
    Tls tls;  // first: the block's address is the thread's
    void (*fn)(void*);
    void* arg;
    u8* mapping;
    SignalSet mask;     // the creator's signal mask
    u32 procid;         // the kernel's name: thread id on Linux, thread port on Darwin; 0 before it runs (Darwin) or when it
                        // has ended (Linux); written by the kernel or the thread, read by others: atomically
    u32 done;           // Darwin: the semaphore that the kernel signals when the thread has ended
};

constexpr usize thread_stack_size = 64 << 10;  // usable, including the Thread itself

// Starts a thread that runs fn(arg) and ends when it returns. Null and the trap's error if the kernel has no thread, memory
// or port to give (EAGAIN: RLIMIT_NPROC, or no port; ENOMEM); blocks for the time of a few traps. No scheduler is needed.
[[gnu::cold]] Thread* thread_create(void (*fn)(void*), void* arg, Result* error);

// Waits until the thread has left its stack for good, then gives its memory back. Once for each thread.
void thread_join(Thread* t);

u32 thread_self();    // the kernel's name of the calling thread: thread id, or thread port
void thread_yield();  // lets others that want the CPU go first; returns at once if none does

// A signal to that thread, which has not been joined. ESRCH: it has ended; EINVAL: no such signal. On XNU the port's name may
// belong to something else once the thread has ended: the caller knows that its function has not returned.
Result thread_kill(Thread* t, i32 signal);

// The kernel port (thread_linux.cpp, thread_darwin.cpp):
[[gnu::cold]] Result thread_spawn(Thread* t);    // the trap; the mask is blocked and restored around it by its caller
[[noreturn, gnu::cold]] void thread_exit(Thread* t);
void thread_wait(Thread* t);       // until the kernel says that it has ended
extern "C" [[gnu::cold]] void thread_main(Thread* t);  // where the port enters the new thread, on its stack

}  // namespace trapeze
