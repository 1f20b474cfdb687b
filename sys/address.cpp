// SPDX-License-Identifier: BSD-3-Clause
// Addresses: made, looked into, compared. Their text is in address_text.cpp. The kernels' structures differ in their first two
// bytes alone (Darwin: length and family, Linux: the family in two) and in the length of a path: put() knows it.
#include "sys/mem.h"
#include "sys/net.h"

namespace trapeze {
namespace {

using In = kernel::sockaddr_in;
using In6 = kernel::sockaddr_in6;
constexpr usize path_at = offsetof(kernel::sockaddr_un, sun_path);
static_assert(path_at == 2 && offsetof(In, sin_port) == offsetof(In6, sin6_port));

u16 swap(u16 v) { return static_cast<u16>(v << 8 | v >> 8); }

// Where the family is: Darwin's structures have a byte for it, Linux's two.
template <class T>
void set_family(T& a, i32 family) {
    a.sin_family = static_cast<decltype(a.sin_family)>(family);
    if constexpr (requires { a.sin_len; }) a.sin_len = sizeof(In);
}

Address start(i32 family, usize size) {
    Address a;
    a.size = static_cast<u32>(size);
    In head{};
    set_family(head, family);
    memcpy(a.bytes, &head, 2);
    if constexpr (sizeof(In::sin_family) == 1) a.bytes[0] = static_cast<u8>(size);
    return a;
}

}  // namespace

i32 Address::family() const {
    if (size < 2) return 0;
    In head;
    memcpy(&head, bytes, sizeof head);
    return head.sin_family;
}

u16 Address::port() const {
    const i32 f = family();
    if (!(f == AF_INET && size >= sizeof(In)) && !(f == AF_INET6 && size >= sizeof(In6))) return 0;
    u16 p;
    memcpy(&p, bytes + offsetof(In, sin_port), 2);
    return swap(p);
}

void Address::set_port(u16 port) {
    const u16 p = swap(port);
    memcpy(bytes + offsetof(In, sin_port), &p, 2);
}

Str Address::path() const {
    if (family() != AF_UNIX || size <= path_at) return {"", 0};
    const char* p = reinterpret_cast<const char*>(bytes) + path_at;
    const usize room = (size < sizeof bytes ? size : sizeof bytes) - path_at;
    if (!p[0]) {  // an abstract name is as long as it is; Darwin's unnamed one is NULs
        if constexpr (sizeof(In::sin_family) == 1) return {"", 0};
        return {p, room};
    }
    usize n = 0;
    while (n < room && p[n]) n++;
    return {p, n};
}

bool Address::operator==(const Address& other) const {
    if (family() != other.family()) return false;
    if (family() == AF_UNIX) {
        const Str a = path(), b = other.path();
        return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
    }
    return size == other.size && memcmp(bytes, other.bytes, size) == 0;
}

Address ipv4(u8 a, u8 b, u8 c, u8 d, u16 port) {
    Address to = start(AF_INET, sizeof(In));
    const u8 number[4] = {a, b, c, d};
    memcpy(to.bytes + offsetof(In, sin_addr), number, 4);
    to.set_port(port);
    return to;
}

Address ipv6(const u8 (&address)[16], u16 port, u32 scope) {
    Address to = start(AF_INET6, sizeof(In6));
    memcpy(to.bytes + offsetof(In6, sin6_addr), address, 16);
    memcpy(to.bytes + offsetof(In6, sin6_scope_id), &scope, 4);
    to.set_port(port);
    return to;
}

Address loopback(i32 family, u16 port) {
    constexpr u8 one[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return family == AF_INET6 ? ipv6(one, port) : ipv4(127, 0, 0, 1, port);
}

Address any_address(i32 family, u16 port) {
    constexpr u8 zero[16] = {};
    return family == AF_INET6 ? ipv6(zero, port) : ipv4(0, 0, 0, 0, port);
}

Result unix_address(Str path, Address* out) {
    *out = {};
    if (path.size == 0) return Result::error(kernel::EINVAL);
    if (path.size > unix_path_max) return Result::error(kernel::ENAMETOOLONG);
    const usize end = path.data[0] ? 1 : 0;  // a NUL behind a path; an abstract name would change by it
    *out = start(AF_UNIX, path_at + path.size + end);
    memcpy(out->bytes + path_at, path.data, path.size);
    return {0};
}

}  // namespace trapeze
