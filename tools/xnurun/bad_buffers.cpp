// SPDX-License-Identifier: BSD-3-Clause
// Writes whose memory ends in the midst of them. Linux writes what lies before and tells how much that was. XNU says EFAULT, and
//   - of a file nothing has changed: hfs_vnop_write (IO_UNIT) takes size and offset back, cluster_write_copy drops the pages that it was
//     filling. (Of a write over more than a megabyte of old bytes, whole megabytes before the bad page stay changed; here they do not.)
//   - a pipe and a stream take a write in pieces, of which each is copied whole before any of it can be read (pipe_write, sosend): whole
//     pieces have gone, the one with the bad page has not. Their size depends on the room that there is; here it is that of an empty one.
//   - a datagram is not sent, by the host neither; what else can be written to is the host's to decide.
// A write within one page needs no look: it is good or bad as a whole. Sources: xnu-3248.60.10 bsd/kern/sys_generic.c dofilewrite, wr_uio,
// bsd/kern/sys_pipe.c, uipc_socket.c, uipc_usrreq.c (unpst_sendspace), bsd/hfs/hfs_readwrite.c, bsd/vfs/vfs_cluster.c.
#include "sys/darwin/types.h"
#include "tools/xnurun/sockets.h"
#include "tools/xnurun/writes.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;
constexpr u64 pipe_piece = 65536, stream_piece = 65536, unix_piece = 8192;

u64 readable_bytes(u64 at, u64 n) {
    u8 byte;
    for (u64 done = 0; done < n; done += page - ((at + done) & (page - 1)))
        if (!copyin(byte, at + done)) return done;
    return n;
}

struct Extent {
    u64 good, bad;  // bytes before the bad one, and its address
    bool ends;      // there is a bad one
};

bool piece(const Pieces& p, u32 n, xnu::iovec& v) {
    if (p.vectors) return copyin(v, p.vectors + n * sizeof v);
    v.iov_base = reinterpret_cast<decltype(v.iov_base)>(p.at);
    v.iov_len = p.size;
    return true;
}

// Vectors that cannot be read, or are too long in all, are an error before any memory is looked at: they do not end early.
Extent extent(const Pieces& p) {
    Extent e{};
    u64 left = 0x7fffffffffffffff;
    for (u32 n = 0; n < p.count; n++) {
        xnu::iovec v;
        if (!piece(p, n, v) || v.iov_len > left) return {};
        left -= v.iov_len;
        if (e.ends) continue;
        const u64 at = reinterpret_cast<u64>(v.iov_base), good = readable_bytes(at, v.iov_len);
        e.good += good;
        if (good < v.iov_len) e.ends = true, e.bad = at + good;
    }
    return e;
}

enum class To : u8 { file, pipe, stream, other };
To what_is(i32 fd, u64& size) {
    lnx::stat s{};
    if (host_failed(host(lnx::SYS_fstat, fd, &s))) return To::other;
    switch (s.st_mode & lnx::S_IFMT) {
    case lnx::S_IFREG: size = ~0ull; return To::file;
    case lnx::S_IFIFO: size = pipe_piece; return To::pipe;
    case lnx::S_IFSOCK: size = is_unix(fd) ? unix_piece : stream_piece; return is_stream(fd) ? To::stream : To::other;
    default: return To::other;
    }
}

}  // namespace

bool write_stopped(Trap& trap, i32 fd, const Pieces& p, i64 offset, i32 send_flags, bool quiet_send, Answer& answer) {
    if (p.count == 1 && !p.vectors && (p.at & (page - 1)) + p.size <= page) return false;
    const Extent e = extent(p);
    u64 size;
    if (!e.ends || !e.good) return false;
    const To to = what_is(fd, size);
    if (to == To::other || (to != To::file && offset != nowhere)) return false;
    const auto write = [&](u64 at, u64 n) {
        if (to == To::stream) return host_blocking(lnx::SYS_sendto, fd, at, n, lnx::MSG_NOSIGNAL | (send_flags < 0 ? 0 : send_flags), 0, 0);
        return offset == nowhere ? write_as_told(lnx::SYS_write, fd, at, n, 0) : host_blocking(lnx::SYS_pwrite64, fd, at, n, offset);
    };
    const u64 whole = e.good - e.good % size;
    u64 done = 0;
    for (u32 n = 0; n < p.count && done <= whole; n++) {
        xnu::iovec v;
        if (!piece(p, n, v)) break;
        const u64 want = v.iov_len < whole - done ? v.iov_len : whole - done;
        i64 r = want ? write(reinterpret_cast<u64>(v.iov_base), want) : 0;
        if (!host_failed(r)) done += static_cast<u64>(r);
        if (!host_failed(r) && static_cast<u64>(r) < want) r = -lnx::EINTR;
        // The bad byte alone: whatever else is wrong is said as ever.
        if (!host_failed(r) && done == whole) {
            r = write(e.bad, 1);
            if (!host_failed(r)) return answer = ok(static_cast<i64>(done) + r), true;
        }
        if (!host_failed(r)) continue;
        if (done && (r == -lnx::EINTR || r == -lnx::EAGAIN)) answer = ok(static_cast<i64>(done));
        else answer = to == To::stream ? sent(trap, fd, r, quiet_send) : from_host_restartable(r);
        return true;
    }
    return false;
}

}  // namespace trapeze
