// SPDX-License-Identifier: BSD-3-Clause
// getattrlist and setattrlist: bsd/sys/attr.h, bsd/vfs/vfs_attrlist.c. What programs ask of files: kind, numbers, times, owner,
// sizes, name. The answer is a length, then each attribute that was asked for, in the order of its bit, every one on a
// multiple of 4 bytes; names come last and are pointed to by offset and length.
// Attributes of volumes, of forks, and what needs security descriptors ends the run by its bit.
#include "sys/mem.h"
#include "tools/xnurun/handlers_file.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

enum : u32 {
    cmn_name = 1, cmn_devid = 2, cmn_fsid = 4, cmn_objtype = 8, cmn_objtag = 0x10, cmn_objid = 0x20, cmn_objpermanentid = 0x40,
    cmn_script = 0x100, cmn_crtime = 0x200, cmn_modtime = 0x400, cmn_chgtime = 0x800, cmn_acctime = 0x1000, cmn_bkuptime = 0x2000,
    cmn_fndrinfo = 0x4000, cmn_ownerid = 0x8000, cmn_grpid = 0x10000, cmn_accessmask = 0x20000, cmn_flags = 0x40000,
    cmn_useraccess = 0x200000, cmn_fileid = 0x2000000, cmn_returned_attrs = 0x80000000,
    file_linkcount = 1, file_totalsize = 2, file_allocsize = 4, file_ioblocksize = 8, file_devtype = 0x20, file_datalength = 0x200,
    file_dataallocsize = 0x400, file_rsrclength = 0x1000, file_rsrcallocsize = 0x2000,
    dir_linkcount = 1, dir_entrycount = 2, dir_mountstatus = 4,
    nofollow = 1, report_fullsize = 4,
};

class Buffer {
public:
    template <class T>
    void put(const T& v) { put(&v, sizeof v); }
    void put(const void* from, u32 n) {
        memcpy(bytes_ + used_, from, n);
        used_ = (used_ + n + 3) & ~3u;
    }
    u32 used() const { return used_; }
    u8* at(u32 offset) { return bytes_ + offset; }

private:
    alignas(8) u8 bytes_[1024] = {};
    u32 used_ = 4;  // the length, filled in at the end
};

i32 device(u32 major, u32 minor) { return static_cast<i32>((major & 0xff) << 24 | (minor & 0xffffff)); }
xnu::timespec time_of(const lnx::statx_timestamp& t) { return {t.tv_sec, t.tv_nsec}; }

// vtype (bsd/sys/vnode.h): VREG 1, VDIR 2, VBLK 3, VCHR 4, VLNK 5, VSOCK 6, VFIFO 7
u32 object_type(u16 mode) {
    constexpr u8 types[16] = {0, 7, 4, 0, 2, 0, 3, 0, 1, 0, 5, 0, 6, 0, 0, 0};
    return types[mode >> 12];
}

const char* last_name(const char* path) {
    const char* name = path;
    for (const char* p = path; *p; p++)
        if (*p == '/' && p[1] && p[1] != '/') name = p + 1;
    return name;
}

void common(Buffer& b, u32 asked, const lnx::statx& s, u32& name_at) {
    const u64 id = s.stx_ino & 0xffffffff;  // fsobj_id_t: number and generation
    if (asked & cmn_name) name_at = b.used(), b.put(u64{0});
    if (asked & cmn_devid) b.put(device(s.stx_dev_major, s.stx_dev_minor));
    if (asked & cmn_fsid) b.put(static_cast<u64>(static_cast<u32>(device(s.stx_dev_major, s.stx_dev_minor))));
    if (asked & cmn_objtype) b.put(object_type(s.stx_mode));
    if (asked & cmn_objtag) b.put(u32{17});  // VT_HFS
    if (asked & cmn_objid) b.put(id);
    if (asked & cmn_objpermanentid) b.put(id);
    if (asked & cmn_script) b.put(u32{0});
    if (asked & cmn_crtime) b.put(time_of(s.stx_mask & lnx::STATX_BTIME ? s.stx_btime : s.stx_mtime));
    if (asked & cmn_modtime) b.put(time_of(s.stx_mtime));
    if (asked & cmn_chgtime) b.put(time_of(s.stx_ctime));
    if (asked & cmn_acctime) b.put(time_of(s.stx_atime));
    if (asked & cmn_bkuptime) b.put(xnu::timespec{});
    if (asked & cmn_fndrinfo) {
        const u8 none[32] = {};
        b.put(none, sizeof none);
    }
    if (asked & cmn_ownerid) b.put(s.stx_uid);
    if (asked & cmn_grpid) b.put(s.stx_gid);
    if (asked & cmn_accessmask) b.put(static_cast<u32>(s.stx_mode));
    if (asked & cmn_flags) b.put(u32{0});
    if (asked & cmn_useraccess) b.put(u32{7});
    if (asked & cmn_fileid) b.put(s.stx_ino);
}

