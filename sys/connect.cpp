// SPDX-License-Identifier: BSD-3-Clause
// connect alone, since it brings poll along; see net.h.
#include "sys/calls.h"
#include "sys/interrupted.h"
#include "sys/net.h"
#include "sys/poll.h"

namespace trapeze {

// A signal ends the wait, not the attempt: calling again would be EALREADY or EISCONN. In AF_UNIX no attempt is under way: a
// connect that waited for room in the listener's queue has done nothing yet (Linux net/unix/af_unix.c unix_stream_connect).
Result connect(i32 fd, const Address& address) {
    auto call = [&] { return sys_connect(fd, address.bytes, static_cast<kernel::socklen_t>(address.size)); };
    if (address.family() == AF_UNIX) return again_when_interrupted(call);
    Result r = call();
    if (r.err() != kernel::EINTR) return r;
    pollfd one{fd, POLLOUT, 0};
    r = poll(&one, 1);
    if (r.failed()) return r;
    r = socket_error(fd);
    return r.ok() && r.value() ? Result::error(static_cast<i32>(r.value())) : r;
}

}  // namespace trapeze
