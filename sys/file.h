// SPDX-License-Identifier: BSD-3-Clause
// Files, with the same names and meaning on both kernels. Errors come back in the Result as the running kernel's errno.
//
// Interrupted calls: see sys/interrupted.h.
// All of them block the calling OS thread, and with it the P: a descriptor that may wait for ever (a terminal, a pipe)
// holds up the goroutines behind it.
#pragma once
#include "sys/os.h"

namespace trapeze {

using kernel::O_APPEND, kernel::O_CREAT, kernel::O_EXCL, kernel::O_RDONLY, kernel::O_RDWR, kernel::O_TRUNC, kernel::O_WRONLY;
using kernel::S_IFDIR, kernel::S_IFMT, kernel::S_IFREG;

Result open(const char* path, i32 flags, u32 mode = 0666);  // the lowest free descriptor
Result read(i32 fd, void* buffer, usize n);                 // bytes read, at most n; 0: end of file
Result write(i32 fd, const void* buffer, usize n);          // bytes written, at most n
Result close(i32 fd);

// Writes all n bytes, in as many calls as the kernel wants; n, or the first error.
Result write_all(i32 fd, const void* buffer, usize n);

struct Bytes {
    u8* data;
    usize size;
};
// The whole file, of any kind and size (also one that cannot tell its size), in fresh pages that free_bytes gives back.
Result readfile(const char* path, Bytes* out);
void free_bytes(Bytes* bytes);
// Creates or replaces the file with the bytes; a short write's error leaves a short file.
Result writefile(const char* path, const void* data, usize n, u32 mode = 0666);

}  // namespace trapeze