void of_file(Buffer& b, u32 asked, const lnx::statx& s) {
    const u64 room = s.stx_blocks * 512;
    if (asked & file_linkcount) b.put(s.stx_nlink);
    if (asked & file_totalsize) b.put(s.stx_size);
    if (asked & file_allocsize) b.put(room);
    if (asked & file_ioblocksize) b.put(s.stx_blksize);
    if (asked & file_devtype) b.put(device(s.stx_rdev_major, s.stx_rdev_minor));
    if (asked & file_datalength) b.put(s.stx_size);
    if (asked & file_dataallocsize) b.put(room);
    if (asked & file_rsrclength) b.put(u64{0});
    if (asked & file_rsrcallocsize) b.put(u64{0});
}

void of_directory(Buffer& b, u32 asked, const lnx::statx& s) {
    if (asked & dir_linkcount) b.put(s.stx_nlink);
    if (asked & dir_entrycount) b.put(s.stx_nlink > 2 ? s.stx_nlink - 2 : 0);
    if (asked & dir_mountstatus) b.put(u32{0});
}

Answer get(i32 directory, const char* path, i32 host_flags, u64 list_at, u64 to, u64 size, u32 options) {
    xnu::attrlist l;
    if (!copyin(l, list_at)) return fail(xnu::EFAULT);
    if (l.bitmapcount != 5) return fail(xnu::EINVAL);
    constexpr u32 known = cmn_name | cmn_devid | cmn_fsid | cmn_objtype | cmn_objtag | cmn_objid | cmn_objpermanentid | cmn_script | 0x7e00 |
                          cmn_ownerid | cmn_grpid | cmn_accessmask | cmn_flags | cmn_useraccess | cmn_fileid | cmn_returned_attrs;
    if (l.commonattr & ~known || l.volattr || l.forkattr || l.fileattr & ~0x362fu || l.dirattr & ~7u || (l.commonattr & cmn_name && !*path))
        give_up("getattrlist of common ", hex(l.commonattr), " volume ", hex(l.volattr), " directory ", hex(l.dirattr), " file ", hex(l.fileattr),
                " fork ", hex(l.forkattr), " is not emulated");
    lnx::statx s;
    const i64 r = host(lnx::SYS_statx, directory, path, host_flags, lnx::STATX_BASIC_STATS | lnx::STATX_BTIME, &s);
    if (host_failed(r)) return from_host(r);
    const bool is_directory = (s.stx_mode & lnx::S_IFMT) == lnx::S_IFDIR;
    Buffer b;
    if (l.commonattr & cmn_returned_attrs) {
        const u32 returned[5] = {l.commonattr, 0, is_directory ? l.dirattr : 0, is_directory ? 0 : l.fileattr, 0};
        b.put(returned, sizeof returned);
    }
    u32 name_at = 0;
    common(b, l.commonattr, s, name_at);
    if (is_directory) of_directory(b, l.dirattr, s);
    else of_file(b, l.fileattr, s);
    if (name_at) {
        const char* name = last_name(path);
        u32 n = 0;
        while (name[n] && name[n] != '/') n++;
        const u32 reference[2] = {b.used() - name_at, n + 1};
        memcpy(b.at(name_at), reference, sizeof reference);
        b.put(name, n);
        if (n % 4 == 0) b.put(u32{0});  // room for the NUL
    }
    const u64 given = b.used() < size ? b.used() : size;
    const u32 length = options & report_fullsize ? b.used() : static_cast<u32>(given);
    memcpy(b.at(0), &length, 4);
    return size < 4 || !copyout(b.at(0), to, given) ? fail(size < 4 ? xnu::ERANGE : xnu::EFAULT) : ok();
}

