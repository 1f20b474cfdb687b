// SPDX-License-Identifier: BSD-3-Clause
// Mapped memory, with the kernels' names where they agree. For pages of one's own sys/os.h has pages_map and its kin, which
// need no flags. Addresses and lengths are in bytes; a page is page_size (4,096 on both). None of these calls waits for long,
// but msync with MS_SYNC, which waits for the disk, and what faults pages in.
//
// Access to what is unmapped, protected otherwise, or behind a file's last page is a signal: SIGSEGV or SIGBUS.
// Only one kernel has: sys/linux/memory.h (mremap, memfd). MADV_DONTNEED is not here: it empties pages at once on Linux and is
// a hint on Darwin.
#pragma once
#include "sys/os.h"

namespace trapeze {

using kernel::PROT_EXEC, kernel::PROT_NONE, kernel::PROT_READ, kernel::PROT_WRITE;
using kernel::MAP_ANON, kernel::MAP_FIXED, kernel::MAP_NORESERVE, kernel::MAP_PRIVATE, kernel::MAP_SHARED;
using kernel::MS_ASYNC, kernel::MS_INVALIDATE, kernel::MS_SYNC;
using kernel::MADV_FREE, kernel::MADV_NORMAL, kernel::MADV_RANDOM, kernel::MADV_SEQUENTIAL, kernel::MADV_WILLNEED;

// The address. MAP_PRIVATE or MAP_SHARED; with MAP_ANON fd is -1, else a file's, from offset, a multiple of a page, on.
// `at` is a hint; with MAP_FIXED it is the place, and what was mapped there is gone. PROT_WRITE or PROT_EXEC include PROT_READ.
// EINVAL: no bytes, odd offset or place, neither private nor shared; EACCES: the file is not open for that; ENODEV (Linux) or
// EINVAL (XNU): a file that cannot be mapped; ENOMEM: no room.
Result mmap(void* at, usize n, i32 protection, i32 flags, i32 fd = -1, i64 offset = 0);
Result munmap(void* at, usize n);  // holes are no error; EINVAL: odd address, no bytes
Result mprotect(void* at, usize n, i32 protection);  // ENOMEM: a hole; EACCES: the file's descriptor did not allow it

// What the program will do: NORMAL, RANDOM, SEQUENTIAL, WILLNEED; FREE: the content may go, at once or later, until it is
// written again (private anonymous memory only). EINVAL: unknown; ENOMEM (Linux) or EINVAL (XNU): a hole.
Result madvise(void* at, usize n, i32 advice);

// Writes a shared mapping of a file back. MS_SYNC waits, MS_ASYNC does not; MS_INVALIDATE drops other mappings' stale copies.
// EINVAL: both; ENOMEM: a hole.
Result msync(void* at, usize n, i32 flags);

// vec[i] bit 0: page i is in memory, so that no access waits for a disk (other bits are Darwin's own: MINCORE_*). vec has a byte
// for each page. ENOMEM on Linux: a hole, which on Darwin is just not there.
Result mincore(void* at, usize n, u8* vec);

// Keeps pages in memory. ENOMEM, EAGAIN, EPERM: more than RLIMIT_MEMLOCK allows; ENOMEM: a hole.
Result mlock(void* at, usize n);
Result munlock(void* at, usize n);

// A whole file, readable; {nullptr, 0} for an empty one. A file that shrinks meanwhile is SIGBUS to who reads there.
struct Mapping {
    const u8* data;
    usize size;
};
Result map_file(const char* path, Mapping* out);  // ENODEV or EINVAL: not a file, or one of no size that can be mapped
void unmap_file(Mapping* mapping);

}  // namespace trapeze
