// SPDX-License-Identifier: BSD-3-Clause
// See memory.h.
#include "sys/memory.h"

#include "sys/calls.h"
#include "sys/file.h"
#include "sys/interrupted.h"

namespace trapeze {

// What Linux checks itself and XNU leaves to its C library (libsyscall/wrappers/unix03/mmap.c), or to MAP_UNIX03 in newer
// versions: there a call without it takes an odd offset, and answers a length of 0 with the address 0.
Result mmap(void* at, usize n, i32 protection, i32 flags, i32 fd, i64 offset) {
    if (n == 0 || offset % static_cast<i64>(page_size) || !(flags & (MAP_PRIVATE | MAP_SHARED))) return Result::error(kernel::EINVAL);
    return sys_mmap(at, n, protection, flags, fd, offset);
}

Result munmap(void* at, usize n) { return sys_munmap(at, n); }
Result mprotect(void* at, usize n, i32 protection) { return sys_mprotect(at, n, protection); }
Result madvise(void* at, usize n, i32 advice) { return sys_madvise(at, n, advice); }

Result msync(void* at, usize n, i32 flags) {
    return again_when_interrupted([=] { return sys_msync(at, n, flags); });
}

Result mincore(void* at, usize n, u8* vec) { return sys_mincore(at, n, vec); }
Result mlock(void* at, usize n) { return sys_mlock(at, n); }
Result munlock(void* at, usize n) { return sys_munlock(at, n); }

Result map_file(const char* path, Mapping* out) {
    *out = {};
    const Result file = open(path, O_RDONLY | O_CLOEXEC);
    if (file.failed()) return file;
    const i32 fd = static_cast<i32>(file.value());
    FileInfo info;
    Result r = fstat(fd, &info);
    if (r.ok() && (info.mode & S_IFMT) == S_IFREG && info.size == 0) {
        (void)close(fd);
        return {0};
    }
    if (r.ok()) r = mmap(nullptr, info.size ? info.size : page_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (r.failed()) return r;
    if (!info.size) {  // a device that can be mapped but has no size: nothing that unmap_file could give back
        (void)munmap(reinterpret_cast<void*>(r.value()), page_size);
        return Result::error(kernel::ENODEV);
    }
    *out = {reinterpret_cast<const u8*>(r.value()), info.size};
    return {static_cast<i64>(info.size)};
}

void unmap_file(Mapping* mapping) {
    if (mapping->data) (void)munmap(const_cast<u8*>(mapping->data), mapping->size);
    *mapping = {};
}

}  // namespace trapeze
