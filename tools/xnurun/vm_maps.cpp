// SPDX-License-Identifier: BSD-3-Clause
// See vm_maps.h. What the emulator itself has mapped is told apart by where it lies: its image, and whatever the host puts
// above it without being asked where.
#include "tools/xnurun/vm_maps.h"

#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;
constexpr u64 emulator_low = 0x7e0000000000;

bool own(const HostMapping& m) {
    return hits_emulator(m.low, m.high - m.low) || (m.low >= emulator_low && m.low < guest_stack_top - guest_stack_reserve) ||
           (m.low >= guest_stack_top && m.low != guest_commpage);
}

u64 hex_digits(const char*& p) {
    u64 v = 0;
    for (;; p++) {
        if (*p >= '0' && *p <= '9') v = v << 4 | static_cast<u64>(*p - '0');
        else if (*p >= 'a' && *p <= 'f') v = v << 4 | static_cast<u64>(*p - 'a' + 10);
        else return v;
    }
}

}  // namespace

HostMaps::HostMaps(bool everything)
    : everything_(everything), fd_(open_own("/proc/self/maps", lnx::O_RDONLY)) {}
HostMaps::~HostMaps() {
    if (!host_failed(fd_)) host(lnx::SYS_close, fd_);
}

// low-high rwxp offset device inode path: the fields come within the first 80 bytes, the path may be of any length.
bool HostMaps::line(HostMapping& m) {
    char head[96];
    u32 n = 0;
    for (;;) {
        if (at_ == have_) {
            have_ = host_failed(fd_) ? 0 : host(lnx::SYS_read, fd_, text_, sizeof text_);
            at_ = 0;
            if (have_ <= 0) return have_ = 0, false;
        }
        const char c = text_[at_++];
        if (c == '\n') break;
        if (n < sizeof head - 1) head[n++] = c;
    }
    head[n] = 0;
    const char* p = head;
    m.low = hex_digits(p);
    p++;
    m.high = hex_digits(p);
    p++;
    m.protection = (p[0] == 'r' ? 1u : 0) | (p[1] == 'w' ? 2u : 0) | (p[2] == 'x' ? 4u : 0);
    m.shared = p[3] == 's';
    p += 5;
    m.offset = hex_digits(p);
    while (*p && *p != ':') p++;
    while (*p && *p != ' ') p++;
    if (*p) p++;
    m.inode = 0;
    for (; *p >= '0' && *p <= '9'; p++) m.inode = m.inode * 10 + static_cast<u64>(*p - '0');
    return true;
}

bool HostMaps::next(HostMapping& m) {
    while (whole_.high == whole_.low)
        if (!line(whole_)) return false;
        else if (!everything_ && own(whole_)) whole_.low = whole_.high;
    m = whole_;
    const GuardPart part = guard_part(m.low, m.high);
    m.high = part.high;
    if (part.guards) m.protection = 0;
    if (m.low == guest_commpage) m.protection = 1;  // even before it is made: commpage.h
    whole_.offset += m.high - m.low;
    whole_.low = m.high;
    return true;
}

bool vm_region(u64 from, VmRegion& region) {
    HostMaps maps;
    HostMapping m;
    bool began = false;
    while (maps.next(m)) {
        if (m.high <= from) continue;
        if (!began) {
            // From where its facts are the same: the host joins what XNU keeps apart.
            u64 low = m.low, until;
            RangeFacts facts = range_facts(low, &until);
            while (until <= from && until < m.high) {
                low = until;
                facts = range_facts(low, &until);
            }
            region = {low, (until < m.high ? until : m.high) - low, m.offset + (low - m.low), m.protection, m.shared, m.inode != 0, facts};
            began = true;
            if (until <= m.high) return true;
            continue;
        }
        if (m.low != region.address + region.size || m.protection != region.protection || m.shared != region.shared ||
            (m.inode != 0) != region.file)
            return true;
        u64 until;
        if (range_facts(m.low, &until) != region.facts) return true;
        region.size += (until < m.high ? until : m.high) - m.low;
        if (until <= m.high) return true;
    }
    return began;
}

// The host walks its own list for this and does no more.
bool vm_mapped(u64 at, u64 size) { return !hits_fast(at, size) && !host_failed(host(lnx::SYS_msync, at, size, lnx::MS_ASYNC)); }

bool vm_gap(u64 from, u64 size, u64 mask, u64& at) {
    const u64 end = guest_stack_top - guest_stack_reserve;
    u64 low = ((from < guest_user_min ? guest_user_min : from) + mask) & ~mask;
    HostMaps maps(true);  // the emulator's are in the way too
    HostMapping m;
    while (maps.next(m)) {
        if (m.high <= low) continue;
        if (m.low >= low && m.low - low >= size) break;
        low = (m.high + mask) & ~mask;
    }
    if (low < emulator_low && low + size > emulator_low) return false;
    if (hits_fast(low, size)) return vm_gap(fast_area_high(), size, mask, at);  // nothing else shows that it is taken
    at = low;
    return low + size > low && low + size <= end && !hits_emulator(low, size);
}

u32 vm_resident(u64 at, u64 size) {
    if (size > 4ull << 30) size = 4ull << 30;
    u8 states[1024];
    u32 n = 0;
    for (u64 done = 0; done < size; done += sizeof states * page) {
        const u64 now = size - done < sizeof states * page ? size - done : sizeof states * page;
        if (host_failed(host(lnx::SYS_mincore, at + done, now, states))) continue;
        for (u64 i = 0; i < now / page; i++) n += states[i] & 1;
    }
    return n;
}

}  // namespace trapeze
