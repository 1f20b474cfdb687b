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
};
struct GuestAddress {
    u32 size;
    alignas(8) u8 bytes[256];  // u8 length, u8 family first
};

// getsockaddr, getsockaddr_s (bsd/kern/uipc_syscalls.c): 0 or Darwin's errno. family: what the guest's address says.
i32 address_in(u64 from, u32 size, HostAddress& out);
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

// 0, or EBADF or ENOTSOCK: these come before anything is read from memory.
i32 check_socket(i32 fd);

// write and writev on what may be a socket, without the host's SIGPIPE. False: it is none.
bool socket_write(Trap&, Answer&);
bool socket_writev(Trap&, Answer&);

}  // namespace trapeze
#pragma GCC visibility pop
