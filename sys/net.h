// SPDX-License-Identifier: BSD-3-Clause
// Sockets, with the same names and meaning on both kernels. (Not socket.h: addresses, options and ancillary data are most of
// it.) What a descriptor can also do is in file.h (read, write, close), waiting for several is in poll.h.
//
// Blocking: accept, connect, send* and recv* block the calling OS thread, and with it the P, unless the socket was made or
// accepted with O_NONBLOCK (then EAGAIN; connect: EINPROGRESS) or the call has MSG_DONTWAIT. The others do not block.
// Interrupted calls: what did nothing is called again, as in file.h; where a time-out is set (set_timeout) it starts anew. connect is
// not called again, since the kernel goes on with it: see there.
// SIGPIPE: sending to a connection whose reader is gone is EPIPE and never a signal: sends here carry MSG_NOSIGNAL on
// Linux, and sockets made here have SO_NOSIGPIPE on Darwin. write() on a socket still signals on Linux.
// Close-on-exec: O_CLOEXEC in `flags`; atomic on Linux, by a second trap on Darwin, so that a fork in between inherits.
#pragma once
#include "sys/darwin/net.h"
#include "sys/kernel.h"
#include "sys/linux/net.h"
#include "sys/print.h"
#include "sys/result.h"

namespace trapeze {

using kernel::AF_INET, kernel::AF_INET6, kernel::AF_UNIX;
using kernel::iovec;
using kernel::MSG_DONTWAIT, kernel::MSG_OOB, kernel::MSG_PEEK, kernel::MSG_WAITALL;
using kernel::O_CLOEXEC, kernel::O_NONBLOCK;
using kernel::SHUT_RD, kernel::SHUT_RDWR, kernel::SHUT_WR;
using kernel::SOCK_DGRAM, kernel::SOCK_RAW, kernel::SOCK_SEQPACKET, kernel::SOCK_STREAM;

// A socket's address: the running kernel's structure and its length. Zeroed, it is no address.
struct Address {
    u32 size = 0;               // bytes that count
    alignas(8) u8 bytes[128] = {};  // both kernels' largest (sockaddr_storage)