// CRTIME, MODTIME, CHGTIME (refused), ACCTIME, BKUPTIME, FNDRINFO, OWNERID, GRPID, ACCESSMASK, FLAGS, packed in this order.
Answer set(i32 directory, const char* path, i32 host_flags, u64 list_at, u64 from, u64 size) {
    xnu::attrlist l;
    if (!copyin(l, list_at)) return fail(xnu::EFAULT);
    if (l.bitmapcount != 5) return fail(xnu::EINVAL);
    constexpr u32 known = cmn_crtime | cmn_modtime | cmn_acctime | cmn_bkuptime | cmn_ownerid | cmn_grpid | cmn_accessmask | cmn_flags;
    if (l.commonattr & ~known || l.volattr || l.dirattr || l.fileattr || l.forkattr) return fail(xnu::EINVAL);
    u8 bytes[128];
    if (size > sizeof bytes) return fail(xnu::ENOMEM);
    if (!copyin(bytes, from, size)) return fail(xnu::EFAULT);
    u64 at = 0;
    bool short_of = false;
    auto take = [&](u32 bit, auto& v) {
        if (!(l.commonattr & bit) || short_of) return false;
        if (at + sizeof v > size) return !(short_of = true);
        memcpy(&v, bytes + at, sizeof v);
        at += sizeof v;
        return true;
    };
    xnu::timespec t{}, unused{};
    constexpr lnx::timespec keep{0, lnx::UTIME_OMIT};
    lnx::timespec times[2] = {keep, keep};
    u32 uid = ~0u, gid = ~0u, mode = ~0u, flags = 0;
    take(cmn_crtime, unused);
    if (take(cmn_modtime, t)) times[1] = {t.tv_sec, t.tv_nsec};
    if (take(cmn_acctime, t)) times[0] = {t.tv_sec, t.tv_nsec};
    take(cmn_bkuptime, unused);
    take(cmn_ownerid, uid);
    take(cmn_grpid, gid);
    take(cmn_accessmask, mode);
    take(cmn_flags, flags);
    if (short_of) return fail(xnu::EINVAL);
    if (flags) return fail(xnu::ENOTSUP);
    i64 r = host(lnx::SYS_utimensat, directory, *path ? path : nullptr, times, *path ? host_flags : 0);
    if (!host_failed(r) && (uid != ~0u || gid != ~0u))
        r = host(lnx::SYS_fchownat, directory, path, uid, gid, host_flags);
    if (!host_failed(r) && mode != ~0u)
        r = *path ? host(lnx::SYS_fchmodat, directory, path, mode & 07777) : host(lnx::SYS_fchmod, directory, mode & 07777);
    return host_failed(r) ? from_host(r) : ok();
}

constexpr i32 here = lnx::AT_FDCWD;
i32 follow(u32 options) { return options & nofollow ? lnx::AT_SYMLINK_NOFOLLOW : 0; }

}  // namespace

Answer bsd_getattrlist(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : get(here, p.text(), follow(trap.u(4)), trap.w(1), trap.w(2), trap.w(3), trap.u(4));
}
Answer bsd_getattrlistat(Trap& trap) {
    const Path p(trap.w(1));
    return p.error ? fail(p.error) : get(directory_to_host(trap.i(0)), p.text(), follow(trap.u(5)), trap.w(2), trap.w(3), trap.w(4), trap.u(5));
}
Answer bsd_fgetattrlist(Trap& trap) {
    return trap.i(0) < 0 ? fail(xnu::EBADF) : get(trap.i(0), "", lnx::AT_EMPTY_PATH, trap.w(1), trap.w(2), trap.w(3), trap.u(4));
}
Answer bsd_setattrlist(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : set(here, p.text(), follow(trap.u(4)), trap.w(1), trap.w(2), trap.w(3));
}
Answer bsd_setattrlistat(Trap& trap) {
    const Path p(trap.w(1));
    return p.error ? fail(p.error) : set(directory_to_host(trap.i(0)), p.text(), follow(trap.u(5)), trap.w(2), trap.w(3), trap.w(4));
}
Answer bsd_fsetattrlist(Trap& trap) {
    return trap.i(0) < 0 ? fail(xnu::EBADF) : set(trap.i(0), "", lnx::AT_EMPTY_PATH, trap.w(1), trap.w(2), trap.w(3));
}

}  // namespace trapeze
