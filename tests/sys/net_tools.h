// SPDX-License-Identifier: BSD-3-Clause
// What several tests of sockets begin with: everything on loopback, ports chosen by the kernel.
#pragma once
#include "tests/tap.h"

#include "sys/calls.h"
#include "sys/mem.h"

namespace trapeze {

inline i32 number(Result r) { return static_cast<i32>(r.value()); }

// A bound, listening socket of TCP; its address in *at. -1 without the domain (a machine without IPv6).
inline i32 listener(i32 domain, Address* at, i32 flags = 0, i32 backlog = 16) {
    const Result s = socket(domain, SOCK_STREAM, 0, flags);
    if (s.failed()) return -1;
    const i32 fd = number(s);
    if (bind(fd, loopback(domain)).ok() && listen(fd, backlog).ok() && getsockname(fd, at).ok()) return fd;
    (void)close(fd);
    return -1;
}

// Two connected ends of a TCP connection. False: said.
inline bool tcp_pair(i32 (&ends)[2]) {
    Address at;
    const i32 fd = listener(AF_INET, &at);
    const Result client = socket(AF_INET, SOCK_STREAM);
    const bool connected = fd >= 0 && client.ok() && connect(number(client), at).ok();
    const Result server = connected ? accept(fd) : Result::error(kernel::EINVAL);
    if (fd >= 0) (void)close(fd);
    ends[0] = number(client);
    ends[1] = number(server);
    if (server.ok()) return true;
    print("# no connection\n");
    return false;
}

inline i32 descriptor_flags(i32 fd) { return number(sys_fcntl(fd, 1, 0)); }  // F_GETFD
inline i32 status_flags(i32 fd) { return number(sys_fcntl(fd, 3, 0)); }      // F_GETFL

// An address that no memory is at.
template <class T>
T* nowhere() {
    return reinterpret_cast<T*>(16);
}

}  // namespace trapeze
