// SPDX-License-Identifier: BSD-3-Clause
// The attributes of one file, in the order of attr_pack_common, attr_pack_dir, attr_pack_file and attr_pack_common_extended
// (xnu-11417.121.6 bsd/vfs/vfs_attrlist.c), as HFS+ has them: the host knows neither document ids nor generations (0), backups
// (0), Finder information beyond what the extended attribute com.apple.FinderInfo says, nor when an entry was added (its birth).
#include "tools/xnurun/attributes.h"

#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

xnu::timespec time_of(const lnx::statx_timestamp& t) { return {t.tv_sec, t.tv_nsec}; }

const char* last_name(const char* path) {
    const char* name = path;
    for (const char* p = path; *p; p++)
        if (*p == '/' && p[1]) name = p + 1;
    return name;
}

// The accounts that a Mac's directory service makes up for numbers (libkern: kauth_cred_uid2guid of a local user).
xnu::guid_t guid_of(bool group, u32 id) {
    constexpr u8 users[12] = {0xff, 0xff, 0xee, 0xee, 0xdd, 0xdd, 0xcc, 0xcc, 0xbb, 0xbb, 0xaa, 0xaa};
    constexpr u8 groups[12] = {0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef};
    xnu::guid_t g;
    memcpy(g.g_guid, group ? groups : users, 12);
    for (u32 i = 0; i < 4; i++) g.g_guid[12 + i] = static_cast<u8>(id >> (24 - 8 * i));
    return g;
}

u32 access_of(i32 fd) {
    u32 may = 0;
    constexpr i32 effective = 0x200, empty = lnx::AT_EMPTY_PATH;
    for (u32 bit = 1; bit <= 4; bit <<= 1)
        if (!host_failed(host(lnx::SYS_faccessat2, fd, "", bit, effective | empty))) may |= bit;
    return may;
}

u64 parent_of(const char* path) {
    char folder[xnu::MAXPATHLEN + 16];
    usize n = str_len(path);
    while (n > 1 && path[n - 1] != '/') n--;
    while (n > 1 && path[n - 1] == '/') n--;
    memcpy(folder, path, n);
    folder[n] = 0;
    lnx::statx s{};
    if (!str_eq(path, "/")) host(lnx::SYS_statx, lnx::AT_FDCWD, folder, 0, lnx::STATX_BASIC_STATS, &s);
    return str_eq(path, "/") ? 1 : s.stx_ino;  // HFS's kHFSRootParentID
}

struct Facts {
    xnu::guid_t owner, group;
    u64 fsid, parent, resource;
    u8 finder[32];
    bool has_finder;
    u32 access, entries;
    char host_path[xnu::MAXPATHLEN + 16], path[xnu::MAXPATHLEN + 16];
};

void gather(Facts& f, const xnu::attrlist& l, const Attributed& file) {
    f.fsid = static_cast<u64>(vt_hfs) << 32 | static_cast<u32>(host_device(file.s.stx_dev_major, file.s.stx_dev_minor));
    const bool paths = l.commonattr & (ATTR_CMN_NAME | ATTR_CMN_FULLPATH | ATTR_CMN_PAROBJID | ATTR_CMN_PARENTID) || l.forkattr;
    if (paths && path_of_descriptor(file.fd, f.host_path) == 0) {
        memcpy(f.path, f.host_path, str_len(f.host_path) + 1);
        path_to_guest(f.path, sizeof f.path);
    }
    if (l.commonattr & (ATTR_CMN_PAROBJID | ATTR_CMN_PARENTID)) f.parent = parent_of(f.host_path);
    if (l.commonattr & ATTR_CMN_USERACCESS) f.access = access_of(file.fd);
    if (l.commonattr & ATTR_CMN_UUID) f.owner = guid_of(false, file.s.stx_uid);
    if (l.commonattr & ATTR_CMN_GRPUUID) f.group = guid_of(true, file.s.stx_gid);
    char link[32];
    descriptor_link(file.fd, link);
    if (l.commonattr & ATTR_CMN_FNDRINFO)
        f.has_finder = host(lnx::SYS_getxattr, link, "user.com.apple.FinderInfo", f.finder, sizeof f.finder) == sizeof f.finder;
    constexpr u32 forks = ATTR_FILE_TOTALSIZE | ATTR_FILE_ALLOCSIZE | ATTR_FILE_RSRCLENGTH | ATTR_FILE_RSRCALLOCSIZE;
    if (l.fileattr & forks) {
        const i64 r = host(lnx::SYS_getxattr, link, "user.com.apple.ResourceFork", 0, 0);
        f.resource = host_failed(r) ? 0 : static_cast<u64>(r);
    }
    if (l.dirattr & ATTR_DIR_ENTRYCOUNT && file.is_directory()) f.entries = entries_of(file.fd, ".");
}

