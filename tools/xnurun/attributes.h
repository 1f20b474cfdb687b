// SPDX-License-Identifier: BSD-3-Clause
// What getattrlist and its kin share: the bits, and the packer that lays an answer out as bsd/vfs/vfs_attrlist.c does.
//
// An answer is its length, the set of attributes that it has (if ATTR_CMN_RETURNED_ATTRS asks for it), every attribute in the
// kernel's order on a multiple of 4, then the texts, to which the fixed part points by offset and length. The fixed part has the
// size of all that was asked for, even if something is left out because the file system does not know it: so an answer is
// packed twice, first to measure it.
#pragma once
#include "sys/darwin/file_calls.h"
#include "sys/linux/fs.h"
#include "sys/mem.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

enum : u32 {  // bsd/sys/attr.h
    ATTR_CMN_NAME = 1, ATTR_CMN_DEVID = 2, ATTR_CMN_FSID = 4, ATTR_CMN_OBJTYPE = 8, ATTR_CMN_OBJTAG = 0x10, ATTR_CMN_OBJID = 0x20,
    ATTR_CMN_OBJPERMANENTID = 0x40, ATTR_CMN_PAROBJID = 0x80, ATTR_CMN_SCRIPT = 0x100, ATTR_CMN_CRTIME = 0x200,
    ATTR_CMN_MODTIME = 0x400, ATTR_CMN_CHGTIME = 0x800, ATTR_CMN_ACCTIME = 0x1000, ATTR_CMN_BKUPTIME = 0x2000,
    ATTR_CMN_FNDRINFO = 0x4000, ATTR_CMN_OWNERID = 0x8000, ATTR_CMN_GRPID = 0x10000, ATTR_CMN_ACCESSMASK = 0x20000,
    ATTR_CMN_FLAGS = 0x40000, ATTR_CMN_GEN_COUNT = 0x80000, ATTR_CMN_DOCUMENT_ID = 0x100000, ATTR_CMN_USERACCESS = 0x200000,
    ATTR_CMN_EXTENDED_SECURITY = 0x400000, ATTR_CMN_UUID = 0x800000, ATTR_CMN_GRPUUID = 0x1000000, ATTR_CMN_FILEID = 0x2000000,
    ATTR_CMN_PARENTID = 0x4000000, ATTR_CMN_FULLPATH = 0x8000000, ATTR_CMN_ADDEDTIME = 0x10000000, ATTR_CMN_ERROR = 0x20000000,
    ATTR_CMN_DATA_PROTECT_FLAGS = 0x40000000, ATTR_CMN_RETURNED_ATTRS = 0x80000000, ATTR_CMN_SETMASK = 0x51c7ff00,
    ATTR_CMN_VOLSETMASK = 0x6700,
    ATTR_VOL_NAME = 0x2000, ATTR_VOL_INFO = 0x80000000, ATTR_VOL_VALIDMASK = 0xf0ffffff, ATTR_VOL_SETMASK = 0x80002000,
    ATTR_DIR_LINKCOUNT = 1, ATTR_DIR_ENTRYCOUNT = 2, ATTR_DIR_MOUNTSTATUS = 4, ATTR_DIR_ALLOCSIZE = 8, ATTR_DIR_IOBLOCKSIZE = 0x10,
    ATTR_DIR_DATALENGTH = 0x20, ATTR_DIR_VALIDMASK = 0x3f,
    ATTR_FILE_LINKCOUNT = 1, ATTR_FILE_TOTALSIZE = 2, ATTR_FILE_ALLOCSIZE = 4, ATTR_FILE_IOBLOCKSIZE = 8, ATTR_FILE_CLUMPSIZE = 0x10,
    ATTR_FILE_DEVTYPE = 0x20, ATTR_FILE_DATALENGTH = 0x200, ATTR_FILE_DATAALLOCSIZE = 0x400, ATTR_FILE_RSRCLENGTH = 0x1000,
    ATTR_FILE_RSRCALLOCSIZE = 0x2000, ATTR_FILE_PACKED = 0x363f,
    ATTR_CMNEXT_RELPATH = 4, ATTR_CMNEXT_PRIVATESIZE = 8, ATTR_CMNEXT_LINKID = 0x10, ATTR_CMNEXT_NOFIRMLINKPATH = 0x20,
    ATTR_CMNEXT_REALDEVID = 0x40, ATTR_CMNEXT_REALFSID = 0x80, ATTR_CMNEXT_CLONEID = 0x100, ATTR_CMNEXT_EXT_FLAGS = 0x200,
    ATTR_CMNEXT_RECURSIVE_GENCOUNT = 0x400, ATTR_CMNEXT_ATTRIBUTION_TAG = 0x800, ATTR_CMNEXT_CLONE_REFCNT = 0x1000,
    ATTR_CMNEXT_VALIDMASK = 0x1ffc,
    FSOPT_NOFOLLOW = 1, FSOPT_REPORT_FULLSIZE = 4, FSOPT_PACK_INVAL_ATTRS = 8, FSOPT_ATTR_CMN_EXTENDED = 0x20, FSOPT_NOFOLLOW_ANY = 0x800,
};
constexpr u32 attr_max_buffer = 8192;
constexpr u32 vt_hfs = 17;

