// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: what calls on files and mounts take beside fs.h's structures, for those who use the trampolines of sys/calls.h.
// A struct with a size argument or field beside it grows: give sizeof ours; an older kernel answers E2BIG only if the part
// that it does not know is not zero. Source: include/uapi/linux/{openat2,mount,nsfs,xattr,fs,types,utime}.h, include/linux/fs.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

struct open_how {  // openat2
    u64 flags;
    u64 mode;
    u64 resolve;
};
static_assert(sizeof(open_how) == 24);
constexpr u64 RESOLVE_NO_XDEV = 1, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_NO_SYMLINKS = 4, RESOLVE_BENEATH = 8, RESOLVE_IN_ROOT = 0x10,
              RESOLVE_CACHED = 0x20;

struct file_handle {  // name_to_handle_at, open_by_handle_at: set handle_bytes to the room in f_handle
    u32 handle_bytes;
    i32 handle_type;
    u8 f_handle[128];  // the kernel declares no length; MAX_HANDLE_SZ is the most that there can be
};
static_assert(sizeof(file_handle) == 136 && offsetof(file_handle, f_handle) == 8);

struct utimbuf {
    i64 actime;
    i64 modtime;
};
static_assert(sizeof(utimbuf) == 16);

struct ustat {
    i32 f_tfree;
    u64 f_tinode;
    char f_fname[6];
    char f_fpack[6];
};
static_assert(sizeof(ustat) == 32 && offsetof(ustat, f_tinode) == 8 && offsetof(ustat, f_fpack) == 22);

struct mount_attr {  // mount_setattr
    u64 attr_set;
    u64 attr_clr;
    u64 propagation;
    u64 userns_fd;
};
static_assert(sizeof(mount_attr) == 32);

struct mnt_id_req {  // statmount, listmount
    u32 size;   // 24 up to Linux 6.10, 32 since
    u32 spare;  // a namespace's descriptor since 6.18
    u64 mnt_id;
    u64 param;
    u64 mnt_ns_id;
};
static_assert(sizeof(mnt_id_req) == 32 && offsetof(mnt_id_req, param) == 16);

struct ns_id_req {  // listns
    u32 size;
    u32 spare;
    u64 ns_id;
    u32 ns_type;
    u32 spare2;
    u64 user_ns_id;
};
static_assert(sizeof(ns_id_req) == 32 && offsetof(ns_id_req, user_ns_id) == 24);

struct xattr_args {  // setxattrat, getxattrat
    u64 value;
    u32 size;
    u32 flags;
};
static_assert(sizeof(xattr_args) == 16);

struct file_attr {  // file_getattr, file_setattr
    u64 fa_xflags;
    u32 fa_extsize;
    u32 fa_nextents;
    u32 fa_projid;
    u32 fa_cowextsize;
};
static_assert(sizeof(file_attr) == 24);

}  // namespace trapeze::lnx
