// SPDX-License-Identifier: BSD-3-Clause
// sysctl net.route: interfaces and their addresses (NET_RT_IFLIST, IFLIST2), routes (NET_RT_DUMP, DUMP2, FLAGS) as messages of the routing socket.
// Sources: xnu-3248.60.10 bsd/net/rtsock.c sysctl_rtsock, sysctl_iflist, rt_msg2; bsd/net/if.h, if_var.h, route.h. A link-local address of
// IPv6 carries its interface in the second word, as the kernel keeps it. Counters are 0. The rest of
// net.route: NET_RT_STAT, TRASH, DUMPX: EINVAL, which XNU gives for what it does not know.
#include <initializer_list>

#include "sys/darwin/errno.h"
#include "sys/darwin/net.h"
#include "sys/linux/net.h"
#include "sys/mem.h"
#include "tools/xnurun/interfaces.h"

namespace trapeze {
namespace {

constexpr u64 room = 256 * 1024;
constexpr i32 rt_dump = 1, rt_flags = 2, rt_iflist = 3, rt_iflist2 = 6, rt_dump2 = 7;
constexpr u8 version = 5, rtm_get = 4, rtm_newaddr = 0xc, rtm_ifinfo = 0xe, rtm_ifinfo2 = 0x12, rtm_newmaddr2 = 0x13, rtm_get2 = 0x14;
constexpr i32 has_dst = 1, has_gateway = 2, has_mask = 4, has_link = 0x10, has_address = 0x20, has_broadcast = 0x80;

struct [[gnu::packed]] Counters {  // struct if_data and if_data64, up to the line's speed
    u8 type, type_size, physical, address_size, header_size, quotas[2], unused;
    u32 mtu, metric;
};
constexpr u32 info_bytes = 16 + 96, info2_bytes = 32 + 128, address_bytes = 20, route_bytes = 92;  // the messages' fixed parts

struct Writer {
    u8* base;
    u64 used = 0, start = 0;
    bool full = false;

