// SPDX-License-Identifier: BSD-3-Clause
// What both kernels do with the same call; see net.h. Making sockets is each kernel's own: net_linux.cpp, net_darwin.cpp.
#include "sys/net.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {
namespace {

constexpr usize most = 0x7ffff000;  // bytes a call, as in file.cpp

template <class Call>
Result name_of(Address* out, Call call) {
    *out = {};
    kernel::socklen_t size = sizeof out->bytes;
    const Result r = call(out->bytes, &size);
    if (r.ok()) out->size = static_cast<u32>(size) < sizeof out->bytes ? static_cast<u32>(size) : sizeof out->bytes;
    return r;
}

kernel::socklen_t size_of(const Address& a) { return static_cast<kernel::socklen_t>(a.size); }

}  // namespace

Result bind(i32 fd, const Address& address) {
    return again_when_interrupted([&] { return sys_bind(fd, address.bytes, size_of(address)); });
}

Result listen(i32 fd, i32 backlog) { return sys_listen(fd, backlog); }
Result shutdown(i32 fd, i32 how) { return sys_shutdown(fd, how); }

Result getsockname(i32 fd, Address* out) {
    return name_of(out, [fd](void* at, kernel::socklen_t* size) { return sys_getsockname(fd, at, size); });
}

Result getpeername(i32 fd, Address* out) {
    return name_of(out, [fd](void* at, kernel::socklen_t* size) { return sys_getpeername(fd, at, size); });
}

Result sendto(i32 fd, const void* data, usize n, i32 flags, const Address& to) {
    return again_when_interrupted([&] {
        return sys_sendto(fd, data, n < most ? n : most, flags | kernel::send_always, to.size ? to.bytes : nullptr, size_of(to));
    });
}

Result recvfrom(i32 fd, void* buffer, usize n, i32 flags, Address* from) {
    return name_of(from, [=](void* at, kernel::socklen_t* size) {
        return again_when_interrupted([=] {
            *size = sizeof from->bytes;
            return sys_recvfrom(fd, buffer, n < most ? n : most, flags, at, size);
        });
    });
}

Result send(i32 fd, const void* data, usize n, i32 flags) {
    return again_when_interrupted(
        [=] { return sys_sendto(fd, data, n < most ? n : most, flags | kernel::send_always, nullptr, 0); });
}

Result recv(i32 fd, void* buffer, usize n, i32 flags) {
    return again_when_interrupted([=] { return sys_recvfrom(fd, buffer, n < most ? n : most, flags, nullptr, nullptr); });
}

}  // namespace trapeze
