// SPDX-License-Identifier: BSD-3-Clause
// sys/linux/net.h and epoll.h against the host's own headers: sizes, offsets and constants, at compile time. Ours come first, as in linux_types.cpp.
#include "sys/linux/epoll.h"
#include "sys/linux/net.h"
#include "tests/unit/same.h"

namespace {
using namespace trapeze;
constexpr i64 our_constants[] = {
    lnx::AF_UNSPEC, lnx::AF_UNIX, lnx::AF_INET, lnx::AF_INET6, lnx::AF_NETLINK, lnx::AF_PACKET, lnx::SOCK_STREAM, lnx::SOCK_DGRAM, lnx::SOCK_RAW,
    lnx::SOCK_RDM, lnx::SOCK_SEQPACKET, lnx::SOCK_NONBLOCK, lnx::SOCK_CLOEXEC, lnx::IPPROTO_IP, lnx::IPPROTO_ICMP, lnx::IPPROTO_TCP,
    lnx::IPPROTO_UDP, lnx::IPPROTO_IPV6, lnx::SHUT_RD, lnx::SHUT_WR, lnx::SHUT_RDWR, lnx::MSG_OOB, lnx::MSG_PEEK, lnx::MSG_DONTROUTE,
    lnx::MSG_CTRUNC, lnx::MSG_TRUNC, lnx::MSG_DONTWAIT, lnx::MSG_EOR, lnx::MSG_WAITALL, lnx::MSG_NOSIGNAL, lnx::MSG_MORE,
    lnx::MSG_CMSG_CLOEXEC, lnx::SOL_SOCKET, lnx::SO_DEBUG, lnx::SO_REUSEADDR, lnx::SO_TYPE, lnx::SO_ERROR, lnx::SO_DONTROUTE,
    lnx::SO_BROADCAST, lnx::SO_SNDBUF, lnx::SO_RCVBUF, lnx::SO_KEEPALIVE, lnx::SO_OOBINLINE, lnx::SO_LINGER, lnx::SO_REUSEPORT,
    lnx::SO_PASSCRED, lnx::SO_PEERCRED, lnx::SO_RCVLOWAT, lnx::SO_SNDLOWAT, lnx::SO_RCVTIMEO, lnx::SO_SNDTIMEO, lnx::SO_TIMESTAMP,
    lnx::SO_ACCEPTCONN, lnx::SO_PROTOCOL, lnx::SO_DOMAIN, lnx::TCP_NODELAY, lnx::TCP_MAXSEG, lnx::TCP_KEEPIDLE, lnx::TCP_KEEPINTVL,
    lnx::TCP_KEEPCNT, lnx::IP_TOS, lnx::IP_TTL, lnx::IP_MULTICAST_IF, lnx::IP_MULTICAST_TTL, lnx::IP_MULTICAST_LOOP,
    lnx::IP_ADD_MEMBERSHIP, lnx::IP_DROP_MEMBERSHIP, lnx::IPV6_UNICAST_HOPS, lnx::IPV6_MULTICAST_IF, lnx::IPV6_MULTICAST_HOPS,
    lnx::IPV6_MULTICAST_LOOP, lnx::IPV6_JOIN_GROUP, lnx::IPV6_LEAVE_GROUP, lnx::IPV6_V6ONLY, lnx::SCM_RIGHTS, lnx::SCM_CREDENTIALS,
    lnx::POLLIN, lnx::POLLPRI, lnx::POLLOUT, lnx::POLLERR, lnx::POLLHUP, lnx::POLLNVAL, lnx::POLLRDNORM, lnx::POLLRDBAND,
    lnx::POLLWRNORM, lnx::POLLWRBAND, lnx::POLLRDHUP, lnx::EPOLLIN, lnx::EPOLLPRI, lnx::EPOLLOUT, lnx::EPOLLERR, lnx::EPOLLHUP,
    lnx::EPOLLRDHUP, lnx::EPOLLEXCLUSIVE, lnx::EPOLLWAKEUP, lnx::EPOLLONESHOT, lnx::EPOLLET, lnx::EPOLL_CTL_ADD, lnx::EPOLL_CTL_DEL,
    lnx::EPOLL_CTL_MOD, lnx::EFD_SEMAPHORE, lnx::TFD_TIMER_ABSTIME};

constexpr usize our_offsets[] = {
    sizeof(lnx::sockaddr_in), offsetof(lnx::sockaddr_in, sin_port), offsetof(lnx::sockaddr_in, sin_addr), sizeof(lnx::sockaddr_in6),
    offsetof(lnx::sockaddr_in6, sin6_port), offsetof(lnx::sockaddr_in6, sin6_addr), offsetof(lnx::sockaddr_in6, sin6_scope_id),
    sizeof(lnx::sockaddr_un), offsetof(lnx::sockaddr_un, sun_path), sizeof(lnx::iovec), offsetof(lnx::iovec, iov_len), sizeof(lnx::msghdr),
    offsetof(lnx::msghdr, msg_namelen), offsetof(lnx::msghdr, msg_iov), offsetof(lnx::msghdr, msg_iovlen), offsetof(lnx::msghdr, msg_control),
    offsetof(lnx::msghdr, msg_controllen), offsetof(lnx::msghdr, msg_flags), sizeof(lnx::cmsghdr), offsetof(lnx::cmsghdr, cmsg_level),
    offsetof(lnx::cmsghdr, cmsg_type), sizeof(lnx::mmsghdr), offsetof(lnx::mmsghdr, msg_len), sizeof(lnx::linger), sizeof(lnx::ucred),
    offsetof(lnx::ucred, gid), sizeof(lnx::ip_mreq), sizeof(lnx::pollfd), offsetof(lnx::pollfd, revents), sizeof(lnx::socklen_t),
    sizeof(lnx::epoll_event), offsetof(lnx::epoll_event, data), sizeof(lnx::itimerspec), offsetof(lnx::itimerspec, it_value),
    sizeof(lnx::signalfd_siginfo), offsetof(lnx::signalfd_siginfo, ssi_status), offsetof(lnx::signalfd_siginfo, ssi_ptr),
    offsetof(lnx::signalfd_siginfo, ssi_addr)};
}  // namespace

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