struct AttributeSet {
    u32 common, volume, directory, file, fork;
};

class Packer {
public:
    Packer(const xnu::attrlist& asked, u32 options)
        : all(!(asked.commonattr & ATTR_CMN_RETURNED_ATTRS) || options & FSOPT_PACK_INVAL_ATTRS),
          returned_(asked.commonattr & ATTR_CMN_RETURNED_ATTRS) {}

    // After the measuring pass: false if the whole is larger than XNU takes (ENOMEM).
    bool begin_writing() {
        fixed_size_ = begin() + fixed_;
        needed_ = fixed_size_ + texts_;
        measuring_ = false;
        fixed_ = begin();
        texts_ = fixed_size_;
        return needed_ <= attr_max_buffer;
    }

    template <class T>
    void put(u32 asked, u32 bit, u32& actual, const T& v, bool known = true) {
        if (!(asked & bit)) return;
        fixed(&v, sizeof v, bit, actual, known);
    }
    // With its NUL.
    void text(u32 asked, u32 bit, u32& actual, const char* s) {
        if (!(asked & bit)) return;
        u32 n = static_cast<u32>(str_len(s)) + 1;
        const u32 reference[2] = {measuring_ ? 0 : texts_ - fixed_, n};
        fixed(reference, sizeof reference, bit, actual, true);
        if (!measuring_ && texts_ + n <= attr_max_buffer) memcpy(bytes_ + texts_, s, n);
        texts_ += (n + 3) & ~3u;
    }
    // A reference to nothing, where there could be an access list.
    void nothing(u32 asked, u32 bit, u32& actual) {
        if (!(asked & bit)) return;
        const u32 reference[2] = {measuring_ ? 0 : texts_ - fixed_, 0};
        fixed(reference, sizeof reference, bit, actual, false, true);
    }

    // The finished answer: its length and set filled in.
    const u8* finish(u32 length) {
        memcpy(bytes_, &length, 4);
        if (returned_) {
            actual.common |= ATTR_CMN_RETURNED_ATTRS;
            memcpy(bytes_ + 4, &actual, sizeof actual);
        }
        return bytes_;
    }
    u32 needed() const { return needed_; }
    AttributeSet actual{};
    const bool all;  // what is not known is there as zeros

private:
    u32 begin() const { return returned_ ? 4 + sizeof(AttributeSet) : 4; }
    void fixed(const void* from, u32 n, u32 bit, u32& set, bool known, bool as_it_is = false) {
        if (!measuring_ && !known && !all) return;
        if (!measuring_ && fixed_ + n <= attr_max_buffer && (known || as_it_is)) memcpy(bytes_ + fixed_, from, n);
        if (!measuring_ && known) set |= bit;
        fixed_ += (n + 3) & ~3u;
    }

    const bool returned_;
    bool measuring_ = true;
    u32 fixed_ = 0, texts_ = 0, fixed_size_ = 0, needed_ = 0;
    alignas(8) u8 bytes_[attr_max_buffer] = {};
};

// A file that is asked for attributes: a descriptor of the host (O_PATH, or the guest's), and what is known of it.
struct Attributed {
    i32 fd = -1;
    bool owned = false;
    lnx::statx s{};
    const char* name = nullptr;  // as a directory's entry says; null: the last one of its path
    i64 open(i32 directory, const char* path, bool follow);  // 0 or -errno
    i64 take(i32 descriptor);
    void done();
    bool is_directory() const { return (s.stx_mode & lnx::S_IFMT) == lnx::S_IFDIR; }
};

// Packs file attributes into p, measured and written. 0 or Darwin's errno.
i32 pack_file_attributes(Packer& p, const xnu::attrlist& asked, u32 options, const Attributed& file);
i32 pack_volume_attributes(Packer& p, const xnu::attrlist& asked, u32 options, const Attributed& file);
i32 check_file_attributes(const xnu::attrlist& asked, u32 options, bool is_directory);  // EINVAL for unknown bits
u32 object_type(u32 mode);  // vtype (bsd/sys/vnode.h)
u32 entries_of(i32 directory, const char* path);

}  // namespace trapeze
#pragma GCC visibility pop
