// SPDX-License-Identifier: BSD-3-Clause
// getattrlist, setattrlist and their kin, getattrlistbulk: xnu-11417.121.6 bsd/vfs/vfs_attrlist.c. What an answer has is in
// attributes.cpp and volume.cpp. Of the attributes that can be set the host takes times of content and access, owner, group, mode,
// the flags that it has bits for and Finder information; a birth, a backup, an encoding and the time of an entry are accepted and
// forgotten, as by a file system without them; an access list is EINVAL unless it is none.
#include "tools/xnurun/attributes.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;

// The length that an answer names is that of the whole, even if less fits; of a volume only if FSOPT_REPORT_FULLSIZE asks for it.
Answer get(const Attributed& file, const xnu::attrlist& l, u64 to, u64 size, u32 options) {
    if (size < 4) return fail(xnu::ERANGE);
    if (l.bitmapcount != 5) return fail(xnu::EINVAL);
    Packer p(l, options);
    if (const i32 e = l.volattr ? pack_volume_attributes(p, l, options, file) : pack_file_attributes(p, l, options, file)) return fail(e);
    const u32 given = size < p.needed() ? static_cast<u32>(size) : p.needed();
    const u8* bytes = p.finish(l.volattr && !(options & FSOPT_REPORT_FULLSIZE) ? given : p.needed());
    return copyout(bytes, to, given) ? ok() : fail(xnu::EFAULT);
}

Answer get_at(i32 directory, u64 name, u64 list, u64 to, u64 size, u32 options) {
    xnu::attrlist l;
    if (!copyin(l, list)) return fail(xnu::EFAULT);
    const Path p(name);
    if (p.error) return fail(p.error);
    Attributed file;
    const i64 r = file.open(directory, p.text(), !(options & (FSOPT_NOFOLLOW | FSOPT_NOFOLLOW_ANY)));
    const Answer a = host_failed(r) ? from_host_at(directory, r) : get(file, l, to, size, options);
    file.done();
    return a;
}

class Unpacker {
public:
    Unpacker(const u8* bytes, u64 size) : bytes_(bytes), size_(size) {}
    template <class T>
    bool take(u32 asked, u32 bit, T& v) {
        if (!(asked & bit) || short_) return false;
        if (at_ + sizeof v > size_) return !(short_ = true);
        memcpy(&v, bytes_ + at_, sizeof v);
        at_ += (sizeof v + 3) & ~3ull;
        return true;
    }
    bool is_short() const { return short_; }
    u64 at() const { return at_; }

private:
    const u8* bytes_;
    u64 size_, at_ = 0;
    bool short_ = false;
};

struct Changes {
    lnx::timespec times[2] = {{0, lnx::UTIME_OMIT}, {0, lnx::UTIME_OMIT}};
    u32 uid = ~0u, gid = ~0u, mode = ~0u, flags = 0;
    u8 finder[32];
    bool has_finder = false, has_flags = false;
};

i32 unpack(Changes& c, const xnu::attrlist& l, const u8* bytes, u64 size) {
    Unpacker u(bytes, size);
    xnu::timespec t{};
    u32 unused;
    const u32 a = l.commonattr;
    u.take(a, ATTR_CMN_SCRIPT, unused);
    u.take(a, ATTR_CMN_CRTIME, t);
    if (u.take(a, ATTR_CMN_MODTIME, t)) c.times[1] = {t.tv_sec, t.tv_nsec};
    u.take(a, ATTR_CMN_CHGTIME, t);
    if (u.take(a, ATTR_CMN_ACCTIME, t)) c.times[0] = {t.tv_sec, t.tv_nsec};
    u.take(a, ATTR_CMN_BKUPTIME, t);
    c.has_finder = u.take(a, ATTR_CMN_FNDRINFO, c.finder);
    u.take(a, ATTR_CMN_OWNERID, c.uid);
    u.take(a, ATTR_CMN_GRPID, c.gid);
    u.take(a, ATTR_CMN_ACCESSMASK, c.mode);
    c.has_flags = u.take(a, ATTR_CMN_FLAGS, c.flags);
    const u64 reference_at = u.at();
    u32 reference[2];
    if (u.take(a, ATTR_CMN_EXTENDED_SECURITY, reference)) {
        constexpr u32 header = offsetof(xnu::kauth_filesec, acl_ace);
        xnu::kauth_filesec list;
        const u64 from = reference_at + reference[0];
        if (reference[0] > size || from + header > size) return xnu::EINVAL;
        memcpy(&list, bytes + from, header);
        if (list.fsec_magic != xnu::KAUTH_FILESEC_MAGIC || list.acl_entrycount != 0xffffffff) return xnu::EINVAL;
    }
    xnu::guid_t guid;
    u.take(a, ATTR_CMN_UUID, guid);
    u.take(a, ATTR_CMN_GRPUUID, guid);
    u.take(a, ATTR_CMN_ADDEDTIME, t);
    u.take(a, ATTR_CMN_DATA_PROTECT_FLAGS, unused);
    return u.is_short() ? xnu::EINVAL : 0;
}

