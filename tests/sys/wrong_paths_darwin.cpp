// SPDX-License-Identifier: BSD-3-Clause
// Paths that lead nowhere, for each call that takes one: through what is missing, through a file, through a ring of links; empty; a
// name of more than 255 bytes; 1,024 bytes and more (NAME_MAX, MAXPATHLEN with the NUL: xnu-11417.121.6 bsd/vfs/vfs_lookup.c).
#include "sys/darwin/file_calls.h"
#include "tests/sys/fs_tools.h"

namespace {

u64 word(const void* p) { return reinterpret_cast<u64>(p); }
u64 word(i32 v) { return static_cast<u64>(static_cast<i64>(v)); }

alignas(8) u8 room[4096], zeroes[256];
char long_name[300], long_path[1100];
bool in_the_child;  // which is nobody in particular, and may look into nothing here
u32 failed_there;

struct Wrong {
    const char* path;
    i32 error;
};
const Wrong closed_to_us[] = {{"locked/x", xnu::EACCES}};
const Wrong wrongs[] = {{"missing/x", xnu::ENOENT}, {"file/x", xnu::ENOTDIR}, {"ring/x", xnu::ELOOP}, {"", xnu::ENOENT},
                        {long_name, xnu::ENAMETOOLONG}, {long_path, xnu::ENAMETOOLONG}};

// The path is argument `at`. empty: what an empty one gives, if not ENOENT.
void row(const char* name, u32 number, u32 at, const u64 (&args)[8], i32 empty = xnu::ENOENT) {
    bool held = true;
    const Wrong* list = in_the_child ? closed_to_us : wrongs;
    for (u32 n = 0; n < (in_the_child ? 1u : sizeof wrongs / sizeof *wrongs); n++) {
        const Wrong& w = list[n];
        u64 a[8];
        memcpy(a, args, sizeof a);
        a[at] = word(w.path);
        const Result r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
        if (r.err() == (*w.path ? w.error : empty)) continue;
        held = false;
        print("# ", name, " of ", Str{w.path, str_len(w.path) < 20 ? str_len(w.path) : 20}, ": result ", r.raw, ", not errno ", *w.path ? w.error : empty, "\n");
    }
    if (!in_the_child) ok(held, name);
    else if (!held) failed_there++;
}

void all() {
    const u64 to = word(room), with = word(zeroes), f = word("file"), none = word("none"), here = word(xnu::AT_FDCWD), own = word(-1);
    const xnu::attrlist type{5, 0, 8, 0, 0, 0, 0}, mode{5, 0, 0x20000, 0, 0, 0, 0};
    row("open", 5, 0, {0, 0, 0});
    row("open, to make it", 5, 0, {0, 0x200, 0600});
    row("open_nocancel", 398, 0, {0, 0, 0});
    row("openat", 463, 1, {here, 0, 0, 0});
    row("openat_nocancel", 464, 1, {here, 0, 0, 0});
    row("open_extended", 277, 0, {0, 0x200, own, own, 0600, 0});
    row("open_dprotected_np", 216, 0, {0, 0, 1, 0, 0});
    row("openat_dprotected_np", 218, 1, {here, 0, 0, 1, 0, 0, own});
    row("link from", 9, 0, {0, none});
    row("link to", 9, 1, {f, 0});
    row("linkat from", 471, 1, {here, 0, here, none, 0});
    row("linkat to", 471, 3, {here, f, here, 0, 0});
    row("symlink", 57, 1, {f, 0});
    row("symlinkat", 474, 2, {f, here, 0});
    row("readlink", 58, 0, {0, to, 64});
    row("readlinkat", 473, 1, {here, 0, to, 64});
    row("unlink", 10, 0, {});
    row("unlinkat", 472, 1, {here, 0, 0});
    row("unlinkat AT_REMOVEDIR", 472, 1, {here, 0, 0x80});
    row("delete", 226, 0, {});
    row("undelete", 205, 0, {});
    row("rename from", 128, 0, {0, none});
    row("rename to", 128, 1, {f, 0});
    row("renameat from", 465, 1, {here, 0, here, none});
    row("renameat to", 465, 3, {here, f, here, 0});
    row("renameatx_np from", 488, 1, {here, 0, here, none, 4});
    row("renameatx_np to", 488, 3, {here, f, here, 0, 4});
    row("clonefileat from", 462, 1, {here, 0, here, none, 0});
    row("exchangedata", 223, 0, {0, f, 0});
    row("copyfile", 227, 0, {0, none, 0600, 0});
    row("chdir", 12, 0, {});
    row("mkdir", 136, 0, {0, 0700});
    row("mkdirat", 475, 1, {here, 0, 0700});
    row("mkdir_extended", 292, 0, {0, own, own, 0700, 0});
    row("rmdir", 137, 0, {});
    row("mkfifo", 132, 0, {0, 0600});
    row("mkfifoat", 553, 1, {here, 0, 0600});
    row("mkfifo_extended", 291, 0, {0, own, own, 0600, 0});
    row("mknod", 14, 0, {0, 010600, 0});
    row("mknodat", 554, 1, {here, 0, 010600, 0});
    row("chmod", 15, 0, {0, 0600});
    row("fchmodat", 467, 1, {here, 0, 0600, 0});
    row("chmod_extended", 282, 0, {0, own, own, 0600, 0});
    row("chown", 16, 0, {0, own, own});
    row("lchown", 364, 0, {0, own, own});
    row("fchownat", 468, 1, {here, 0, own, own, 0});
    row("chflags", 34, 0, {0, 0});
    row("access", 33, 0, {0, 4});
    row("faccessat", 466, 1, {here, 0, 4, 0});
    row("truncate", 200, 0, {0, 0});
    row("utimes", 138, 0, {0, 0});
    row("revoke", 56, 0, {});
    row("pathconf", 191, 0, {0, 4});
    row("execve", 59, 0, {0, 0, 0});
    row("posix_spawn", 244, 1, {0, 0, 0, 0, 0});
    for (const u32 number : {188u, 190u, 338u, 340u}) row("stat and its kin", number, 0, {0, to});
    for (const u32 number : {279u, 280u, 341u, 342u}) row("with access lists", number, 0, {0, to, 0, 0});
    row("fstatat", 469, 1, {here, 0, to, 0});
    row("fstatat64", 470, 1, {here, 0, to, 0});
    row("statfs", 157, 0, {0, to});
    row("statfs64", 345, 0, {0, to});
    row("getattrlist", 220, 0, {0, word(&type), to, 64, 0});
    row("getattrlistat", 476, 1, {here, 0, word(&type), to, 64, 0});
    row("setattrlist", 221, 0, {0, word(&mode), with, 4, 0});
    row("setattrlistat", 524, 1, {here, 0, word(&mode), with, 4, 0});
    const u64 name = word("name");
    row("getxattr", 234, 0, {0, name, to, 16, 0, 0});
    row("setxattr", 236, 0, {0, name, with, 16, 0, 0});
    row("removexattr", 238, 0, {0, name, 0});
    row("listxattr", 240, 0, {0, to, 64, 0});
    row("fsctl", 242, 0, {0, 0x20006801, to, 0});
    row("quotactl", 165, 0, {0, 0, 0, to});
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    make_file("file", "0123456789");
    (void)symlink("ring", "ring2"), (void)symlink("ring2", "ring");
    memset(long_name, 'n', 256);
    for (u32 n = 0; n < 1024; n++) long_path[n] = n % 2 ? '/' : '.';
    all();
    (void)mkdir("locked", 0);
    ok(in_child([] {
           in_the_child = true;
           if (root() && syscall(126, 54321, 54321).failed()) return 99;
           all();
           return static_cast<i32>(failed_there);
       }) == 0, "through what one may not look into: EACCES");
    return done();
}
