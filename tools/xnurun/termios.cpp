// SPDX-License-Identifier: BSD-3-Clause
// See termios.h. Flags: bsd/sys/termios.h on the left, include/uapi/asm-generic/termbits.h on the right. What the host has no flag
// for (ONOEOT, ALTWERASE, NOKERNINFO, the characters DSUSP and STATUS) reads as off and is not kept.
#include "tools/xnurun/termios.h"

#include "sys/mem.h"

namespace trapeze {
namespace {

struct HostTermios {  // struct termios2
    u32 iflag, oflag, cflag, lflag;
    u8 line, cc[19];
    u32 ispeed, ospeed;
};
static_assert(sizeof(HostTermios) == 44);
constexpr u32 tcgets2 = 0x802c542a, tcsets2 = 0x402c542b;
constexpr u32 cbaud = 0x100f, bother = 0x1000;

struct Pair {
    u32 guest, host;
};
constexpr Pair input[] = {{1, 1}, {2, 2}, {4, 4}, {8, 8}, {0x10, 0x10}, {0x20, 0x20}, {0x40, 0x40}, {0x80, 0x80}, {0x100, 0x100},
                          {0x200, 0x400}, {0x400, 0x1000}, {0x800, 0x800}, {0x2000, 0x2000}, {0x4000, 0x4000}};
constexpr Pair output[] = {{1, 1}, {2, 4}, {4, 0x1800}, {0x10, 8}, {0x20, 0x10}, {0x40, 0x20}, {0x80, 0x40}, {0x20000, 0x80}};
constexpr Pair control[] = {{0x100, 0x10}, {0x200, 0x20}, {0x400, 0x40}, {0x800, 0x80}, {0x1000, 0x100}, {0x2000, 0x200},
                            {0x4000, 0x400}, {0x8000, 0x800}, {0x30000, 0x80000000}};
constexpr Pair local[] = {{1, 0x800}, {2, 0x10}, {4, 0x20}, {8, 8}, {0x10, 0x40}, {0x20, 0x400}, {0x40, 0x200}, {0x80, 1}, {0x100, 2},
                          {0x400, 0x8000}, {0x800, 0x10000}, {0x400000, 0x100}, {0x800000, 0x1000}, {0x20000000, 0x4000}, {0x80000000, 0x80}};
// Which of the host's characters each of the guest's is; those that only the guest has are 0xff.
constexpr u8 characters[20] = {4, 11, 16, 2, 14, 3, 12, 0xff, 0, 1, 10, 0xff, 8, 9, 15, 13, 6, 5, 0xff, 0xff};
constexpr u32 vmin = 16, vtime = 17;

template <usize N>
u64 to_guest(const Pair (&pairs)[N], u32 flags) {
    u64 r = 0;
    for (const Pair& p : pairs)
        if ((flags & p.host) == p.host) r |= p.guest;
    return r;
}
template <usize N>
u32 to_host(const Pair (&pairs)[N], u64 flags, u32 before) {
    u32 r = before, set = static_cast<u32>(flags);
    for (const Pair& p : pairs) r = (r & ~p.host) | ((set & p.guest) == p.guest ? p.host : 0);
    return r;
}

}  // namespace

bool is_terminal(i32 fd) {
    HostTermios t;
    return !host_failed(host(lnx::SYS_ioctl, fd, tcgets2, &t));
}

i64 termios_get(i32 fd, GuestTermios& to) {
    HostTermios t;
    const i64 r = host(lnx::SYS_ioctl, fd, tcgets2, &t);
    if (host_failed(r)) return r;
    to = {to_guest(input, t.iflag), to_guest(output, t.oflag), to_guest(control, t.cflag), to_guest(local, t.lflag), {}, 0, t.ispeed, t.ospeed};
    for (u32 i = 0; i < 20; i++) {
        const u32 n = characters[i];
        const bool counts = i == vmin || i == vtime;
        to.cc[i] = n == 0xff || (!t.cc[n] && !counts) ? 0xff : t.cc[n];  // _POSIX_VDISABLE is 0xff there, 0 here
    }
    return 0;
}

i64 termios_set(i32 fd, const GuestTermios& from, u32 when) {
    HostTermios t;
    const i64 r = host(lnx::SYS_ioctl, fd, tcgets2, &t);
    if (host_failed(r)) return r;
    t.iflag = to_host(input, from.iflag, t.iflag);
    t.oflag = to_host(output, from.oflag, t.oflag);
    t.cflag = to_host(control, from.cflag, t.cflag);
    t.lflag = to_host(local, from.lflag, t.lflag);
    if (from.ispeed != t.ispeed || from.ospeed != t.ospeed) {
        t.cflag = (t.cflag & ~(cbaud | cbaud << 16)) | bother | bother << 16;
        t.ispeed = static_cast<u32>(from.ispeed);
        t.ospeed = static_cast<u32>(from.ospeed);
    }
    for (u32 i = 0; i < 20; i++) {
        const u32 n = characters[i];
        if (n == 0xff) continue;
        const bool counts = i == vmin || i == vtime;
        t.cc[n] = from.cc[i] == 0xff && !counts ? u8{0} : from.cc[i];
    }
    return host_blocking(lnx::SYS_ioctl, fd, tcsets2 + when, &t);
}

void slave_to_guest(u32 number, char* to) {
    memcpy(to, "/dev/ttys", 9);
    u32 at = 9, digits = 3;
    for (u32 v = number / 1000; v; v /= 10) digits++;
    for (u32 i = digits; i; number /= 10) to[at + --i] = static_cast<char>('0' + number % 10);
    to[at + digits] = 0;
}

}  // namespace trapeze
