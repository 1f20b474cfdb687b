// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: the structures and constants of the BSD, Mach and machine-dependent calls that the runtime and
// xnurun use. Where a structure is one that XNU gets wrong copies of (timeval, stat64, sigaction), every offset is
// asserted. Sources, by tag xnu-11417.121.6 unless said: bsd/sys/fcntl.h, mman.h, stat.h, signal.h, _types/*.h,
// bsd/i386/_mcontext.h, osfmk/mach/message.h, osfmk/mach/ndr.h, bsd/kern/pthread_shims.c.
#pragma once
#include "sys/darwin/fs.h"
#include "sys/darwin/message.h"
#include "sys/darwin/mm.h"
#include "sys/darwin/time.h"
#include "sys/types.h"

namespace trapeze::xnu {

// bsdthread_create flags (libpthread kern/kern_internal.h)
constexpr u32 PTHREAD_START_CUSTOM = 0x01000000, PTHREAD_START_SUSPENDED = 0x20000000;


}  // namespace trapeze::xnu
