// SPDX-License-Identifier: BSD-3-Clause
// The one file system that there is, mounted on the root: the statfs family in both layouts, and its attributes as getattrlist
// packs them (getvolattrlist, xnu-11417.121.6 bsd/vfs/vfs_attrlist.c). Its sizes are those of the host's at the path; its kind is
// what 10.11 had, HFS+, case-sensitive and with extended attributes, as far as the host's calls do what that kind does.
#include "tools/xnurun/attributes.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr char type_name[] = "hfs", mounted_on[] = "/", mounted_from[] = "/dev/disk0s2", volume_name[] = "Macintosh HD";
constexpr u32 mount_flags = 0x0480d000;  // MNT_ROOTFS, LOCAL, JOURNALED, DOVOLFS, MULTILABEL as `mount` shows them of a root

i32 device_of(i32 directory, const char* path) {
    lnx::statx s{};
    host(lnx::SYS_statx, directory, path, *path ? 0 : lnx::AT_EMPTY_PATH, lnx::STATX_BASIC_STATS, &s);
    return host_device(s.stx_dev_major, s.stx_dev_minor);
}

// A cut of what is too long for the old layout never happens with these names.
template <class S>
void name_it(S& d) {
    memcpy(d.f_fstypename, type_name, sizeof type_name);
    memcpy(d.f_mntonname, mounted_on, sizeof mounted_on);
    memcpy(d.f_mntfromname, mounted_from, sizeof mounted_from);
}

xnu::statfs64 wide(const lnx::statfs& s, i32 device) {
    xnu::statfs64 d{};
    d.f_bsize = static_cast<u32>(s.f_bsize);
    d.f_iosize = static_cast<i32>(s.f_bsize);
    d.f_blocks = s.f_blocks;
    d.f_bfree = s.f_bfree;
    d.f_bavail = s.f_bavail;
    d.f_files = s.f_files;
    d.f_ffree = s.f_ffree;
    d.f_fsid[0] = device;
    d.f_fsid[1] = static_cast<i32>(vt_hfs);
    d.f_type = vt_hfs;
    d.f_flags = mount_flags;
    name_it(d);
    return d;
}

xnu::statfs narrow(const lnx::statfs& s, i32 device) {
    xnu::statfs d{};
    d.f_bsize = d.f_iosize = s.f_bsize;
    d.f_blocks = static_cast<i64>(s.f_blocks);
    d.f_bfree = static_cast<i64>(s.f_bfree);
    d.f_bavail = static_cast<i64>(s.f_bavail);
    d.f_files = static_cast<i64>(s.f_files);
    d.f_ffree = static_cast<i64>(s.f_ffree);
    d.f_fsid = {{device, static_cast<i32>(vt_hfs)}};
    d.f_type = static_cast<i16>(vt_hfs);
    d.f_flags = mount_flags & 0xfffffff;
    name_it(d);
    return d;
}

Answer give(i64 r, const lnx::statfs& s, i32 device, u64 to, bool is_wide) {
    if (host_failed(r)) return from_host(r);
    return (is_wide ? copyout(wide(s, device), to) : copyout(narrow(s, device), to)) ? ok() : fail(xnu::EFAULT);
}

Answer of_path(Trap& trap, bool is_wide) {
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    lnx::statfs s{};
    const i64 r = host(lnx::SYS_statfs, path.text(), &s);
    return give(r, s, host_failed(r) ? 0 : device_of(lnx::AT_FDCWD, path.text()), trap.w(1), is_wide);
}

Answer of_descriptor(Trap& trap, bool is_wide) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = not_file(fd)) return fail(wrong);
    lnx::statfs s{};
    const i64 r = host(lnx::SYS_fstatfs, fd, &s);
    return give(r, s, device_of(fd, ""), trap.w(1), is_wide);
}

// How many there are, or as many as fit. MNT_WAIT 1, MNT_NOWAIT 2, MNT_DWAIT 4: all that there can be asked for.
Answer all(Trap& trap, bool is_wide) {
    if (trap.i(1) < 0) return fail(xnu::EINVAL);
    if (!trap.w(0)) return ok(1);
    if (trap.u(1) < (is_wide ? sizeof(xnu::statfs64) : sizeof(xnu::statfs))) return ok(0);
    lnx::statfs s{};
    const i64 r = host(lnx::SYS_statfs, "/", &s);
    const Answer a = give(r, s, device_of(lnx::AT_FDCWD, "/"), trap.w(0), is_wide);
    return a.kind == Answer::value ? ok(1) : a;
}

