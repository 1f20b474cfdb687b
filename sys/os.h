// SPDX-License-Identifier: BSD-3-Clause
// The porting surface of sys: what each kernel supplies beyond the traps that both spell the same
// (os_*.cpp, and what not every program links: clock_*.cpp, cpus_linux.cpp, guard_linux.cpp).
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

// Ends the process, all threads, with status & 0xff. Never returns.
[[noreturn, gnu::cold]] void exit_process(i32 status);

// First code of a process after args(): the first thread's block, its canary.
[[gnu::cold]] void osinit();

// Makes `block` the calling thread's; needed by threads whose creation does not do it (Darwin).
[[gnu::cold]] void set_thread_block(Tls* block);

// CPUs that this process may use, at least 1: the affinity mask on Linux, hw.ncpu on Darwin.
[[gnu::cold]] i32 cpu_count();

// Nanoseconds on a clock that never goes back (CLOCK_MONOTONIC; mach_absolute_time). Does not block.
i64 nanotime();

// Zeroed pages, readable and writable, committed on touch; errors: ENOMEM. n is rounded up to pages.
Result pages_map(usize n);
Result pages_unmap(void* at, usize n);
// Pages that fault on every access. The content is lost.
[[gnu::cold]] Result pages_guard(void* at, usize n);

constexpr usize page_size = 4096;

}  // namespace trapeze
