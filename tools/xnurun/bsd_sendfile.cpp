// SPDX-License-Identifier: BSD-3-Clause
// sendfile(file, socket, offset, bytes*, headers and trailers, flags): xnu-3248.60.10 bsd/kern/uipc_syscalls.c. *bytes 0 means to the
// end; what was sent, headers and trailers included, is written to it in every case, also with EAGAIN, EINTR and EPIPE. Copied through a
// buffer rather than by the host's sendfile, which raises SIGPIPE.
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

struct HeadersTrailers {
    u64 headers;
    i32 header_count, pad;
    u64 trailers;
    i32 trailer_count, pad2;
};
static_assert(sizeof(HeadersTrailers) == 32);

constexpr u64 buffer_size = 64 * 1024;

// As writev would: of none or more than 1024, EINVAL.
i64 send_vectors(i32 fd, u64 vectors, i32 count) {
    if (count <= 0 || count > 1024) return -lnx::EINVAL;
    lnx::msghdr h{};
    h.msg_iov = reinterpret_cast<lnx::iovec*>(vectors);
    h.msg_iovlen = static_cast<u32>(count);
    return host_blocking(lnx::SYS_sendmsg, fd, &h, lnx::MSG_NOSIGNAL);
}

// The file's bytes: how many went, and what ended it: 0 or -errno.
i64 send_bytes(i32 file, i32 fd, i64 offset, i64 wanted, i64& went) {
    u8* buffer = static_cast<u8*>(host_room(buffer_size));
    if (!buffer) return -lnx::ENOBUFS;
    i64 end = 0;
    while (!wanted || went < wanted) {
        i64 size = static_cast<i64>(buffer_size);
        if (wanted && wanted - went < size) size = wanted - went;
        const i64 n = host(lnx::SYS_pread64, file, buffer, size, offset + went);
        if (n <= 0) {
            end = n;
            break;
        }
        i64 sent_now = 0;
        while (sent_now < n && !end) {
            const i64 r = host_blocking(lnx::SYS_sendto, fd, buffer + sent_now, n - sent_now, lnx::MSG_NOSIGNAL, 0, 0);
            if (host_failed(r)) end = r;
            else sent_now += r;
        }
        went += sent_now;
        if (end) break;
    }
    host_room_free(buffer, buffer_size);
    return end;
}

}  // namespace

Answer bsd_sendfile(Trap& trap) {
    const i32 file = trap.i(0), fd = trap.i(1);
    const i64 offset = static_cast<i64>(trap.w(2));
    lnx::stat s;
    const i64 found = host(lnx::SYS_fstat, file, &s), mode = host(lnx::SYS_fcntl, file, 3);
    if (host_failed(found) || (mode & lnx::O_ACCMODE) == lnx::O_WRONLY) return fail(xnu::EBADF);
    if ((s.st_mode & lnx::S_IFMT) != lnx::S_IFREG) return fail(xnu::ENOTSUP);
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return fail(type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF);
    if (type != lnx::SOCK_STREAM) return fail(xnu::EINVAL);
    if (!has_peer(fd) || both_shut(fd)) return fail(xnu::ENOTCONN);
    if (offset < 0 || !trap.w(3) || trap.u(5)) return fail(xnu::EINVAL);
    i64 wanted = 0, total = 0;
    (void)copyin(wanted, trap.w(3));
    HeadersTrailers extra{};
    if (trap.w(4) && !copyin(extra, trap.w(4))) return fail(xnu::EFAULT);
    i64 r = extra.headers ? send_vectors(fd, extra.headers, extra.header_count) : 0;
    if (!host_failed(r)) {
        total = r;
        i64 went = total;  // nbytes counts the headers in this era
        r = send_bytes(file, fd, offset - total, wanted, went);
        total = went;
        if (r == 0 && extra.trailers) {
            r = send_vectors(fd, extra.trailers, extra.trailer_count);
            if (!host_failed(r)) total += r;
        }
    }
    if (!copyout(total, trap.w(3)) && !host_failed(r)) return fail(xnu::EFAULT);
    if (!host_failed(r)) return ok();
    return r == -lnx::EINTR ? fail(xnu::EINTR) : sent(trap, fd, r, false);
}

}  // namespace trapeze
