// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: what the socket calls take and give. Sources (xnu-11417.121.6): bsd/sys/{socket,un,poll,socketvar}.h,
// bsd/netinet/{in,tcp}.h, bsd/netinet6/in6.h. Against Linux: an address begins with its own length (the kernel writes
// it on the way out, and ignores it on the way in: getsockaddr in bsd/kern/uipc_syscalls.c), lengths in msghdr and cmsghdr are 32
// bits wide, and nothing but the socket calls themselves can set close-on-exec or non-blocking mode with the creation.
// Ports and IPv4 addresses are in network byte order here, as everywhere below sys/net.h.
#pragma once
#include "sys/darwin/types.h"

namespace trapeze::xnu {

constexpr i32 AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_ROUTE = 17, AF_LINK = 18, AF_INET6 = 30, AF_SYSTEM = 32;
constexpr i32 SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_RDM = 4, SOCK_SEQPACKET = 5;
constexpr i32 IPPROTO_IP = 0, IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_IPV6 = 41;
constexpr i32 SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;

constexpr i32 MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTROUTE = 4, MSG_EOR = 8, MSG_TRUNC = 0x10, MSG_CTRUNC = 0x20, MSG_WAITALL = 0x40,
              MSG_DONTWAIT = 0x80, MSG_EOF = 0x100;
constexpr i32 MSG_NOSIGNAL = 0x80000;  // from xnu-7195 (macOS 11) on; before, only SO_NOSIGPIPE

constexpr i32 SOL_SOCKET = 0xffff, SOL_LOCAL = 0;
constexpr i32 SO_DEBUG = 1, SO_ACCEPTCONN = 2, SO_REUSEADDR = 4, SO_KEEPALIVE = 8, SO_DONTROUTE = 0x10, SO_BROADCAST = 0x20,
              SO_USELOOPBACK = 0x40, SO_LINGER = 0x80 /* ticks */, SO_OOBINLINE = 0x100, SO_REUSEPORT = 0x200, SO_TIMESTAMP = 0x400,
              SO_DONTTRUNC = 0x2000, SO_WANTMORE = 0x4000, SO_WANTOOBFLAG = 0x8000, SO_SNDBUF = 0x1001, SO_RCVBUF = 0x1002,
              SO_SNDLOWAT = 0x1003, SO_RCVLOWAT = 0x1004, SO_SNDTIMEO = 0x1005, SO_RCVTIMEO = 0x1006, SO_ERROR = 0x1007,
              SO_TYPE = 0x1008, SO_NREAD = 0x1020, SO_NOSIGPIPE = 0x1022, SO_NOADDRERR = 0x1023, SO_NWRITE = 0x1024,
              SO_LINGER_SEC = 0x1080, SO_RANDOMPORT = 0x1082, SO_NP_EXTENSIONS = 0x1083;
constexpr i32 LOCAL_PEERCRED = 1, LOCAL_PEERPID = 2, LOCAL_PEEREPID = 3;  // level SOL_LOCAL
constexpr i32 TCP_NODELAY = 1, TCP_MAXSEG = 2, TCP_NOPUSH = 4, TCP_NOOPT = 8, TCP_KEEPALIVE = 0x10, TCP_CONNECTIONTIMEOUT = 0x20,
              TCP_KEEPINTVL = 0x101, TCP_KEEPCNT = 0x102;
constexpr i32 IP_OPTIONS = 1, IP_HDRINCL = 2, IP_TOS = 3, IP_TTL = 4, IP_MULTICAST_IF = 9, IP_MULTICAST_TTL = 10,
              IP_MULTICAST_LOOP = 11, IP_ADD_MEMBERSHIP = 12, IP_DROP_MEMBERSHIP = 13, IP_RECVDSTADDR = 7, IP_RECVIF = 20, IP_RECVTTL = 24,
              IP_PKTINFO = 26 /* also its cmsg */;
constexpr i32 IPV6_UNICAST_HOPS = 4, IPV6_MULTICAST_IF = 9, IPV6_MULTICAST_HOPS = 10, IPV6_MULTICAST_LOOP = 11, IPV6_JOIN_GROUP = 12,
              IPV6_LEAVE_GROUP = 13, IPV6_2292PKTINFO = 19, IPV6_2292HOPLIMIT = 20, IPV6_V6ONLY = 27, IPV6_RECVTCLASS = 35, IPV6_TCLASS = 36, IPV6_RECVHOPLIMIT = 37, IPV6_PKTINFO = 46, IPV6_HOPLIMIT = 47,
              IPV6_RECVPKTINFO = 61;
constexpr i32 SCM_RIGHTS = 1, SCM_TIMESTAMP = 2, SCM_CREDS = 3;

// What sys/net.h adds to every send and every receive: nothing, SO_NOSIGPIPE and fcntl do it.
constexpr i32 send_always = 0, receive_always = 0;
constexpr i32 SO_LINGER_SECONDS = SO_LINGER_SEC;
using socklen_t = u32;

struct sockaddr_in {
    u8 sin_len;
    u8 sin_family;
    u16 sin_port;
    u8 sin_addr[4];
    u8 zero[8];
};
static_assert(sizeof(sockaddr_in) == 16 && offsetof(sockaddr_in, sin_addr) == 4);

struct sockaddr_in6 {
    u8 sin6_len;
    u8 sin6_family;
    u16 sin6_port;
    u32 sin6_flowinfo;
    u8 sin6_addr[16];
    u32 sin6_scope_id;
};
static_assert(sizeof(sockaddr_in6) == 28 && offsetof(sockaddr_in6, sin6_addr) == 8 && offsetof(sockaddr_in6, sin6_scope_id) == 24);

struct sockaddr_un {
    u8 sun_len;
    u8 sun_family;
    char sun_path[104];
};
static_assert(sizeof(sockaddr_un) == 106);

struct msghdr {
    void* msg_name;
    u32 msg_namelen;
    iovec* msg_iov;
    i32 msg_iovlen;
    void* msg_control;
    u32 msg_controllen;
    i32 msg_flags;
};
static_assert(sizeof(msghdr) == 48 && offsetof(msghdr, msg_iov) == 16 && offsetof(msghdr, msg_control) == 32 &&
              offsetof(msghdr, msg_controllen) == 40 && offsetof(msghdr, msg_flags) == 44);

struct cmsghdr {  // the data follow; the next one starts at a multiple of cmsg_align
    u32 cmsg_len;  // with this header, without the padding behind
    i32 cmsg_level;
    i32 cmsg_type;
};
static_assert(sizeof(cmsghdr) == 12);
constexpr usize cmsg_align = 4;

struct linger {
    i32 l_onoff;
    i32 l_linger;  // ticks for SO_LINGER, seconds for SO_LINGER_SEC
};
struct xucred {  // LOCAL_PEERCRED
    u32 cr_version;  // 0
    u32 cr_uid;
    i16 cr_ngroups;
    u32 cr_groups[16];  // the first is the group
};
static_assert(sizeof(xucred) == 76 && offsetof(xucred, cr_groups) == 12);
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
              POLLRDBAND = 0x80, POLLWRNORM = POLLOUT, POLLWRBAND = 0x100;

struct fd_set {  // select: descriptors below 1024 fit; the kernel itself reads only as many bits as nd says, in whole words
    u32 fds_bits[32];
};
static_assert(sizeof(fd_set) == 128);

struct msghdr_x {  // recvmsg_x, sendmsg_x: a msghdr, and how many bytes came
    void* msg_name;
    u32 msg_namelen;
    iovec* msg_iov;
    i32 msg_iovlen;
    void* msg_control;
    u32 msg_controllen;
    i32 msg_flags;
    usize msg_datalen;
};
static_assert(sizeof(msghdr_x) == 56 && offsetof(msghdr_x, msg_iov) == 16 && offsetof(msghdr_x, msg_flags) == 44 &&
              offsetof(msghdr_x, msg_datalen) == 48);

struct sa_endpoints {  // connectx
    u32 sae_srcif;
    const void* sae_srcaddr;
    u32 sae_srcaddrlen;
    const void* sae_dstaddr;
    u32 sae_dstaddrlen;
};
static_assert(sizeof(sa_endpoints) == 40 && offsetof(sa_endpoints, sae_srcaddr) == 8 && offsetof(sa_endpoints, sae_dstaddr) == 24);

struct sf_hdtr {  // sendfile: what goes before and after the file
    iovec* headers;
    i32 hdr_cnt;
    iovec* trailers;
    i32 trl_cnt;
};
static_assert(sizeof(sf_hdtr) == 32 && offsetof(sf_hdtr, trailers) == 16);

}  // namespace trapeze::xnu