void common(Packer& p, u32 a, const lnx::statx& s, const Facts& f, const char* name) {
    u32& set = p.actual.common;
    const u64 id = s.stx_ino & 0xffffffff;  // fsobj_id_t: number and generation
    const u32 device = static_cast<u32>(f.fsid);
    p.put(a, ATTR_CMN_ERROR, set, u32{0}, p.all);
    p.text(a, ATTR_CMN_NAME, set, name);
    p.put(a, ATTR_CMN_DEVID, set, device);
    p.put(a, ATTR_CMN_FSID, set, f.fsid);
    p.put(a, ATTR_CMN_OBJTYPE, set, object_type(s.stx_mode));
    p.put(a, ATTR_CMN_OBJTAG, set, vt_hfs);
    p.put(a, ATTR_CMN_OBJID, set, id);
    p.put(a, ATTR_CMN_OBJPERMANENTID, set, id);
    p.put(a, ATTR_CMN_PAROBJID, set, f.parent & 0xffffffff);
    p.put(a, ATTR_CMN_SCRIPT, set, u32{0x7e});  // kTextEncodingMacUnicode
    const xnu::timespec born = time_of(s.stx_mask & lnx::STATX_BTIME ? s.stx_btime : s.stx_mtime);
    p.put(a, ATTR_CMN_CRTIME, set, born);
    p.put(a, ATTR_CMN_MODTIME, set, time_of(s.stx_mtime));
    p.put(a, ATTR_CMN_CHGTIME, set, time_of(s.stx_ctime));
    p.put(a, ATTR_CMN_ACCTIME, set, time_of(s.stx_atime));
    p.put(a, ATTR_CMN_BKUPTIME, set, xnu::timespec{});
    p.put(a, ATTR_CMN_FNDRINFO, set, f.finder, f.has_finder || p.all);
    p.put(a, ATTR_CMN_OWNERID, set, s.stx_uid);
    p.put(a, ATTR_CMN_GRPID, set, s.stx_gid);
    p.put(a, ATTR_CMN_ACCESSMASK, set, static_cast<u32>(s.stx_mode));
    p.put(a, ATTR_CMN_FLAGS, set, file_flags_to_guest(s.stx_attributes));
    p.put(a, ATTR_CMN_GEN_COUNT, set, u32{0}, false);
    p.put(a, ATTR_CMN_DOCUMENT_ID, set, u32{0}, false);
    p.put(a, ATTR_CMN_USERACCESS, set, f.access);
    p.nothing(a, ATTR_CMN_EXTENDED_SECURITY, set);
    p.put(a, ATTR_CMN_UUID, set, f.owner);
    p.put(a, ATTR_CMN_GRPUUID, set, f.group);
    p.put(a, ATTR_CMN_FILEID, set, s.stx_ino);
    p.put(a, ATTR_CMN_PARENTID, set, f.parent);
    p.text(a, ATTR_CMN_FULLPATH, set, f.path);
    p.put(a, ATTR_CMN_ADDEDTIME, set, born);
    p.put(a, ATTR_CMN_DATA_PROTECT_FLAGS, set, u32{0}, false);
}

void of_directory(Packer& p, u32 a, const lnx::statx& s, const Facts& f) {
    u32& set = p.actual.directory;
    const bool root = str_eq(f.path, "/");
    p.put(a, ATTR_DIR_LINKCOUNT, set, u32{1});  // there are hard links to directories, but this has none
    p.put(a, ATTR_DIR_ENTRYCOUNT, set, f.entries);
    p.put(a, ATTR_DIR_MOUNTSTATUS, set, root ? u32{1} : u32{0});
    p.put(a, ATTR_DIR_ALLOCSIZE, set, s.stx_blocks * 512);
    p.put(a, ATTR_DIR_IOBLOCKSIZE, set, s.stx_blksize);
    p.put(a, ATTR_DIR_DATALENGTH, set, s.stx_size);
}

void of_file(Packer& p, u32 a, const lnx::statx& s, const Facts& f) {
    u32& set = p.actual.file;
    const u64 room = s.stx_blocks * 512, resource_room = (f.resource + 4095) & ~4095ull;
    p.put(a, ATTR_FILE_LINKCOUNT, set, s.stx_nlink);
    p.put(a, ATTR_FILE_TOTALSIZE, set, s.stx_size + f.resource);
    p.put(a, ATTR_FILE_ALLOCSIZE, set, room + resource_room);
    p.put(a, ATTR_FILE_IOBLOCKSIZE, set, s.stx_blksize);
    p.put(a, ATTR_FILE_CLUMPSIZE, set, u32{0}, p.all);
    p.put(a, ATTR_FILE_DEVTYPE, set, host_device(s.stx_rdev_major, s.stx_rdev_minor));
    p.put(a, ATTR_FILE_DATALENGTH, set, s.stx_size);
    p.put(a, ATTR_FILE_DATAALLOCSIZE, set, room);
    p.put(a, ATTR_FILE_RSRCLENGTH, set, f.resource);
    p.put(a, ATTR_FILE_RSRCALLOCSIZE, set, resource_room);
}