Answer set(const Attributed& file, u64 list, u64 from, u64 size) {
    xnu::attrlist l;
    if (!copyin(l, list)) return fail(xnu::EFAULT);
    if (l.bitmapcount != 5) return fail(xnu::EINVAL);
    if (l.volattr ? l.volattr & ~ATTR_VOL_SETMASK || l.commonattr & ~ATTR_CMN_VOLSETMASK || l.fileattr || l.forkattr
                  : l.commonattr & ~ATTR_CMN_SETMASK || l.fileattr & ~ATTR_FILE_DEVTYPE || l.dirattr || l.forkattr)
        return fail(xnu::EINVAL);
    if (!l.commonattr && !(l.volattr & ~ATTR_VOL_INFO) && !l.dirattr && !l.fileattr) return ok();
    u8 bytes[attr_max_buffer];
    if (size > sizeof bytes) return fail(xnu::ENOMEM);
    if (!copyin(bytes, from, size)) return fail(xnu::EFAULT);
    Changes c;
    if (const i32 e = unpack(c, l, bytes, size)) return fail(e);
    if (l.fileattr) return fail(xnu::EINVAL);
    if (l.volattr) return fail(xnu::EPERM);  // the host's volume has no name of ours to change
    char link[32];
    descriptor_link(file.fd, link);
    i64 r = 0;
    // A mode that takes the owner's leave to write comes after what needs it.
    if (c.has_finder) r = host(lnx::SYS_setxattr, link, "user.com.apple.FinderInfo", c.finder, sizeof c.finder, 0);
    if (r == -lnx::EOPNOTSUPP || r == -lnx::EPERM) return fail(r == -lnx::EPERM ? xnu::EPERM : xnu::ENOTSUP);
    const bool timed = c.times[0].tv_nsec != lnx::UTIME_OMIT || c.times[1].tv_nsec != lnx::UTIME_OMIT;
    if (!host_failed(r) && timed) r = host(lnx::SYS_utimensat, file.fd, "", c.times, lnx::AT_EMPTY_PATH);
    if (!host_failed(r) && (c.uid != ~0u || c.gid != ~0u)) r = host(lnx::SYS_fchownat, file.fd, "", c.uid, c.gid, lnx::AT_EMPTY_PATH);
    if (!host_failed(r) && c.mode != ~0u) r = host(lnx::SYS_fchmodat, here, link, c.mode & 07777);
    if (host_failed(r)) return from_host(r);
    return c.has_flags ? set_file_flags(file.fd, c.flags) : ok();
}

Answer set_at(i32 directory, u64 name, u64 list, u64 from, u64 size, u32 options) {
    const Path p(name);
    if (p.error) return fail(p.error);
    Attributed file;
    const i64 r = file.open(directory, p.text(), !(options & (FSOPT_NOFOLLOW | FSOPT_NOFOLLOW_ANY)));
    const Answer a = host_failed(r) ? from_host_at(directory, r) : set(file, list, from, size);
    file.done();
    return a;
}