namespace {
constexpr trapeze::i64 host_constants[] = {
    AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_NONBLOCK,
    SOCK_CLOEXEC, IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, SHUT_RD, SHUT_WR, SHUT_RDWR, MSG_OOB, MSG_PEEK,
    MSG_DONTROUTE, MSG_CTRUNC, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_WAITALL, MSG_NOSIGNAL, MSG_MORE, MSG_CMSG_CLOEXEC, SOL_SOCKET, SO_DEBUG,
    SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER, SO_REUSEPORT,
    SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO, SO_SNDTIMEO, SO_TIMESTAMP, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN,
    TCP_NODELAY, TCP_MAXSEG, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, IP_TOS, IP_TTL, IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP,
    IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IPV6_UNICAST_HOPS, IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_JOIN_GROUP,
    IPV6_LEAVE_GROUP, IPV6_V6ONLY, SCM_RIGHTS, SCM_CREDENTIALS, POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLRDBAND,
    POLLWRNORM, POLLWRBAND, POLLRDHUP, EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT,
    EPOLLET, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EFD_SEMAPHORE, TFD_TIMER_ABSTIME};

constexpr trapeze::usize host_offsets[] = {
    sizeof(struct sockaddr_in), offsetof(struct sockaddr_in, sin_port), offsetof(struct sockaddr_in, sin_addr), sizeof(struct sockaddr_in6),
    offsetof(struct sockaddr_in6, sin6_port), offsetof(struct sockaddr_in6, sin6_addr), offsetof(struct sockaddr_in6, sin6_scope_id),
    sizeof(struct sockaddr_un), offsetof(struct sockaddr_un, sun_path), sizeof(struct iovec), offsetof(struct iovec, iov_len), sizeof(struct msghdr),
    offsetof(struct msghdr, msg_namelen), offsetof(struct msghdr, msg_iov), offsetof(struct msghdr, msg_iovlen), offsetof(struct msghdr, msg_control),
    offsetof(struct msghdr, msg_controllen), offsetof(struct msghdr, msg_flags), sizeof(struct cmsghdr), offsetof(struct cmsghdr, cmsg_level),
    offsetof(struct cmsghdr, cmsg_type), sizeof(struct mmsghdr), offsetof(struct mmsghdr, msg_len), sizeof(struct linger), sizeof(struct ucred),
    offsetof(struct ucred, gid), sizeof(struct ip_mreq), sizeof(struct pollfd), offsetof(struct pollfd, revents), sizeof(::socklen_t),
    sizeof(struct epoll_event), offsetof(struct epoll_event, data), sizeof(struct itimerspec), offsetof(struct itimerspec, it_value),
    sizeof(struct signalfd_siginfo), offsetof(struct signalfd_siginfo, ssi_status), offsetof(struct signalfd_siginfo, ssi_ptr),
    offsetof(struct signalfd_siginfo, ssi_addr)};

static_assert(same(our_constants, host_constants));
static_assert(same(our_offsets, host_offsets));
}  // namespace
