// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: what the socket calls take and give. tests/unit compares it with the host's own headers.
// Sources: include/uapi/linux/{socket,in,in6,un,tcp}.h, include/uapi/asm-generic/{socket,poll}.h, include/linux/socket.h.
// Ports and IPv4 addresses are in network byte order here, as everywhere below sys/net.h.
#pragma once
#include "sys/linux/types.h"

namespace trapeze::lnx {

constexpr i32 AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17;
// Of the type: a kind, and the two flags that socket, socketpair and accept4 take (they are open's).
constexpr i32 SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_RDM = 4, SOCK_SEQPACKET = 5;
constexpr i32 SOCK_NONBLOCK = O_NONBLOCK, SOCK_CLOEXEC = O_CLOEXEC;
constexpr i32 IPPROTO_IP = 0, IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_IPV6 = 41;
constexpr i32 SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;

constexpr i32 MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTROUTE = 4, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80,
              MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000, MSG_MORE = 0x8000, MSG_CMSG_CLOEXEC = 0x40000000;

constexpr i32 SOL_SOCKET = 1;
constexpr i32 SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_DONTROUTE = 5, SO_BROADCAST = 6, SO_SNDBUF = 7,
              SO_RCVBUF = 8, SO_KEEPALIVE = 9, SO_OOBINLINE = 10, SO_LINGER = 13, SO_REUSEPORT = 15, SO_PASSCRED = 16,
              SO_PEERCRED = 17, SO_RCVLOWAT = 18, SO_SNDLOWAT = 19, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_TIMESTAMP = 29,
              SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39;
constexpr i32 TCP_NODELAY = 1, TCP_MAXSEG = 2, TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6;
constexpr i32 IP_TOS = 1, IP_TTL = 2, IP_MULTICAST_IF = 32, IP_MULTICAST_TTL = 33, IP_MULTICAST_LOOP = 34, IP_ADD_MEMBERSHIP = 35,
              IP_DROP_MEMBERSHIP = 36;
constexpr i32 IPV6_UNICAST_HOPS = 16, IPV6_MULTICAST_IF = 17, IPV6_MULTICAST_HOPS = 18, IPV6_MULTICAST_LOOP = 19,
              IPV6_JOIN_GROUP = 20, IPV6_LEAVE_GROUP = 21, IPV6_V6ONLY = 26;
constexpr i32 SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
constexpr i32 SCM_MAX_FD = 253;  // descriptors a message; include/net/scm.h

// What sys/net.h adds to every send and every receive: no SIGPIPE; descriptors that come are close-on-exec.
constexpr i32 send_always = MSG_NOSIGNAL, receive_always = MSG_CMSG_CLOEXEC;
constexpr i32 SO_LINGER_SECONDS = SO_LINGER;
using socklen_t = i32;

struct sockaddr_in {
    u16 sin_family;
    u16 sin_port;
    u8 sin_addr[4];
    u8 zero[8];
};
static_assert(sizeof(sockaddr_in) == 16 && offsetof(sockaddr_in, sin_addr) == 4);

struct sockaddr_in6 {
    u16 sin6_family;
    u16 sin6_port;
    u32 sin6_flowinfo;
    u8 sin6_addr[16];
    u32 sin6_scope_id;
};
static_assert(sizeof(sockaddr_in6) == 28 && offsetof(sockaddr_in6, sin6_addr) == 8 && offsetof(sockaddr_in6, sin6_scope_id) == 24);

struct sockaddr_un {
    u16 sun_family;
    char sun_path[108];
};
static_assert(sizeof(sockaddr_un) == 110);

struct msghdr {
    void* msg_name;
    u32 msg_namelen;
    iovec* msg_iov;
    usize msg_iovlen;
    void* msg_control;
    usize msg_controllen;
    i32 msg_flags;
};
static_assert(sizeof(msghdr) == 56 && offsetof(msghdr, msg_iov) == 16 && offsetof(msghdr, msg_control) == 32 &&
              offsetof(msghdr, msg_flags) == 48);

struct cmsghdr {  // the data follow; the next one starts at a multiple of cmsg_align
    usize cmsg_len;  // with this header, without the padding behind
    i32 cmsg_level;
    i32 cmsg_type;
};
static_assert(sizeof(cmsghdr) == 16);
constexpr usize cmsg_align = 8;

struct mmsghdr {
    msghdr msg_hdr;
    u32 msg_len;
};
static_assert(sizeof(mmsghdr) == 64 && offsetof(mmsghdr, msg_len) == 56);

struct linger {
    i32 l_onoff;
    i32 l_linger;  // seconds
};
struct ucred {  // SO_PEERCRED, SCM_CREDENTIALS
    i32 pid;
    u32 uid;
    u32 gid;
};
struct ip_mreq {
    u8 imr_multiaddr[4];
    u8 imr_interface[4];
};

struct pollfd {
    i32 fd;  // negative: not looked at
    i16 events;
    i16 revents;
};
static_assert(sizeof(pollfd) == 8);
constexpr i16 POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 0x10, POLLNVAL = 0x20, POLLRDNORM = 0x40,
              POLLRDBAND = 0x80, POLLWRNORM = 0x100, POLLWRBAND = 0x200, POLLRDHUP = 0x2000;

struct fd_set {  // select, pselect6: descriptors below 1024 fit; the kernel itself reads only as many bits as n says, in whole words
    u64 fds_bits[16];
};
static_assert(sizeof(fd_set) == 128);

}  // namespace trapeze::lnx
