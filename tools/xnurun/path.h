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
    // A Mac's /tmp, /var or /etc itself, which is a symbolic link there: for calls that do not follow one.
    bool names_private_link() const;
    i32 error = 0;

private:
    const char* text_;
    char buffer_[xnu::MAXPATHLEN];
};

void descriptor_link(i32 fd, char to[32]);      // /proc/self/fd/N, by which the host's calls on paths reach a descriptor
i32 path_of_descriptor(i32 fd, char* to);       // the host's path now, MAXPATHLEN at most: 0, or Darwin's ENOENT (unlinked), ENOSPC ...
void path_to_guest(char* path, usize room);     // /tmp, /var and /etc are in /private

inline i32 host_device(u32 major, u32 minor) { return static_cast<i32>((major & 0xff) << 24 | (minor & 0xffffff)); }

// UF_NODUMP, UF_IMMUTABLE and UF_APPEND are the host's own inode flags (stx_attributes), where its file system has them.
u32 file_flags_to_guest(u64 attributes);
Answer set_file_flags(i32 fd, u32 flags);       // fd may be O_PATH; ENOTSUP: flags without a place on the host

// AT_FDCWD has another number; the host's own is no descriptor to XNU.
inline i32 directory_to_host(i32 fd) { return fd == xnu::AT_FDCWD ? lnx::AT_FDCWD : fd < 0 ? -1 : fd; }

// AT_SYMLINK_NOFOLLOW_ANY, from macOS 12.3 on: ELOOP if there is a symbolic link anywhere on the way, else 0.
constexpr i32 at_nofollow_any = 0x800;
i32 links_on_the_way(i32 directory, const char* path);

// AT_* of those allowed; false: others are set.
bool at_flags_to_host(i32 flags, i32 allowed, i32& host);

// What fp_getfvp (bsd/kern/kern_descrip.c) lets through: files, directories, devices, named fifos. Not pipes, sockets, queues.
enum class FdKind : u8 { closed, vnode, other };
FdKind kind_of(i32 fd);
i32 not_file(i32 fd);     // file_vnode's errno for what is none: EBADF, EINVAL; 0: it is one
i32 not_file_of(i32 fd);  // fp_getfvp's: EBADF, ENOTSUP
// What came of a call from a directory: XNU says ENOTSUP of a pipe or a socket, the host ENOTDIR as of any file.
Answer from_host_at(i32 fd, i64 r, i32 other = -1);

u32 mode_unmasked(u32 mode);                   // less the bits of umask beyond 0777
i32 open_flags_to_host(i32 flags);
i32 open_flags_to_guest(i32 flags);
Answer descriptor_made(i32 from, i64 result);  // dup and its like: kqueues hear of it
Answer file_command(Trap&);                    // fcntl of what concerns a file alone
bool command_of_era(i32 command);              // fcntl had it
Answer close_descriptor(i32 fd);               // whatever guards it
Answer write_bytes(Trap&), write_bytes_at(Trap&), write_vectors(Trap&);  // write, pwrite, writev, whatever guards the descriptor
Answer open_path(Trap&, i32 directory, u64 path, i32 flags, u32 mode);

}  // namespace trapeze
#pragma GCC visibility pop
