// SPDX-License-Identifier: BSD-3-Clause
// poll and ioctl.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

struct Poll {
    i32 fd;
    i16 events, revents;
};

// poll is a look through EVFILT_READ and EVFILT_WRITE (bsd/kern/sys_generic.c poll, poll_callback): what asks for neither is not
// looked at, not even for POLLNVAL; a reader's or writer's end is POLLHUP, with which nothing is writable; POLLERR does not come.
constexpr i16 read_bits = 1 | 2 | 0x40 | 0x80 | 0x10, write_bits = 4 | 0x100;
enum : i16 { h_in = 1, h_pri = 2, h_out = 4, h_err = 8, h_hup = 0x10, h_nval = 0x20, h_rdhup = 0x2000 };

i16 poll_to_linux(i16 events) {
    i16 r = 0;
    if (events & read_bits) r |= h_in | h_rdhup;
    if (events & 0x82) r |= h_pri;
    if (events & write_bits) r |= h_out;
    return r;
}

// A connection-based socket that was never connected: Linux calls it hung up, XNU neither readable nor writable.
bool unconnected(i32 fd, i16 host_says) {
    if ((host_says & (h_hup | h_rdhup | h_in | h_err)) != h_hup || !may_be_socket(fd)) return false;
    Poll look{fd, h_in | h_rdhup, 0};
    host(lnx::SYS_poll, &look, 1, 0);
    return look.revents == h_hup && host_socket_number(fd, lnx::SO_TYPE) > 0;
}

i16 poll_to_darwin(i32 fd, i16 events, i16 says) {
    if (unconnected(fd, says)) return 0;
    i16 r = 0;
    const bool socket = says & h_err && host_socket_number(fd, lnx::SO_TYPE) > 0;
    const bool read_end = says & (h_rdhup | h_hup) || (says & h_err && !socket);
    const bool write_end = says & h_hup || (says & h_err && !socket);
    if (events & read_bits && (read_end || says & (h_in | h_pri | h_err))) {
        if (read_end) r |= 0x10;
        r |= events & (read_end ? 0xc3 : says & h_pri ? 0xc3 : 0x41);
    }
    if (events & write_bits) {
        if (write_end) r |= 0x10;
        if (!(r & 0x10) && says & (h_out | h_err)) r |= events & write_bits;
    }
    return r;
}

}  // namespace

Answer bsd_poll(Trap& trap) {
    constexpr u32 most = 10240;  // OPEN_MAX
    const u32 n = trap.u(1);
    if (n > most) return fail(xnu::EINVAL);
    if (n > 1024) {
        u64 limit[2] = {~0ull, 0};
        host(lnx::SYS_prlimit64, 0, 7, 0, limit);
        if (n > limit[0]) return fail(xnu::EINVAL);
    }
    const i32 timeout = trap.i(2);
    // Two lists side by side: the guest's and the host's.
    constexpr u32 few = 256;
    Poll small[2][few];
    Poll* list = n > few ? static_cast<Poll*>(host_room(2 * n * sizeof(Poll))) : small[0];
    if (!list) return fail(xnu::ENOMEM);
    Poll* look = n > few ? list + n : small[1];
    const Answer a = [&] {
        if (!copyin(list, trap.w(0), n * sizeof(Poll))) return fail(xnu::EFAULT);
        if (timeout < -1) return fail(xnu::EINVAL);
        u32 bad = 0;
        for (u32 i = 0; i < n; i++) {
            const i16 events = poll_to_linux(list[i].events);
            list[i].revents = 0;
            look[i] = {events && list[i].fd >= 0 ? list[i].fd : -1, events, 0};
            if (look[i].fd >= 0 && hidden(look[i].fd)) look[i].fd = 0x7fffffff;
        }
        const u64 start = monotonic_ns(), whole = timeout < 0 ? ~0ull : static_cast<u64>(timeout) * 1000000;
        u32 found = 0;
        bool slice = false;  // something that Linux would report for ever is left out for a while
        for (;;) {
            const u64 passed = monotonic_ns() - start;
            u64 left = timeout < 0 ? ~0ull : passed < whole ? whole - passed : 0;
            constexpr u64 a_while = 50'000'000;
            const bool endless = left == ~0ull && !slice;
            if (slice && left > a_while) left = a_while;
            lnx::timespec t{static_cast<i64>(left / 1'000'000'000), static_cast<i64>(left % 1'000'000'000)};
            const i64 r = host_blocking(lnx::SYS_ppoll, look, n, endless ? nullptr : &t, 0, 8);
            if (host_failed(r)) return from_host(r);
            slice = false;
            for (u32 i = 0; i < n; i++) bad += look[i].revents & h_nval && look[i].fd >= 0;
            for (u32 i = 0; i < n; i++) {
                if (bad) {
                    list[i].revents = look[i].revents & h_nval ? 0x20 : 0;
                } else if (look[i].revents) {
                    list[i].revents = poll_to_darwin(list[i].fd, list[i].events, look[i].revents);
                    if (!list[i].revents) look[i].fd = -1;
                }
                found += list[i].revents != 0;
            }
            if (found || (!endless && monotonic_ns() - start >= whole)) break;
            for (u32 i = 0; i < n; i++) {
                if (look[i].fd == -1 && look[i].events && list[i].fd >= 0) slice = true;
                if (look[i].fd == -1 && look[i].events) look[i].revents = 0;
            }
            if (slice) {
                // Those left out are asked again each time around.
                const lnx::timespec pause{0, 10'000'000};
                if (host_blocking(lnx::SYS_ppoll, look, n, &pause, 0, 8) == -lnx::EINTR) return fail(xnu::EINTR);
                for (u32 i = 0; i < n; i++)
                    if (look[i].events && list[i].fd >= 0) look[i].fd = list[i].fd;
            }
        }
        for (u32 i = 0; i < n; i++)
            if (!copyout(list[i].revents, trap.w(0) + i * sizeof(Poll) + 6)) return fail(xnu::EFAULT);
        return ok(found);
    }();
    if (list != small[0]) host_room_free(list, 2 * n * sizeof(Poll));
    return a;
}


}  // namespace trapeze
