// SPDX-License-Identifier: BSD-3-Clause
// Socket options; see net.h. Darwin reports one that is on as its bit in the option word (bsd/kern/uipc_socket.c sogetoptlock):
// on_off makes 1 of it.
#include "sys/calls.h"
#include "sys/net.h"

namespace trapeze {

Result setsockopt(i32 fd, i32 level, i32 name, const void* value, usize size) {
    return sys_setsockopt(fd, level, name, value, static_cast<kernel::socklen_t>(size));
}

Result getsockopt(i32 fd, i32 level, i32 name, void* value, usize* size) {
    kernel::socklen_t room = static_cast<kernel::socklen_t>(*size);
    const Result r = sys_getsockopt(fd, level, name, value, &room);
    if (r.ok()) *size = static_cast<usize>(room);
    return r;
}

Result set_option(i32 fd, Option option, i32 value) { return setsockopt(fd, option.level, option.name, &value, sizeof value); }

Result get_option(i32 fd, Option option) {
    i32 value = 0;
    usize size = sizeof value;
    const Result r = getsockopt(fd, option.level, option.name, &value, &size);
    if (r.failed()) return r;
    return {option.on_off ? value != 0 : value};
}

Result socket_error(i32 fd) { return get_option(fd, {kernel::SOL_SOCKET, kernel::SO_ERROR, false}); }

Result set_timeouts(i32 fd, i64 send, i64 receive) {
    if (send < 0 || receive < 0) return Result::error(kernel::EDOM);  // Linux takes a negative one for 0
    const i64 wanted[2] = {send, receive};
    constexpr i32 names[2] = {kernel::SO_SNDTIMEO, kernel::SO_RCVTIMEO};
    for (int i = 0; i < 2; i++) {
        kernel::timeval t{};
        i64 us = wanted[i] / 1000;
        if (wanted[i] && !us) us = 1;  // 0 would be for ever
        t.tv_sec = us / 1000000;
        t.tv_usec = static_cast<decltype(t.tv_usec)>(us % 1000000);
        const Result r = setsockopt(fd, kernel::SOL_SOCKET, names[i], &t, sizeof t);
        if (r.failed()) return r;
    }
    return {0};
}

Result set_linger(i32 fd, i32 seconds) {
    const kernel::linger l{seconds >= 0, seconds >= 0 ? seconds : 0};
    return setsockopt(fd, kernel::SOL_SOCKET, kernel::SO_LINGER_SECONDS, &l, sizeof l);
}

}  // namespace trapeze