void extended(Packer& p, u32 a, const lnx::statx& s, const Facts& f) {
    u32& set = p.actual.fork;
    p.text(a, ATTR_CMNEXT_RELPATH, set, str_eq(f.path, "/") ? "" : f.path + 1);  // from the root of the volume
    p.put(a, ATTR_CMNEXT_PRIVATESIZE, set, u64{0}, false);
    p.put(a, ATTR_CMNEXT_LINKID, set, s.stx_ino);
    p.text(a, ATTR_CMNEXT_NOFIRMLINKPATH, set, f.path);
    p.put(a, ATTR_CMNEXT_REALDEVID, set, static_cast<u32>(f.fsid));
    p.put(a, ATTR_CMNEXT_REALFSID, set, f.fsid);
    p.put(a, ATTR_CMNEXT_CLONEID, set, u64{0}, false);
    p.put(a, ATTR_CMNEXT_EXT_FLAGS, set, u64{0}, false);
    p.put(a, ATTR_CMNEXT_RECURSIVE_GENCOUNT, set, u64{0}, false);
    p.put(a, ATTR_CMNEXT_ATTRIBUTION_TAG, set, u64{0}, false);
    p.put(a, ATTR_CMNEXT_CLONE_REFCNT, set, u32{0}, false);
}

}  // namespace

u32 object_type(u32 mode) {
    constexpr u8 types[16] = {0, 7, 4, 0, 2, 0, 3, 0, 1, 0, 5, 0, 6, 0, 0, 0};
    return types[mode >> 12 & 15];
}

i64 Attributed::take(i32 descriptor) {
    fd = descriptor;
    return host(lnx::SYS_statx, fd, "", lnx::AT_EMPTY_PATH, lnx::STATX_BASIC_STATS | lnx::STATX_BTIME, &s);
}

i64 Attributed::open(i32 directory, const char* path, bool follow) {
    const i64 r = open_own(path, lnx::O_PATH | (follow ? 0 : lnx::O_NOFOLLOW), directory);
    if (host_failed(r)) return r;
    owned = true;
    return take(static_cast<i32>(r));
}

void Attributed::done() {
    if (owned) host(lnx::SYS_close, fd);
    owned = false;
}

u32 entries_of(i32 directory, const char* path) {
    const i64 fd = open_own(path, lnx::O_RDONLY | lnx::O_DIRECTORY, directory);
    if (host_failed(fd)) return 0;
    alignas(8) u8 records[4096];
    u32 count = 0;
    for (i64 r; (r = host(lnx::SYS_getdents64, fd, records, sizeof records)) > 0;)
        for (i64 at = 0; at < r; at += reinterpret_cast<const lnx::linux_dirent64*>(records + at)->d_reclen) count++;
    host(lnx::SYS_close, fd);
    return count > 2 ? count - 2 : 0;
}

i32 check_file_attributes(const xnu::attrlist& l, u32 options, bool is_directory) {
    const bool extends = options & FSOPT_ATTR_CMN_EXTENDED;
    if (l.commonattr & (ATTR_CMN_GEN_COUNT | ATTR_CMN_DOCUMENT_ID) && !extends) return xnu::EINVAL;
    if (extends ? l.forkattr & ~ATTR_CMNEXT_VALIDMASK : l.forkattr) return xnu::EINVAL;
    if (options & FSOPT_PACK_INVAL_ATTRS && !(l.commonattr & ATTR_CMN_RETURNED_ATTRS)) return xnu::EINVAL;
    // Of a file only what a file has is looked at, of a directory what that has.
    if (is_directory ? l.dirattr & ~ATTR_DIR_VALIDMASK : l.fileattr & ~ATTR_FILE_PACKED) return xnu::EINVAL;
    // Asked for plainly, what the file system does not know is an error.
    constexpr u32 unknown = ATTR_CMNEXT_PRIVATESIZE | ATTR_CMNEXT_CLONEID | ATTR_CMNEXT_EXT_FLAGS | ATTR_CMNEXT_RECURSIVE_GENCOUNT |
                            ATTR_CMNEXT_ATTRIBUTION_TAG | ATTR_CMNEXT_CLONE_REFCNT;
    const bool plainly = !(l.commonattr & ATTR_CMN_RETURNED_ATTRS);
    if (plainly && (l.forkattr & unknown || l.commonattr & (ATTR_CMN_GEN_COUNT | ATTR_CMN_DOCUMENT_ID))) return xnu::EINVAL;
    return 0;
}

i32 pack_file_attributes(Packer& p, const xnu::attrlist& l, u32 options, const Attributed& file) {
    if (const i32 e = check_file_attributes(l, options, file.is_directory())) return e;
    Facts f{};
    gather(f, l, file);
    const char* name = file.name ? file.name : str_eq(f.path, "/") ? "Macintosh HD" : last_name(f.path);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1 && !p.begin_writing()) return xnu::ENOMEM;
        common(p, l.commonattr & ~ATTR_CMN_RETURNED_ATTRS, file.s, f, name);
        if (file.is_directory()) of_directory(p, l.dirattr, file.s, f);
        else of_file(p, l.fileattr, file.s, f);
        if (options & FSOPT_ATTR_CMN_EXTENDED) extended(p, l.forkattr, file.s, f);
    }
    return 0;
}

}  // namespace trapeze
