// SPDX-License-Identifier: BSD-3-Clause
// Bad pointers, call by call and argument by argument: EFAULT, whatever else the call would have said; and with good ones it is not the
// pointers that are wrong. Bad are an address that nothing is at, one of the kernel, and one whose page ends before the object does;
// for what is written, also memory that can only be read. For the programs pointers*_darwin.
#pragma once
#include "sys/darwin/file_calls.h"
#include "sys/memory.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"

namespace pointers {

inline u8* edge;              // behind a page that can be written; the next one is not there
inline u8* readonly;
inline i32 file, folder;      // wound back before each call
constexpr i32 any = -1;

inline u64 word(const void* p) { return reinterpret_cast<u64>(p); }
inline u64 word(i32 v) { return static_cast<u64>(static_cast<i64>(v)); }

inline Result call(u32 number, const u64 (&a)[8]) {
    (void)lseek(file, 0, SEEK_SET), (void)lseek(folder, 0, SEEK_SET);
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

// shape, a letter an argument: `s` a string, `i` read, `o` written, `p` read or written whole and aligned, `.` none of these.
// want: what comes with good pointers; any: that is not for this test to say.
inline void row(const char* name, u32 number, const char* shape, i32 want, const u64 (&args)[8]) {
    if (want != any) {
        const Result r = call(number, args);
        if (r.err() == xnu::ENOTSUP) return skip("the host does not do it", name);
        if (r.err() != want) return fails(r, want, name);
    }
    bool held = true;
    for (u32 n = 0; shape[n]; n++) {
        if (shape[n] == '.') continue;
        const u64 bad[] = {8, 0xffff800000001000, word(edge - (shape[n] == 's' ? 4 : 1)), word(readonly)};
        const u32 kinds = shape[n] == 'p' ? 2 : shape[n] == 'o' ? 4 : 3;
        for (u32 k = 0; k < kinds; k++) {
            u64 a[8];
            memcpy(a, args, sizeof a);
            a[n] = bad[k];
            memcpy(edge - 4, "file", 4);
            const Result r = call(number, a);
            if (r.err() == xnu::EFAULT) continue;
            held = false;
            print("# ", name, ", argument ", n, " = ", hex(bad[k]), ": result ", r.raw, "\n");
        }
    }
    ok(held, name);
}

alignas(16) inline u8 room[8192], other[1024];
inline xnu::kauth_filesec no_list{xnu::KAUTH_FILESEC_MAGIC, {}, {}, 0xffffffff, 0, {}};
inline const u64 to = word(room), with = word(other), filesec = word(&no_list);

// A file of 64 bytes with a link `soft`, its folder, and the pages.
inline void prepare() {
    make_file("file", "0123456789012345678901234567890123456789012345678901234567890123");
    (void)symlink("file", "soft");
    file = fd_of(open("file", O_RDWR)), folder = fd_of(open(".", O_RDONLY | O_DIRECTORY));
    u8* pages = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 3 * 4096, 3, 0x1002, -1, 0).raw);
    edge = pages + 4096, readonly = pages + 2 * 4096;
    ok(syscall(xnu::SYS_mprotect, edge, 4096, 0).ok() && syscall(xnu::SYS_mprotect, readonly, 4096, 1).ok(), "a page, a hole, and one to read");
}

}  // namespace pointers

using namespace pointers;