    u8* take(u64 n) {
        full = full || used + n > room;
        u8* at = full ? base : base + used;
        if (!full) used += n;
        memset(at, 0, n);
        return at;
    }
    u8* begin(u8 type, u32 fixed, i32 addresses) {
        start = used;
        u8* m = take(fixed);
        m[2] = version, m[3] = type;
        memcpy(m + (type == rtm_get || type == rtm_get2 ? 12 : 4), &addresses, 4);
        return m;
    }
    void end() {
        const u16 size = static_cast<u16>(used - start);
        if (!full) memcpy(base + start, &size, 2);
    }
    void link(const Interface& i) {  // sockaddr_dl
        const u32 size = 8u + i.name_size + i.address_size, least = size < 20 ? 20 : size;
        u8* a = take((least + 3) & ~3u);
        a[0] = static_cast<u8>((least + 3) & ~3u), a[1] = xnu::AF_LINK;
        const u16 index = static_cast<u16>(i.index);
        memcpy(a + 2, &index, 2);
        a[4] = static_cast<u8>(i.type), a[5] = i.name_size, a[6] = i.address_size;
        memcpy(a + 8, i.name, i.name_size);
        memcpy(a + 8 + i.name_size, i.address, i.address_size);
    }
    void address(u8 family, const u8* bytes, u32 index) {
        const bool four = family == lnx::AF_INET;
        u8* a = take(four ? 16 : 28);
        a[0] = four ? 16 : 28, a[1] = four ? xnu::AF_INET : xnu::AF_INET6;
        memcpy(a + (four ? 4 : 8), bytes, four ? 4 : 16);
        if (!four && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) a[10] = static_cast<u8>(index >> 8), a[11] = static_cast<u8>(index);
    }
    void mask(u8 family, u32 prefix) {
        u8 bits[16] = {};
        for (u32 i = 0; i < 16; i++) bits[i] = static_cast<u8>(prefix >= 8 * i + 8 ? 0xff : prefix > 8 * i ? 0xff00 >> (prefix - 8 * i) : 0);
        if (family == lnx::AF_INET6) return address(family, bits, 0);
        const u32 last = (prefix + 7) / 8, size = prefix ? 4 + last : 0;  // in_socktrim: cut behind its last bit; no family
        u8* a = take(size ? (size + 3) & ~3u : 4);
        a[0] = static_cast<u8>(size);
        memcpy(a + 4, bits, last);
    }
};

void interface(Writer& w, const Interface& i, bool wide) {
    u8* m = w.begin(wide ? rtm_ifinfo2 : rtm_ifinfo, wide ? info2_bytes : info_bytes, has_link);
    const u16 index = static_cast<u16>(i.index);
    const u32 flags = i.flags & 0xffff;
    memcpy(m + 8, &flags, 4);
    memcpy(m + 12, &index, 2);
    const Counters c{static_cast<u8>(i.type), 0, 0, i.address_size, static_cast<u8>(i.type == 6 ? 14 : 0), {}, 0, i.mtu, 0};
    memcpy(m + (wide ? 32 : 16), &c, sizeof c);
    w.link(i);
    w.end();
}

void address(Writer& w, const InterfaceAddress& a) {
    u8* m = w.begin(rtm_newaddr, address_bytes, has_mask | has_address | (a.has_broadcast ? has_broadcast : 0));
    const u16 index = static_cast<u16>(a.index);
    memcpy(m + 12, &index, 2);
    w.mask(a.family, a.prefix);
    w.address(a.family, a.address, a.index);
    if (a.has_broadcast) w.address(a.family, a.broadcast, a.index);
    w.end();
}

void group(Writer& w, const Group& g, const Interface& link) {
    u8* m = w.begin(rtm_newmaddr2, address_bytes, has_link | has_address);
    const u16 index = static_cast<u16>(g.index);
    memcpy(m + 12, &index, 2);
    m[16] = 1;
    w.link(link);
    w.address(g.family, g.address, g.index);
    w.end();
}

bool whole(const Route& r) { return r.prefix == (r.family == lnx::AF_INET ? 32 : 128); }

// Routes to the host's own addresses go by lo0, where the next hop of lo0's addresses is the address, of others their interface (in_ifinit,
// arp_rtrequest, nd6_rtrequest).
void route(Writer& w, const Route& r, const Interfaces& all, u32 flags, u8 type) {
    constexpr u8 loopback_type = 0x18;
    u32 loopback = 0;
    for (u32 i = 0; i < all.link_count; i++)
        if (all.links[i].type == loopback_type) loopback = all.links[i].index;
    u8* m = w.begin(type, route_bytes, has_dst | has_gateway | (whole(r) ? 0 : has_mask));
    const u16 index = static_cast<u16>(r.local ? loopback : r.index);
    memcpy(m + 4, &index, 2);
    memcpy(m + 8, &flags, 4);
    w.address(r.family, r.to, r.index);
    if (r.has_gateway || (r.local && r.index == loopback)) {
        w.address(r.family, r.gateway, r.index);
    } else {
        for (u32 i = 0; i < all.link_count; i++)
            if (all.links[i].index == r.index) w.link(all.links[i]);
    }
    if (!whole(r)) w.mask(r.family, r.prefix);
    w.end();
}

u8 host_family(i32 darwin) { return darwin == xnu::AF_INET ? lnx::AF_INET : darwin == xnu::AF_INET6 ? lnx::AF_INET6 : 0; }

bool of_routes(i32 what) { return what == rt_dump || what == rt_flags || what == rt_dump2; }

void write(Writer& w, const Interfaces& all, i32 darwin_family, i32 what, u32 argument) {
    const u8 family = host_family(darwin_family);
    const bool every = darwin_family == 0;
    if (of_routes(what)) {
        for (u32 i = 0; i < all.route_count; i++) {
            const Route& r = all.routes[i];
            constexpr u32 up = 1, gateway = 2, one_host = 4, by_hand = 0x800;
            const u32 flags = up | (r.has_gateway ? gateway : 0) | (whole(r) ? one_host : 0) | (r.local && whole(r) ? 0 : by_hand);
            if ((every || family == r.family) && (what != rt_flags || flags & argument)) route(w, r, all, flags, what == rt_dump2 ? rtm_get2 : rtm_get);
        }
        return;
    }
    for (u32 i = 0; i < all.link_count; i++) {
        const Interface& link = all.links[i];
        if (argument && argument != link.index) continue;
        interface(w, link, what == rt_iflist2);
        for (u32 k = 0; k < all.address_count; k++)
            if (all.addresses[k].index == link.index && (every || family == all.addresses[k].family)) address(w, all.addresses[k]);
        for (u32 k = 0; k < all.group_count; k++)
            if (all.groups[k].index == link.index && (every || family == all.groups[k].family)) group(w, all.groups[k], link);
    }
}

}  // namespace

Answer route_sysctl(const i32* name, u32 count, u64 old, u64 old_length, u64 fresh) {
    if (fresh) return fail(xnu::EPERM);
    if (count != 4) return fail(xnu::EINVAL);
    const i32 what = name[2];
    if (!of_routes(what) && what != rt_iflist && what != rt_iflist2) return fail(xnu::EINVAL);
    if (of_routes(what) && (name[1] & 0xff) && !host_family(name[1] & 0xff)) return fail(xnu::EINVAL);  // there are tables of two families
    u64 given = 0;
    if (old_length && !copyin(given, old_length)) return fail(xnu::EFAULT);
    Interfaces all;
    Writer w{static_cast<u8*>(host_room(room))};
    if (!w.base) return fail(xnu::ENOMEM);
    Answer a = ok();
    if (!all.read(of_routes(what), what == rt_iflist2)) {
        a = fail(xnu::ENOBUFS);
    } else {
        write(w, all, name[1] & 0xff, what, static_cast<u32>(name[3]));
        // What comes at once is exact; who asks for the size gets an eighth more, for what may be added meanwhile.
        const u64 size = old ? (given < w.used ? given : w.used) : w.used + w.used / 8;
        if (old && !copyout(w.base, old, size)) a = fail(xnu::EFAULT);
        else if (old_length && !copyout(size, old_length)) a = fail(xnu::EFAULT);
        else if (old && given < w.used) a = fail(xnu::ENOMEM);
    }
    all.drop();
    host_room_free(w.base, room);
    return a;
}

}  // namespace trapeze
