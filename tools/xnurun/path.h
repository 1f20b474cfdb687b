// SPDX-License-Identifier: BSD-3-Clause
// Paths, descriptors and flags as the guest's file calls give them, for the host.
#pragma once
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// A path copied from the guest. XNU's are shorter than Linux's (MAXPATHLEN 1,024 with the NUL: ENAMETOOLONG). /private/tmp,
// /private/var and /private/etc, where a Mac's /tmp, /var and /etc lead, are the host's folders without /private.
class Path {
public:
    explicit Path(u64 from);
    const char* text() const { return text_; }
    i32 error = 0;

private:
    const char* text_;
    char buffer_[xnu::MAXPATHLEN];
};

// AT_FDCWD has another number; the host's own is no descriptor to XNU.
inline i32 directory_to_host(i32 fd) { return fd == xnu::AT_FDCWD ? lnx::AT_FDCWD : fd < 0 ? -1 : fd; }

// AT_* of those allowed; false: others are set.
bool at_flags_to_host(i32 flags, i32 allowed, i32& host);

// What fp_getfvp (bsd/kern/kern_descrip.c) lets through: files, directories, devices, named fifos. Not pipes, sockets, queues.
enum class Kind : u8 { closed, vnode, other };
Kind kind_of(i32 fd);

i32 open_flags_to_host(i32 flags);
i32 open_flags_to_guest(i32 flags);
Answer descriptor_made(i32 from, i64 result);  // dup and its like: kqueues hear of it
Answer open_path(Trap&, i32 directory, u64 path, i32 flags, u32 mode);

}  // namespace trapeze
#pragma GCC visibility pop