enum : u32 {
    FSTYPE = 1, SIGNATURE = 2, SIZE = 4, SPACEFREE = 8, SPACEAVAIL = 0x10, MINALLOCATION = 0x20, ALLOCATIONCLUMP = 0x40, IOBLOCKSIZE = 0x80,
    OBJCOUNT = 0x100, FILECOUNT = 0x200, DIRCOUNT = 0x400, MAXOBJCOUNT = 0x800, MOUNTPOINT = 0x1000, MOUNTFLAGS = 0x4000,
    MOUNTEDDEVICE = 0x8000, ENCODINGSUSED = 0x10000, CAPABILITIES = 0x20000, UUID = 0x40000, MOUNTEXTFLAGS = 0x80000,
    FSTYPENAME = 0x100000, FSSUBTYPE = 0x200000, OWNER = 0x400000, SPACEUSED = 0x800000, QUOTA_SIZE = 0x10000000,
    RESERVED_SIZE = 0x20000000, ATTRIBUTES = 0x40000000,
};

struct Capabilities {
    u32 capabilities[4], valid[4];
};

void common(Packer& p, u32 a, const Attributed& root, u64 fsid) {
    u32& set = p.actual.common;
    const auto time = [](const lnx::statx_timestamp& t) { return xnu::timespec{t.tv_sec, t.tv_nsec}; };
    const xnu::timespec changed = time(root.s.stx_mtime);
    p.put(a, ATTR_CMN_ERROR, set, u32{0});
    p.text(a, ATTR_CMN_NAME, set, volume_name);
    p.put(a, ATTR_CMN_DEVID, set, static_cast<u32>(fsid));
    p.put(a, ATTR_CMN_FSID, set, fsid);
    p.put(a, ATTR_CMN_OBJTYPE, set, u32{0}, false);
    p.put(a, ATTR_CMN_OBJTAG, set, vt_hfs);
    p.put(a, ATTR_CMN_OBJID, set, u64{0}, false);
    p.put(a, ATTR_CMN_OBJPERMANENTID, set, u64{0}, false);
    p.put(a, ATTR_CMN_PAROBJID, set, u64{0}, false);
    p.put(a, ATTR_CMN_SCRIPT, set, u32{0x7e});
    p.put(a, ATTR_CMN_CRTIME, set, root.s.stx_mask & lnx::STATX_BTIME ? time(root.s.stx_btime) : changed);
    p.put(a, ATTR_CMN_MODTIME, set, changed);
    p.put(a, ATTR_CMN_CHGTIME, set, changed, p.all);
    p.put(a, ATTR_CMN_ACCTIME, set, time(root.s.stx_atime));
    p.put(a, ATTR_CMN_BKUPTIME, set, xnu::timespec{});
    const u8 finder[32] = {};
    p.put(a, ATTR_CMN_FNDRINFO, set, finder);
    p.put(a, ATTR_CMN_OWNERID, set, root.s.stx_uid);
    p.put(a, ATTR_CMN_GRPID, set, root.s.stx_gid);
    p.put(a, ATTR_CMN_ACCESSMASK, set, static_cast<u32>(root.s.stx_mode & 07777));
    p.put(a, ATTR_CMN_FLAGS, set, u32{0});
    p.put(a, ATTR_CMN_USERACCESS, set, u32{5});
}