// The entries that fit, each padded to 8 bytes. One whose attributes cannot be read has its name and its error.
Answer bulk(i32 fd, const xnu::attrlist& l, u64 to, u64 size, u32 options) {
    alignas(8) u8 records[1024];
    u32 count = 0;
    u64 used = 0;
    for (;;) {
        const i64 start = host(lnx::SYS_lseek, fd, 0, lnx::SEEK_CUR);
        const i64 r = host(lnx::SYS_getdents64, fd, records, sizeof records);
        if (host_failed(r)) return from_host(r);
        if (r == 0) return ok(count);
        i64 next = start;
        for (i64 at = 0; at < r;) {
            const auto* d = reinterpret_cast<const lnx::linux_dirent64*>(records + at);
            at += d->d_reclen;
            if (str_eq(d->d_name, ".") || str_eq(d->d_name, "..")) {
                next = d->d_off;
                continue;
            }
            Attributed file;
            Packer p(l, options);
            if (!host_failed(file.open(fd, d->d_name, false))) {
                file.name = d->d_name;
                const i32 e = pack_file_attributes(p, l, options, file);
                file.done();
                if (e) return count ? ok(count) : fail(e);
                u64 length = p.needed(), padded = (length + 7) & ~7ull;
                if (length > size - used) {
                    host(lnx::SYS_lseek, fd, next, lnx::SEEK_SET);
                    return count ? ok(count) : fail(xnu::ERANGE);
                }
                if (padded <= size - used) length = padded;
                if (!copyout(p.finish(static_cast<u32>(length)), to + used, length)) {
                    host(lnx::SYS_lseek, fd, start, lnx::SEEK_SET);
                    return count ? ok(count) : fail(xnu::EFAULT);
                }
                used += length;
                count++;
            }
            next = d->d_off;
        }
    }
}

}  // namespace

Answer bsd_getattrlist(Trap& trap) { return get_at(here, trap.w(0), trap.w(1), trap.w(2), trap.w(3), trap.u(4)); }
Answer bsd_getattrlistat(Trap& trap) {
    return get_at(directory_to_host(trap.i(0)), trap.w(1), trap.w(2), trap.w(3), trap.w(4), trap.u(5));
}
// What is no file is EINVAL.
Answer bsd_fgetattrlist(Trap& trap) {
    if (const i32 wrong = not_file(trap.i(0))) return fail(wrong);
    xnu::attrlist l;
    if (!copyin(l, trap.w(1))) return fail(xnu::EFAULT);
    Attributed file;
    const i64 r = file.take(trap.i(0));
    return host_failed(r) ? from_host(r) : get(file, l, trap.w(2), trap.w(3), trap.u(4));
}
Answer bsd_setattrlist(Trap& trap) { return set_at(here, trap.w(0), trap.w(1), trap.w(2), trap.w(3), trap.u(4)); }
Answer bsd_setattrlistat(Trap& trap) {
    return set_at(directory_to_host(trap.i(0)), trap.w(1), trap.w(2), trap.w(3), trap.w(4), trap.u(5));
}
Answer bsd_fsetattrlist(Trap& trap) {
    if (const i32 wrong = not_file(trap.i(0))) return fail(wrong);
    Attributed file;
    const i64 r = file.take(trap.i(0));
    return host_failed(r) ? from_host(r) : set(file, trap.w(1), trap.w(2), trap.w(3));
}
Answer bsd_getattrlistbulk(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = not_file_of(fd)) return fail(wrong);
    const i64 mode = host(lnx::SYS_fcntl, fd, lnx::F_GETFL);
    if (mode & (lnx::O_PATH | lnx::O_WRONLY)) return fail(xnu::EBADF);
    Attributed folder;
    if (host_failed(folder.take(fd)) || !folder.is_directory()) return fail(xnu::ENOTDIR);
    xnu::attrlist l;
    if (!copyin(l, trap.w(1))) return fail(xnu::EFAULT);
    constexpr u32 required = ATTR_CMN_NAME | ATTR_CMN_RETURNED_ATTRS;
    if (l.volattr || (l.commonattr & required) != required || l.bitmapcount != 5) return fail(xnu::EINVAL);
    return bulk(fd, l, trap.w(2), trap.w(3), trap.u(4) | FSOPT_ATTR_CMN_EXTENDED);
}

}  // namespace trapeze
