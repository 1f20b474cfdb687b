// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/net.h: what is made has its flags from the start.
#include "sys/calls.h"
#include "sys/interrupted.h"
#include "sys/net.h"

namespace trapeze {

static_assert(lnx::SOCK_CLOEXEC == O_CLOEXEC && lnx::SOCK_NONBLOCK == O_NONBLOCK);

Result socket(i32 domain, i32 type, i32 protocol, i32 flags) { return sys_socket(domain, type | flags, protocol); }

Result socketpair(i32 domain, i32 type, i32 protocol, i32 (&out)[2], i32 flags) {
    return sys_socketpair(domain, type | flags, protocol, out);
}

Result accept(i32 fd, Address* peer, i32 flags) {
    i32 size = 0;
    const Result r = again_when_interrupted([&] {
        size = sizeof peer->bytes;
        return sys_accept4(fd, peer ? peer->bytes : nullptr, peer ? &size : nullptr, static_cast<u32>(flags));
    });
    if (peer) peer->size = r.ok() ? static_cast<u32>(size) : 0;
    return r;
}

}  // namespace trapeze
