// SPDX-License-Identifier: BSD-3-Clause
// See interfaces.h: up to three dumps over a netlink socket of the emulator's own, which lives as long as the trap; multicast groups as /proc has
// them. Sources: rtnetlink(7),
// include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h; flags and types: xnu-3248.60.10 bsd/net/if.h, if_types.h.
#include "tools/xnurun/interfaces.h"

#include <initializer_list>

#include "sys/linux/net.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"

namespace trapeze {
namespace {

constexpr u64 table_bytes = 64 * 1024, reply_bytes = 32 * 1024, tables_bytes = 4 * table_bytes;
constexpr i32 af_netlink = 16, sock_raw = 3, cloexec = 02000000;
constexpr u16 get_link = 18, get_address = 22, get_route = 26, new_link = 16, new_address = 20, new_route = 24, nl_error = 2, nl_done = 3;

struct Head {
    u32 size;
    u16 type, flags;
    u32 sequence, port;
};
struct Attribute {
    u16 size, type;
};

u32 align4(u32 n) { return (n + 3) & ~3u; }

u32 darwin_flags(u32 host) {
    constexpr u32 same = 0x3ff, multicast = 0x1000;
    return (host & same) | (host & multicast ? 0x8000 : 0) | (host & 0x1a ? 0 : 0x800);
}

// What the attributes behind a message's fixed part say: type -> where, how long.
struct Attributes {
    const u8* at[24] = {};
    u32 size[24] = {};
    Attributes(const u8* from, const u8* end) {
        while (from + sizeof(Attribute) <= end) {
            Attribute a;
            memcpy(&a, from, sizeof a);
            if (a.size < sizeof a || from + a.size > end) return;
            if (a.type < 24) at[a.type] = from + sizeof a, size[a.type] = a.size - static_cast<u32>(sizeof a);
            from += align4(a.size);
        }
    }
    void copy(u32 type, void* to, u32 room) const {
        if (at[type]) memcpy(to, at[type], size[type] < room ? size[type] : room);
    }
};

void add(Interfaces& all, u16 type, const u8* body, const u8* end) {
    if (type == new_link && all.link_count < table_bytes / sizeof(Interface)) {
        const Attributes a(body + 16, end);
        Interface& i = all.links[all.link_count++];
        i = {};
        u16 kind;
        memcpy(&kind, body + 2, 2);
        memcpy(&i.index, body + 4, 4);
        memcpy(&i.flags, body + 8, 4);
        i.flags = darwin_flags(i.flags);
        i.type = kind == 772 ? 0x18 : kind == 1 ? 6 : 1;  // ARPHRD_LOOPBACK, ARPHRD_ETHER
        a.copy(3, i.name, sizeof i.name - 1);
        a.copy(4, &i.mtu, 4);
        if (str_eq(i.name, "lo")) i.name[2] = '0';
        i.name_size = static_cast<u8>(str_len(i.name));
        if (i.type == 6 && a.size[1] <= sizeof i.address) {
            i.address_size = static_cast<u8>(a.size[1]);
            a.copy(1, i.address, sizeof i.address);
        }
    } else if (type == new_address && all.address_count < table_bytes / sizeof(InterfaceAddress)) {
        const Attributes a(body + 8, end);
        InterfaceAddress& i = all.addresses[all.address_count];
        i = {};
        i.family = body[0], i.prefix = body[1];
        memcpy(&i.index, body + 4, 4);
        a.copy(1, i.address, sizeof i.address);
        a.copy(2, i.address, sizeof i.address);
        i.has_broadcast = a.at[4];
        a.copy(4, i.broadcast, sizeof i.broadcast);
        if (i.family == lnx::AF_INET || i.family == lnx::AF_INET6) all.address_count++;
    } else if (type == new_route && all.route_count < table_bytes / sizeof(Route)) {
        constexpr u8 main_table = 254, local_table = 255, unicast = 1, local = 2;
        const Attributes a(body + 12, end);
        Route& r = all.routes[all.route_count];
        r = {};
        r.family = body[0], r.prefix = body[1];
        a.copy(1, r.to, sizeof r.to);
        a.copy(4, &r.index, 4);
        r.has_gateway = a.at[5];
        a.copy(5, r.gateway, sizeof r.gateway);
        r.local = body[4] == local_table && body[7] == local;
        if (r.local && r.family == lnx::AF_INET) a.copy(7, r.gateway, sizeof r.gateway);  // RTA_PREFSRC: whose it is
        if (r.local && r.family == lnx::AF_INET6) memcpy(r.gateway, r.to, sizeof r.to);
        if (((body[4] == main_table && body[7] == unicast) || r.local) && (r.family == lnx::AF_INET || r.family == lnx::AF_INET6)) all.route_count++;
    }
}

bool dump(i32 fd, u16 what, u8* reply, Interfaces& all) {
    struct {
        Head head;
        u8 body[16];
    } ask{{sizeof ask, what, 0x301, 1, 0}, {}};  // NLM_F_REQUEST | NLM_F_DUMP
    if (host_failed(host(lnx::SYS_sendto, fd, &ask, sizeof ask, 0, 0, 0))) return false;
    for (;;) {
        const i64 n = host(lnx::SYS_recvfrom, fd, reply, reply_bytes, 0, 0, 0);
        if (n <= 0) return false;
        for (i64 at = 0; at + static_cast<i64>(sizeof(Head)) <= n;) {
            Head h;
            memcpy(&h, reply + at, sizeof h);
            if (h.size < sizeof h || h.size > n - at) return false;
            if (h.type == nl_done) return true;
            if (h.type == nl_error) return false;
            add(all, h.type, reply + at + sizeof h, reply + at + h.size);
            at += align4(h.size);
        }
    }
}

// Lines of /proc/net/igmp6, "1 lo ff02...1 1 0000000C 0", or of igmp: "1 lo : 1 V3", then one of "010000E0 1 ..." for each group.
void read_groups(const char* path, u8 family, char* text, Interfaces& all) {
    const i32 fd = hidden_made(lnx::SYS_openat, static_cast<u64>(lnx::AT_FDCWD), reinterpret_cast<u64>(path), 0);
    if (fd < 0) return;
    u64 size = 0;
    for (i64 n; size < reply_bytes - 1 && (n = host(lnx::SYS_read, fd, text + size, reply_bytes - 1 - size)) > 0;) size += static_cast<u64>(n);
    close_hidden(fd);
    text[size] = 0;
    u32 index = 0;
    for (const char* p = text; *p;) {
        const bool within = *p == ' ' || *p == '\t';
        const char* word[3] = {};
        u32 words = 0;
        for (; *p && *p != '\n'; p++)
            if (*p != ' ' && *p != '\t' && (p == text || p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\n') && words < 3) word[words++] = p;
        if (*p) p++;
        if (words < 1 || (!within && (word[0][0] < '0' || word[0][0] > '9'))) continue;
        if (!within)
            for (index = 0, words = words < 3 ? words : 3; *word[0] >= '0' && *word[0] <= '9'; word[0]++) index = index * 10 + static_cast<u32>(*word[0] - '0');
        const char* digits = family == lnx::AF_INET6 ? word[2] : within ? word[0] : nullptr;
        if (!digits || all.group_count == table_bytes / sizeof(Group)) continue;
        Group& g = all.groups[all.group_count++];
        g = {index, family, {}};
        const u32 bytes = family == lnx::AF_INET ? 4 : 16;
        for (u32 i = 0; i < 2 * bytes; i++) {
            const char c = digits[i];
            const u32 v = c >= '0' && c <= '9' ? static_cast<u32>(c - '0') : static_cast<u32>((c | 0x20) - 'a' + 10) & 15;
            u8& to = g.address[family == lnx::AF_INET ? 3 - i / 2 : i / 2];
            to = static_cast<u8>(to << 4 | v);
        }
    }
}

}  // namespace

bool Interfaces::read(bool with_routes, bool with_groups) {
    const i32 fd = hidden_made(lnx::SYS_socket, af_netlink, sock_raw | cloexec, 0);
    if (fd < 0) return false;
    u8* all = static_cast<u8*>(host_room(tables_bytes + reply_bytes));
    if (!all) return close_hidden(fd), false;
    links = reinterpret_cast<Interface*>(all);
    addresses = reinterpret_cast<InterfaceAddress*>(all + table_bytes);
    routes = reinterpret_cast<Route*>(all + 2 * table_bytes);
    groups = reinterpret_cast<Group*>(all + 3 * table_bytes);
    u8* reply = all + tables_bytes;
    const bool told = dump(fd, get_link, reply, *this) && dump(fd, get_address, reply, *this) && (!with_routes || dump(fd, get_route, reply, *this));
    if (with_groups) {
        read_groups("/proc/net/igmp", lnx::AF_INET, reinterpret_cast<char*>(reply), *this);
        read_groups("/proc/net/igmp6", lnx::AF_INET6, reinterpret_cast<char*>(reply), *this);
    }
    close_hidden(fd);
    return told;
}

void Interfaces::drop() {
    if (links) host_room_free(links, tables_bytes + reply_bytes);
}

const Interface* Interfaces::find(const char* name) const {
    for (u32 i = 0; i < link_count; i++)
        if (str_eq(links[i].name, name)) return &links[i];
    return nullptr;
}

}  // namespace trapeze