void of_volume(Packer& p, u32 a, const lnx::statfs& s) {
    u32& set = p.actual.volume;
    const u64 block = static_cast<u64>(s.f_bsize);
    const u32 used = static_cast<u32>(s.f_files - s.f_ffree);
    // VOL_CAP_FMT: persistent ids, both links, sparse files, zero runs, case-sensitive and -preserving, fast statfs, 2 TB, hidden
    // files, 64-bit ids. VOL_CAP_INT: attrlist, allocate, advlock, flock, useraccess, extended attributes, rename swap and excl, holes.
    constexpr u32 formats = 0x0002274f & ~8u, interfaces = 0x00800000 | 0x000c0000 | 0x4000 | 0x800 | 0x300 | 0x40 | 2;
    constexpr Capabilities can{{formats, interfaces, 0, 0}, {0x0fffffff, 0x00ff7fff, 0, 0}};
    p.put(a, FSTYPE, set, vt_hfs);
    p.put(a, SIGNATURE, set, u32{0x482b});  // "H+"
    p.put(a, SIZE, set, block * s.f_blocks);
    p.put(a, SPACEFREE, set, block * s.f_bfree);
    p.put(a, SPACEAVAIL, set, block * s.f_bavail);
    p.put(a, SPACEUSED, set, block * (s.f_blocks - s.f_bfree));
    p.put(a, MINALLOCATION, set, block);
    p.put(a, ALLOCATIONCLUMP, set, block);
    p.put(a, IOBLOCKSIZE, set, static_cast<u32>(block));
    p.put(a, OBJCOUNT, set, used);
    p.put(a, FILECOUNT, set, used);
    p.put(a, DIRCOUNT, set, u32{0});
    p.put(a, MAXOBJCOUNT, set, u32{0xffffffff});
    p.text(a, MOUNTPOINT, set, mounted_on);
    p.text(a, ATTR_VOL_NAME, set, volume_name);
    p.put(a, MOUNTFLAGS, set, mount_flags);
    p.text(a, MOUNTEDDEVICE, set, mounted_from);
    p.put(a, ENCODINGSUSED, set, ~u64{0}, false);
    p.put(a, CAPABILITIES, set, can);
    struct {
        u8 bytes[16];
    } uuid{};
    memcpy(uuid.bytes, &s.f_fsid, 8);
    p.put(a, UUID, set, uuid);
    p.put(a, MOUNTEXTFLAGS, set, u32{0});
    p.put(a, QUOTA_SIZE, set, u64{0});
    p.put(a, RESERVED_SIZE, set, u64{0});
    const AttributeSet both[2] = {{0xbfffffff, ATTR_VOL_VALIDMASK, ATTR_DIR_VALIDMASK, ATTR_FILE_PACKED, 0},
                                  {0x8fefffff & ~0x180000u, ATTR_VOL_VALIDMASK, 7, ATTR_FILE_PACKED, 0}};
    p.put(a, ATTRIBUTES, set, both);
    p.text(a, FSTYPENAME, set, type_name);
    p.put(a, FSSUBTYPE, set, u32{0});
    p.put(a, OWNER, set, u32{0});
}

}  // namespace

i32 pack_volume_attributes(Packer& p, const xnu::attrlist& l, u32 options, const Attributed& file) {
    const bool returned = l.commonattr & ATTR_CMN_RETURNED_ATTRS, invalid = options & FSOPT_PACK_INVAL_ATTRS;
    if (l.fileattr || l.dirattr || (l.forkattr && !(options & FSOPT_ATTR_CMN_EXTENDED))) return xnu::EINVAL;
    if (invalid && !returned) return xnu::EINVAL;
    constexpr u32 of_files_alone = ATTR_CMN_EXTENDED_SECURITY | ATTR_CMN_UUID | ATTR_CMN_GRPUUID | ATTR_CMN_FILEID | ATTR_CMN_PARENTID;
    constexpr u32 known = 0x7ffff | ATTR_CMN_USERACCESS | ATTR_CMN_ERROR | ATTR_CMN_RETURNED_ATTRS;
    if (l.commonattr & ~(known | (returned ? of_files_alone : 0)) || l.volattr & ~ATTR_VOL_VALIDMASK) return xnu::EINVAL;
    lnx::statfs s{};
    host(lnx::SYS_fstatfs, file.fd, &s);
    Attributed root;
    if (host_failed(root.open(lnx::AT_FDCWD, "/", true))) return xnu::EINVAL;
    const u64 fsid = static_cast<u64>(vt_hfs) << 32 | static_cast<u32>(host_device(file.s.stx_dev_major, file.s.stx_dev_minor));
    i32 error = 0;
    for (int pass = 0; pass < 2 && !error; pass++) {
        if (pass == 1 && !p.begin_writing()) error = xnu::ENOMEM;
        common(p, l.commonattr, root, fsid);
        if (invalid) {  // only what FSOPT_PACK_INVAL_ATTRS asks for has a place
            u32 none = 0;
            p.nothing(l.commonattr, ATTR_CMN_EXTENDED_SECURITY, none);
            p.put(l.commonattr, ATTR_CMN_UUID, none, xnu::guid_t{}, false);
            p.put(l.commonattr, ATTR_CMN_GRPUUID, none, xnu::guid_t{}, false);
            p.put(l.commonattr, ATTR_CMN_FILEID, none, u64{0}, false);
            p.put(l.commonattr, ATTR_CMN_PARENTID, none, u64{0}, false);
        }
        of_volume(p, l.volattr, s);
    }
    root.done();
    return error;
}

Answer bsd_statfs(Trap& trap) { return of_path(trap, false); }
Answer bsd_fstatfs(Trap& trap) { return of_descriptor(trap, false); }
Answer bsd_getfsstat(Trap& trap) { return all(trap, false); }
Answer bsd_statfs64(Trap& trap) { return of_path(trap, true); }
Answer bsd_fstatfs64(Trap& trap) { return of_descriptor(trap, true); }
Answer bsd_getfsstat64(Trap& trap) { return all(trap, true); }

}  // namespace trapeze
