// SPDX-License-Identifier: BSD-3-Clause
// In place of libstdc++'s waiting on atomics, which drags in <syscall.h> and
// libc. Nothing here waits on std::atomic.
#pragma once