    i32 family() const;         // AF_*; 0 if there is none
    u16 port() const;           // of AF_INET and AF_INET6, as a number; else 0
    void set_port(u16 port);
    Str path() const;           // of AF_UNIX, without a NUL at its end; empty: unnamed. Linux: an abstract name begins with a NUL
    bool operator==(const Address& other) const;
};
Address ipv4(u8 a, u8 b, u8 c, u8 d, u16 port);
Address ipv6(const u8 (&address)[16], u16 port, u32 scope = 0);
Address loopback(i32 family, u16 port = 0);     // 127.0.0.1 or [::1]; port 0: bind picks one
Address any_address(i32 family, u16 port = 0);  // 0.0.0.0 or [::]
constexpr usize unix_path_max = sizeof(kernel::sockaddr_un::sun_path) - 1;  // 107 on Linux, 103 on Darwin
// ENAMETOOLONG beyond unix_path_max, EINVAL if it is empty. The file stays behind when the socket is closed.
Result unix_address(Str path, Address* out);

// "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80" (a scope by number), "/path" and "./path" for AF_UNIX. Names are not looked up.
// The whole text must be one. EINVAL, or ENAMETOOLONG.
Result parse_address(Str text, Address* out);
// The same shapes back, IPv6 as RFC 5952 wants it; Linux's abstract names with @ for the NUL; "-" for none or unnamed. No
// NUL at the end; returns the length.
constexpr usize address_text_max = 128;
usize format_address(char (&out)[address_text_max], const Address& address);

// A new descriptor, the lowest free one. flags: O_CLOEXEC, O_NONBLOCK. A domain that the kernel has not: EAFNOSUPPORT; a type
// that it has not: ESOCKTNOSUPPORT on Linux, EPROTONOSUPPORT or EPROTOTYPE on Darwin (which has no SOCK_SEQPACKET in AF_UNIX);
// EMFILE, ENFILE; SOCK_RAW: EPERM, EACCES.
Result socket(i32 domain, i32 type, i32 protocol = 0, i32 flags = 0);
// Two connected ones, of AF_UNIX. Other domains: EOPNOTSUPP.
Result socketpair(i32 domain, i32 type, i32 protocol, i32 (&out)[2], i32 flags = 0);

// EADDRINUSE, EADDRNOTAVAIL (not an address of this machine), EACCES (a low port), EINVAL (bound already); AF_UNIX: the path's
// errors, EADDRINUSE if the file is there.
Result bind(i32 fd, const Address& address);
// At most `backlog` finished connections wait for accept (Linux caps it at net.core.somaxconn, Darwin at kern.ipc.somaxconn
// = 128). EOPNOTSUPP for datagrams.
Result listen(i32 fd, i32 backlog = 128);
// A descriptor for the first waiting connection; it has O_CLOEXEC and O_NONBLOCK exactly as `flags` says (both kernels; Darwin's accept
// alone would inherit them). ECONNABORTED, EMFILE: the caller waits or closes something, the listener is still good; on Darwin
// EMFILE drops that connection. EINVAL if it does not listen.
Result accept(i32 fd, Address* peer = nullptr, i32 flags = 0);
// Blocks until the connection stands or is refused: ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EISCONN, EPROTOTYPE;
// AF_UNIX: ENOENT, ECONNREFUSED, EACCES. Interrupted, it waits on until the socket is writable and takes SO_ERROR. With O_NONBLOCK:
// EINPROGRESS, and the caller does the same: poll for POLLOUT, then socket_error(fd); again meanwhile: EALREADY. For datagrams
// it names the receiver, and does not block.
Result connect(i32 fd, const Address& address);
Result shutdown(i32 fd, i32 how);  // SHUT_*; ENOTCONN
Result getsockname(i32 fd, Address* out);
Result getpeername(i32 fd, Address* out);  // ENOTCONN

// Bytes taken or delivered. A stream's send may take fewer, its recv gives 0 at the end. A datagram goes as a whole or not at
// all (EMSGSIZE), and what of it does not fit the buffer is lost. ENOTCONN, EDESTADDRREQ (no receiver named; Linux's streams
// ENOTCONN too), EPIPE, ECONNRESET, ECONNREFUSED (an earlier datagram's), EAGAIN (O_NONBLOCK, or a time-out), ENOBUFS.
Result send(i32 fd, const void* data, usize n, i32 flags = 0);
Result recv(i32 fd, void* buffer, usize n, i32 flags = 0);
Result sendto(i32 fd, const void* data, usize n, i32 flags, const Address& to);  // EISCONN on a connected one (Darwin; Linux's streams)
Result recvfrom(i32 fd, void* buffer, usize n, i32 flags, Address* from);        // a stream gives no address

// Several pieces in one message, and descriptors with it (AF_UNIX): the receiver gets its own, of the same open files.
constexpr usize descriptors_max = 253;  // a message; more are EINVAL
struct Outgoing {
    const iovec* parts = nullptr;  // at most 1,024: EMSGSIZE
    usize part_count = 0;
    const Address* to = nullptr;
    const i32* descriptors = nullptr;  // one byte of data at least must go along
    usize descriptor_count = 0;
};
struct Incoming {
    const iovec* parts = nullptr;
    usize part_count = 0;
    Address* from = nullptr;
    i32* descriptors = nullptr;  // room for...
    usize descriptor_room = 0;   // ...so many; the rest of what comes is closed
    usize descriptor_count = 0;  // that came and are kept; all have close-on-exec
    bool truncated = false;      // a datagram was longer than the parts
    bool control_truncated = false;  // there were more descriptors than room
};
Result sendmsg(i32 fd, const Outgoing& message, i32 flags = 0);
Result recvmsg(i32 fd, Incoming* message, i32 flags = 0);

// Options that both kernels have, as numbers; those that are on or off take and give 0 and 1.
struct Option {
    i32 level, name;
    bool on_off;
};
namespace option {
constexpr Option reuse_address{kernel::SOL_SOCKET, kernel::SO_REUSEADDR, true};  // bind although old connections linger
constexpr Option reuse_port{kernel::SOL_SOCKET, kernel::SO_REUSEPORT, true};     // several listeners; all must set it
constexpr Option keep_alive{kernel::SOL_SOCKET, kernel::SO_KEEPALIVE, true};
constexpr Option broadcast{kernel::SOL_SOCKET, kernel::SO_BROADCAST, true};
constexpr Option no_delay{kernel::IPPROTO_TCP, kernel::TCP_NODELAY, true};
constexpr Option ipv6_only{kernel::IPPROTO_IPV6, kernel::IPV6_V6ONLY, true};
constexpr Option send_buffer{kernel::SOL_SOCKET, kernel::SO_SNDBUF, false};        // bytes; Linux gives twice what was set
constexpr Option receive_buffer{kernel::SOL_SOCKET, kernel::SO_RCVBUF, false};
constexpr Option low_water{kernel::SOL_SOCKET, kernel::SO_RCVLOWAT, false};        // bytes that make it readable
constexpr Option socket_type{kernel::SOL_SOCKET, kernel::SO_TYPE, false};          // to read: SOCK_*
constexpr Option listening{kernel::SOL_SOCKET, kernel::SO_ACCEPTCONN, true};       // to read; no XNU answers it: ENOPROTOOPT
constexpr Option time_to_live{kernel::IPPROTO_IP, kernel::IP_TTL, false};
}  // namespace option
// ENOPROTOOPT: not such a socket's option. EINVAL: not such a value.
Result set_option(i32 fd, Option option, i32 value);
Result get_option(i32 fd, Option option);
// After so long send or recv gives EAGAIN, and connect EINPROGRESS on Linux; 0: waits for ever. In nanoseconds; the kernel rounds
// up to its tick (Linux) or down to microseconds. EDOM: negative, or more than it can keep.
Result set_timeouts(i32 fd, i64 send, i64 receive);
// close: waits up to so many seconds for unsent data; 0 drops them and resets the connection; -1 takes it back.
Result set_linger(i32 fd, i32 seconds);
// The error that waits in the socket (a connection refused ...), taken: an errno, or 0.
Result socket_error(i32 fd);
// Options that only one kernel has, and those with structures.
Result setsockopt(i32 fd, i32 level, i32 name, const void* value, usize size);
Result getsockopt(i32 fd, i32 level, i32 name, void* value, usize* size);  // *size: room in, length out

}  // namespace trapeze
