// SPDX-License-Identifier: BSD-3-Clause
// Descriptors: the same names and meaning on both kernels; what has a path is in sys/path.h. Errors come back in the Result
// as the running kernel's errno; buffers and paths that the program cannot read or write are EFAULT.
//
// Interrupted calls: see sys/interrupted.h.
// All of them block the calling OS thread, and with it the P: a descriptor that may wait for ever (a terminal, a pipe)
// holds up the goroutines behind it. What is O_NONBLOCK answers EAGAIN instead.
#pragma once
#include "sys/os.h"
#include "sys/path.h"

namespace trapeze {

using kernel::O_APPEND, kernel::O_CLOEXEC, kernel::O_CREAT, kernel::O_DIRECTORY, kernel::O_EXCL, kernel::O_NOCTTY, kernel::O_NOFOLLOW,
    kernel::O_NONBLOCK, kernel::O_RDONLY, kernel::O_RDWR, kernel::O_SYNC, kernel::O_TRUNC, kernel::O_WRONLY;
using kernel::SEEK_CUR, kernel::SEEK_DATA, kernel::SEEK_END, kernel::SEEK_HOLE, kernel::SEEK_SET;  // DATA and HOLE differ in number

// The lowest free descriptor. EMFILE: the process has no more; ELOOP: too many symbolic links, or O_NOFOLLOW met one.
// O_CREAT of a path that ends in a slash is EISDIR on Linux; O_CREAT with O_DIRECTORY is EINVAL (Linux before 6.4 made a file).
Result open(const char* path, i32 flags, u32 mode = 0666);
Result read(i32 fd, void* buffer, usize n);                 // bytes read, at most n; 0: end of file; EISDIR for a directory
Result write(i32 fd, const void* buffer, usize n);          // bytes written, at most n; EPIPE comes with SIGPIPE
Result close(i32 fd);

// At an offset, which the descriptor's own neither sees nor follows. ESPIPE for pipes; EINVAL for a negative offset, but on XNU
// reading at one is the filesystem's to refuse. A file opened with O_APPEND is appended to on Linux, whatever the offset.
Result pread(i32 fd, void* buffer, usize n, i64 offset);
Result pwrite(i32 fd, const void* buffer, usize n, i64 offset);

// Several buffers in one call, in order. EINVAL: more than 1,024 of them, none on XNU, or lengths whose sum overflows.
using kernel::iovec;  // {iov_base, iov_len}
Result readv(i32 fd, const iovec* parts, usize count);
Result writev(i32 fd, const iovec* parts, usize count);

// The new offset. ESPIPE for pipes, EINVAL for one before the start, ENXIO for SEEK_DATA and SEEK_HOLE at or behind the end.
Result lseek(i32 fd, i64 offset, i32 whence);

// Cut or extend with zeros. EFBIG beyond RLIMIT_FSIZE comes with SIGXFSZ; EINVAL: negative, not a file, or not open for writing.
Result ftruncate(i32 fd, i64 size);

// To the disk, or, on Darwin, to the drive: there only xnu::full_fsync (sys/darwin/file.h) waits for the medium. EINVAL
// (Linux) or ENOTSUP (XNU) for pipes. Darwin has fdatasync from 10.6 on.
Result fsync(i32 fd);
Result fdatasync(i32 fd);

// A second descriptor for the same open file; dup2 closes `to` first and gives just that number. flags: 0 or O_CLOEXEC, which
// dup sets at once and dup2 on Darwin one call later. EBADF; dup2 of a number to itself changes nothing.
Result dup(i32 fd, i32 flags = 0);
Result dup2(i32 fd, i32 to, i32 flags = 0);

// fds[0] reads what fds[1] writes. flags: O_CLOEXEC and O_NONBLOCK, set at once on Linux, one by one on Darwin (where a thread
// that forks in between hands the descriptors on).
Result pipe(i32 fds[2], i32 flags = 0);

Result fcntl(i32 fd, i32 command, u64 argument = 0);  // by the kernel's own numbers: F_*
Result set_nonblocking(i32 fd, bool on);              // of the open file, so of all its descriptors
Result set_close_on_exec(i32 fd, bool on);

// A whole-file lock that the open file holds and its last close gives up: LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB EWOULDBLOCK
// instead of waiting. Advisory.
using kernel::LOCK_EX, kernel::LOCK_NB, kernel::LOCK_SH, kernel::LOCK_UN;
Result flock(i32 fd, i32 how);

// A lock on bytes, held by the process and lost when it closes any descriptor of the file. FileLock: l_type F_RDLCK, F_WRLCK or
// F_UNLCK; l_whence, l_start, l_len (0: to the end and beyond). set_lock: EAGAIN (Linux also EACCES) when held by another;
// wait_lock waits: EDEADLK; get_lock stores who is in the way, or F_UNLCK.
using FileLock = kernel::flock;
using kernel::F_RDLCK, kernel::F_UNLCK, kernel::F_WRLCK;
Result set_lock(i32 fd, FileLock* lock);
Result wait_lock(i32 fd, FileLock* lock);
Result get_lock(i32 fd, FileLock* lock);

// Requests are the device's and the kernel's; ENOTTY: not for such a file. Not called again when interrupted: what a request
// did before is its own affair.
Result ioctl(i32 fd, u64 request, void* argument);
struct TerminalSize {
    u16 rows, columns;
};
Result terminal_size(i32 fd, TerminalSize* size);
Result isatty(i32 fd);  // 0, or ENOTTY, or EBADF

// Writes all n bytes, in as many calls as the kernel wants; n, or the first error.
Result write_all(i32 fd, const void* buffer, usize n);
// Reads until n bytes are there or the file ends; how many.
Result read_all(i32 fd, void* buffer, usize n);

struct Bytes {
    u8* data;
    usize size;
};
// The whole file, of any kind and size (also one that cannot tell its size), in fresh pages that free_bytes gives back.
Result readfile(const char* path, Bytes* out);
void free_bytes(Bytes* bytes);
// Creates or replaces the file with the bytes; a short write's error leaves a short file.
Result writefile(const char* path, const void* data, usize n, u32 mode = 0666);
// Adds the bytes at the end, in one write where the kernel takes them in one; creates the file.
Result appendfile(const char* path, const void* data, usize n, u32 mode = 0666);

}  // namespace trapeze
