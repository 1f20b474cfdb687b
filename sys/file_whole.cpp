// SPDX-License-Identifier: BSD-3-Clause
// See file.h: whole buffers and whole files, over the calls of file.cpp.
#include "sys/file.h"
#include "sys/mem.h"

namespace trapeze {

Result write_all(i32 fd, const void* buffer, usize n) {
    const char* p = static_cast<const char*>(buffer);
    for (usize left = n; left;) {
        Result r = write(fd, p, left);
        if (r.failed()) return r;
        p += r.value();
        left -= static_cast<usize>(r.value());
    }
    return {static_cast<i64>(n)};
}

Result read_all(i32 fd, void* buffer, usize n) {
    char* p = static_cast<char*>(buffer);
    usize done = 0;
    while (done < n) {
        Result r = read(fd, p + done, n - done);
        if (r.failed()) return r;
        if (r.value() == 0) break;
        done += static_cast<usize>(r.value());
    }
    return {static_cast<i64>(done)};
}

void free_bytes(Bytes* bytes) {
    if (bytes->data) (void)pages_unmap(bytes->data, bytes->size);
    *bytes = {};
}

Result readfile(const char* path, Bytes* out) {
    *out = {};
    Result file = open(path, O_RDONLY | O_CLOEXEC);
    if (file.failed()) return file;
    const i32 fd = static_cast<i32>(file.value());
    // The size is a hint only: files under /proc say 0, others grow while they are read.
    FileInfo info;
    Result r = fstat(fd, &info);
    usize room = 0, used = 0;
    u8* at = nullptr;
    if (r.ok()) {
        usize want = static_cast<usize>(info.size) + 1;
        for (;;) {
            if (used == room) {
                want = (want + page_size - 1) & ~(page_size - 1);
                Result fresh = pages_map(want);
                if (fresh.failed()) {
                    r = fresh;
                    break;
                }
                u8* to = reinterpret_cast<u8*>(fresh.value());
                memcpy(to, at, used);
                if (at) (void)pages_unmap(at, room);
                at = to;
                room = want;
                want = 2 * room;
            }
            r = read(fd, at + used, room - used);
            if (r.failed() || r.value() == 0) break;
            used += static_cast<usize>(r.value());
        }
    }
    (void)close(fd);
    if (r.failed()) {
        if (at) (void)pages_unmap(at, room);
        return r;
    }
    // Give back what is beyond the end, so that size alone tells free_bytes what to unmap.
    usize keep = (used + page_size - 1) & ~(page_size - 1);
    if (room > keep) (void)pages_unmap(at + keep, room - keep);
    *out = {keep ? at : nullptr, used};
    return {static_cast<i64>(used)};
}

static Result put(const char* path, i32 flags, const void* data, usize n, u32 mode) {
    Result file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
    if (file.failed()) return file;
    Result r = write_all(static_cast<i32>(file.value()), data, n);
    Result c = close(static_cast<i32>(file.value()));
    return r.ok() && c.failed() ? c : r;
}

Result writefile(const char* path, const void* data, usize n, u32 mode) { return put(path, O_TRUNC, data, n, mode); }
Result appendfile(const char* path, const void* data, usize n, u32 mode) { return put(path, O_APPEND, data, n, mode); }

}  // namespace trapeze
