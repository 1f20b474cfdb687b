// SPDX-License-Identifier: BSD-3-Clause
// ioctls of sockets: SIOCGIFCONF and its kin, SIOCATMARK (xnu-3248.60.10 bsd/sys/sockio.h, bsd/net/if.c, bsd/netinet/in.c in_control). Of
// IPv4 alone, as in_control's are. ENXIO: no such interface; EADDRNOTAVAIL: it has no address; EOPNOTSUPP: not asked of a socket of AF_INET.
#include <initializer_list>

#include "sys/darwin/errno.h"
#include "sys/darwin/net.h"
#include "sys/linux/net.h"
#include "sys/mem.h"
#include "tools/xnurun/interfaces.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

struct Request {  // struct ifreq
    char name[16];
    u8 value[16];
};
struct List {  // struct ifconf64
    i32 size;
    u32 pad;
    u64 at;
};
static_assert(sizeof(Request) == 32 && sizeof(List) == 16);

enum : u32 {
    siocatmark = 0x40047307, siocgifflags = 0xc0206911, siocgifmetric = 0xc0206917, siocgifaddr = 0xc0206921, siocgifbrdaddr = 0xc0206923,
    siocgifconf = 0xc0106924, siocgifnetmask = 0xc0206925, siocgifmtu = 0xc0206933,
};

void internet(u8 (&to)[16], const u8* address) {
    memset(to, 0, 16);
    to[0] = 16, to[1] = xnu::AF_INET;
    memcpy(to + 4, address, 4);
}

const InterfaceAddress* first_address(const Interfaces& all, u32 index) {
    for (u32 i = 0; i < all.address_count; i++)
        if (all.addresses[i].index == index && all.addresses[i].family == lnx::AF_INET) return &all.addresses[i];
    return nullptr;
}

// The link's address, then those of IPv4, as much as there is room for whole.
Answer list(Trap& trap, const Interfaces& all) {
    List l;
    if (!copyin(l, trap.w(2))) return fail(xnu::EFAULT);
    u64 used = 0;
    const u64 most = l.size > 0 ? static_cast<u64>(l.size) : 0;
    for (u32 i = 0; i < all.link_count; i++) {
        const Interface& link = all.links[i];
        Request r{};
        memcpy(r.name, link.name, sizeof r.name);
        r.value[0] = 16, r.value[1] = xnu::AF_LINK, r.value[2] = static_cast<u8>(link.index), r.value[4] = static_cast<u8>(link.type);
        for (u32 k = 0; k <= all.address_count; k++) {
            if (k && (all.addresses[k - 1].index != link.index || all.addresses[k - 1].family != lnx::AF_INET)) continue;
            if (k) internet(r.value, all.addresses[k - 1].address);
            if (used + sizeof r > most) break;
            if (!copyout(r, l.at + used)) return fail(xnu::EFAULT);
            used += sizeof r;
        }
    }
    l.size = static_cast<i32>(used);
    return copyout(l, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

Answer one(Trap& trap, const Interfaces& all) {
    Request r;
    if (!copyin(r, trap.w(2))) return fail(xnu::EFAULT);
    char name[17] = {};
    memcpy(name, r.name, 16);
    const Interface* link = all.find(name);
    if (!link) return fail(xnu::ENXIO);
    const InterfaceAddress* address = first_address(all, link->index);
    const u32 what = trap.u(1);
    const u16 flags = static_cast<u16>(link->flags);
    if (what == siocgifflags) {
        memcpy(r.value, &flags, 2);
    } else if (what == siocgifmtu) {
        memcpy(r.value, &link->mtu, 4);
    } else if (what == siocgifmetric) {
        memset(r.value, 0, 4);
    } else if (!address) {
        return fail(xnu::EADDRNOTAVAIL);
    } else if (what == siocgifaddr) {
        internet(r.value, address->address);
    } else if (what == siocgifbrdaddr) {
        if (!(flags & 2)) return fail(xnu::EINVAL);  // IFF_BROADCAST
        internet(r.value, address->broadcast);
    } else {
        const u32 bits = address->prefix ? __builtin_bswap32(~0u << (32 - address->prefix)) : 0;
        internet(r.value, reinterpret_cast<const u8*>(&bits));
    }
    return copyout(r, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace

bool interface_ioctl(Trap& trap, Answer& answer) {
    const u32 what = trap.u(1);
    if (what == siocatmark) {
        constexpr u32 host_siocatmark = 0x8905;
        answer = from_host(host(lnx::SYS_ioctl, trap.i(0), host_siocatmark, trap.w(2)));
        return true;
    }
    bool known = false;
    for (const u32 k : {siocgifflags, siocgifmetric, siocgifaddr, siocgifbrdaddr, siocgifconf, siocgifnetmask, siocgifmtu}) known = known || k == what;
    const i32 domain = known ? host_socket_number(trap.i(0), lnx::SO_DOMAIN) : -1;
    if (!known || domain < 0) return false;
    const bool of_internet = what == siocgifaddr || what == siocgifbrdaddr || what == siocgifnetmask;
    if (of_internet && domain != lnx::AF_INET) {
        answer = fail(xnu::EOPNOTSUPP);
        return true;
    }
    Interfaces all;
    answer = !all.read(false) ? fail(xnu::ENOBUFS) : what == siocgifconf ? list(trap, all) : one(trap, all);
    all.drop();
    return true;
}

}  // namespace trapeze
