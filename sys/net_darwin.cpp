// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/net.h: flags come by further traps. Wrong ones are EINVAL, as Linux says. What fails after the descriptor
// was made closes it again.
#include "sys/calls.h"
#include "sys/file.h"
#include "sys/interrupted.h"
#include "sys/net.h"

namespace trapeze {
namespace {

constexpr i32 known = xnu::O_CLOEXEC | xnu::O_NONBLOCK;
constexpr i32 f_setfd = 2, f_setfl = 4;

// always: O_NONBLOCK is taken away too if it is not wanted (an accepted socket has its listener's).
Result dress(i32 fd, i32 flags, bool always) {
    // Refused (EINVAL) once both directions are shut, as by a peer that is gone already: then nothing can signal either.
    const i32 on = 1;
    (void)sys_setsockopt(fd, xnu::SOL_SOCKET, xnu::SO_NOSIGPIPE, &on, sizeof on);
    Result r{0};
    if (flags & xnu::O_CLOEXEC) r = sys_fcntl(fd, f_setfd, 1);
    if (r.ok() && (always || flags & xnu::O_NONBLOCK)) r = sys_fcntl(fd, f_setfl, flags & xnu::O_NONBLOCK);
    return r;
}

Result dressed(Result made, i32 flags, bool always) {
    if (made.failed()) return made;
    const i32 fd = static_cast<i32>(made.value());
    const Result r = dress(fd, flags, always);
    if (r.ok()) return made;
    (void)close(fd);
    return r;
}

}  // namespace

Result socket(i32 domain, i32 type, i32 protocol, i32 flags) {
    if (flags & ~known) return Result::error(xnu::EINVAL);
    return dressed(sys_socket(domain, type, protocol), flags, false);
}

Result socketpair(i32 domain, i32 type, i32 protocol, i32 (&out)[2], i32 flags) {
    if (flags & ~known) return Result::error(xnu::EINVAL);
    i32 pair[2];
    Result r = sys_socketpair(domain, type, protocol, pair);
    if (r.failed()) return r;
    for (const i32 fd : pair)
        if (r.ok()) r = dress(fd, flags, false);
    if (r.failed()) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return r;
    }
    out[0] = pair[0];
    out[1] = pair[1];
    return {0};
}

Result accept(i32 fd, Address* peer, i32 flags) {
    if (flags & ~known) return Result::error(xnu::EINVAL);
    u32 size = 0;
    const Result r = again_when_interrupted([&] {
        size = sizeof peer->bytes;
        return sys_accept(fd, peer ? peer->bytes : nullptr, peer ? &size : nullptr);
    });
    if (peer) peer->size = r.failed() ? 0 : size < sizeof peer->bytes ? size : sizeof peer->bytes;
    return dressed(r, flags, true);
}

}  // namespace trapeze
