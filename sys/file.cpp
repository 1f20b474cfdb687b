// SPDX-License-Identifier: BSD-3-Clause
// See file.h.
#include "sys/file.h"

#include "sys/calls.h"
#include "sys/interrupted.h"
#include "sys/mem.h"

namespace trapeze {
namespace {

// Linux moves at most 0x7ffff000 bytes a call, XNU refuses more than INT_MAX (EINVAL): one limit for both.
constexpr usize most = 0x7ffff000;

}  // namespace

Result open(const char* path, i32 flags, u32 mode) {
    return again_when_interrupted([=] { return sys_open(path, flags, mode); });
}

Result read(i32 fd, void* buffer, usize n) {
    return again_when_interrupted([=] { return sys_read(fd, buffer, n < most ? n : most); });
}

Result write(i32 fd, const void* buffer, usize n) {
    return again_when_interrupted([=] { return sys_write(fd, buffer, n < most ? n : most); });
}

Result close(i32 fd) { return sys_close(fd); }

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

void free_bytes(Bytes* bytes) {
    if (bytes->data) (void)pages_unmap(bytes->data, bytes->size);
    *bytes = {};
}

Result readfile(const char* path, Bytes* out) {
    *out = {};
    Result file = open(path, O_RDONLY);
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

Result writefile(const char* path, const void* data, usize n, u32 mode) {
    Result file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (file.failed()) return file;
    Result r = write_all(static_cast<i32>(file.value()), data, n);
    Result c = close(static_cast<i32>(file.value()));
    return r.ok() && c.failed() ? c : r;
}

}  // namespace trapeze
