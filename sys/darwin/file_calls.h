// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: what calls on files take beside fs.h's structures, for those who use the trampolines of sys/calls.h.
// Source, xnu-11417.121.6: bsd/sys/{mount,mount_internal,attr,kauth}.h, bsd/sys/_types/{_fsid_t,_fsobj_id_t,_guid_t}.h, security/mac.h.
#pragma once
#include "sys/darwin/fs.h"
#include "sys/darwin/time.h"
#include "sys/types.h"

namespace trapeze::xnu {

struct fsid_t {
    i32 val[2];
};
struct fsobj_id_t {
    u32 fid_objno;
    u32 fid_generation;
};
static_assert(sizeof(fsid_t) == 8 && sizeof(fsobj_id_t) == 8);

struct statfs {  // statfs and fstatfs, which libraries left for statfs64 in 10.6: names that are too long are cut
    i16 f_otype;
    i16 f_oflags;
    i64 f_bsize, f_iosize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    fsid_t f_fsid;
    u32 f_owner;
    i16 f_reserved1;
    i16 f_type;
    i64 f_flags;
    i64 f_reserved2[2];
    char f_fstypename[15];
    char f_mntonname[90];
    char f_mntfromname[90];
    char f_reserved3;
    i64 f_reserved4[4];
};
static_assert(sizeof(statfs) == 336 && offsetof(statfs, f_bsize) == 8 && offsetof(statfs, f_fsid) == 64 && offsetof(statfs, f_type) == 78 &&
              offsetof(statfs, f_fstypename) == 104 && offsetof(statfs, f_mntonname) == 119 && offsetof(statfs, f_mntfromname) == 209);

struct fhandle {  // getfh, fhopen
    u32 fh_len;
    u8 fh_data[128];
};
static_assert(sizeof(fhandle) == 132);

struct guid_t {
    alignas(4) u8 g_guid[16];
};
struct kauth_ace {
    guid_t ace_applicable;
    u32 ace_flags;
    u32 ace_rights;
};
constexpr u32 KAUTH_FILESEC_MAGIC = 0x012cc16d;
struct kauth_filesec {  // open_extended, chmod_extended and their kin: owner, group and access control list
    u32 fsec_magic;
    guid_t fsec_owner;
    guid_t fsec_group;
    u32 acl_entrycount;  // 0xffffffff: no list
    u32 acl_flags;
    kauth_ace acl_ace[1];  // and more
};
static_assert(sizeof(guid_t) == 16 && sizeof(kauth_ace) == 24 && sizeof(kauth_filesec) == 68 && offsetof(kauth_filesec, fsec_group) == 20 &&
              offsetof(kauth_filesec, acl_ace) == 44);

struct fssearchblock {  // searchfs
    attrlist* returnattrs;
    void* returnbuffer;
    usize returnbuffersize;
    u64 maxmatches;
    timeval timelimit;
    void* searchparams1;
    usize sizeofsearchparams1;
    void* searchparams2;
    usize sizeofsearchparams2;
    attrlist searchattrs;
};
static_assert(sizeof(fssearchblock) == 104 && offsetof(fssearchblock, timelimit) == 32 && offsetof(fssearchblock, searchattrs) == 80);

struct searchstate {  // where searchfs goes on; zero at first
    u32 ss_union_flags;
    u32 ss_union_layer;
    u8 ss_fsstate[548];
};
static_assert(sizeof(searchstate) == 556);

struct mac {  // __mac_get_file and its kin: a label as text
    usize m_buflen;
    char* m_string;
};
static_assert(sizeof(mac) == 16);

}  // namespace trapeze::xnu
