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

namespace trapeze {

struct Thread {
    Tls tls;  // first: the block's address is the thread's
    void (*fn)(void*);
    void* arg;
    u8* mapping;
    u64 mask;           // the creator's signal mask
    u32 procid;         // the kernel's name: thread id on Linux, thread port on Darwin; 0 before it runs (Darwin) or when it
                        // has ended (Linux); written by the kernel or the thread, read by others: atomically
    u32 done;           // Darwin: the semaphore that the kernel signals when the thread has ended
};

constexpr usize thread_stack_size = 64 << 10;  // usable, including the Thread itself

// Starts a thread that runs fn(arg) and ends when it returns. Null and the trap's error if the kernel has no thread,
// memory or port to give; blocks for the time of a few traps.
Thread* thread_create(void (*fn)(void*), void* arg, Result* error);

// Waits until the thread has left its stack for good, then gives its memory back. Once for each thread.
void thread_join(Thread* t);

// The kernel port (thread_linux.cpp, thread_darwin.cpp):
void set_signal_stack(u8* base);   // the calling thread's alternate stack, of signal_stack_size() bytes
usize signal_stack_size();
Result thread_spawn(Thread* t);    // the trap; the mask is blocked and restored around it by its caller
[[noreturn]] void thread_exit(Thread* t);
void thread_wait(Thread* t);       // until the kernel says that it has ended
u32 thread_self();                 // the kernel's name of the calling thread: thread id, or thread port with a right to it
u64 block_signals();               // all of them, in the calling thread; returns the mask before
void restore_signals(u64 mask);
extern "C" void thread_main(Thread* t);  // where the port enters the new thread, on its stack

}  // namespace trapeze
