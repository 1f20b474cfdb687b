// SPDX-License-Identifier: BSD-3-Clause
// What the socket handlers share: addresses and flags in both languages, what a host socket is.
#pragma once
#include "sys/darwin/errno.h"
#include "sys/darwin/net.h"
#include "sys/linux/net.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct HostAddress {
    u32 size;
    alignas(8) u8 bytes[128];  // u16 family first
    i32 folder = -1;           // of a path that is too long for the host; closed with the address
    ~HostAddress();
};
struct GuestAddress {
    u32 size;
    alignas(8) u8 bytes[256];  // u8 length, u8 family first
};

// getsockaddr, getsockaddr_s (bsd/kern/uipc_syscalls.c): 0 or Darwin's errno. Without a family it is AF_UNIX's if fd is (unp_bind).
i32 address_in(i32 fd, u64 from, u32 size, HostAddress& out);
i32 long_name_in(char* path, u32 size, HostAddress& out);          // unix_names.cpp: 0 or Darwin's errno
u32 long_name_out(const char* host_name, char* to, u32 room);      // 0: it is not one of these
GuestAddress address_out(const HostAddress& from);
// As much as there is room for, and then the whole length: getsockname and the like. 0 or EFAULT.
i32 give_name(const HostAddress& from, u64 to, u64 size_at);

i32 domain_to_host(i32 darwin);      // -1: there is none
i32 send_flags_to_host(i32 darwin);  // also for receiving
i32 receive_flags_to_guest(i32 host);

i32 host_socket_number(i32 fd, i32 option);  // SOL_SOCKET; -errno
bool has_peer(i32 fd);
bool both_shut(i32 fd);  // SS_CANTRCVMORE and SS_CANTSENDMORE, as far as it shows: the connection has ended
inline bool is_unix(i32 fd) { return host_socket_number(fd, lnx::SO_DOMAIN) == lnx::AF_UNIX; }
inline bool is_stream(i32 fd) { return host_socket_number(fd, lnx::SO_TYPE) == lnx::SOCK_STREAM; }

// SO_NOSIGPIPE must be the socket's, not the number's: it is kept as the host socket's SO_PRIORITY, which nothing on the way to
// loopback looks at.
bool no_sigpipe(i32 fd);
i64 set_no_sigpipe(i32 fd, bool on);

// A send's host result as XNU's: ENOTCONN for what never was connected, SIGPIPE with EPIPE.
Answer sent(Trap&, i32 fd, i64 result, bool quiet);

// sendmsg and recvmsg, the header being here already. Receiving leaves in it what the caller shall get.
Answer send_message(Trap&, i32 fd, const xnu::msghdr&, i32 flags);
Answer receive_message(i32 fd, xnu::msghdr&, i32 flags);

// connect and bind, the address being here already.
Answer connect_to(i32 fd, HostAddress&);
Answer bind_to(i32 fd, HostAddress&);

// struct tcp_connection_info (connection_info.cpp); how much of it this release has.
struct ConnectionInfo {
    u8 state, snd_wscale, rcv_wscale, pad;
    u32 options, flags, rto, maxseg, snd_ssthresh, snd_cwnd, snd_wnd, snd_sbbytes, rcv_wnd, rttcur, srtt, rttvar, fast_open;
    u64 txpackets, txbytes, txretransmitbytes, rxpackets, rxbytes, rxoutoforderbytes, txretransmitpackets;
};
static_assert(sizeof(ConnectionInfo) == 112);
u32 connection_info(i32 fd, ConnectionInfo&);

// 0, or EBADF or ENOTSOCK: these come before anything is read from memory.
i32 check_socket(i32 fd);

// write and writev on what may be a socket, without the host's SIGPIPE. False: it is none.
bool socket_write(Trap&, Answer&);
bool socket_writev(Trap&, Answer&);

}  // namespace trapeze
#pragma GCC visibility pop
