// SPDX-License-Identifier: BSD-3-Clause
// The host's network interfaces, their addresses and routes, for those who tell the guest of them. Index and order are the host's; its
// loopback, lo, is called lo0.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Interface {
    u32 index, flags;  // flags: Darwin's
    u32 mtu;
    u16 type;          // IFT_*
    u8 name_size, address_size;
    char name[16];
    u8 address[16];    // of the link
};
struct InterfaceAddress {
    u32 index;
    u8 family;         // the host's
    u8 prefix;
    bool has_broadcast;
    u8 address[16], broadcast[16];
};
struct Group {         // of multicast that somebody listens to
    u32 index;
    u8 family;
    u8 address[16];
};
struct Route {
    u32 index;
    u8 family, prefix;
    bool has_gateway, local;  // local: to an address of the host's own
    u8 to[16], gateway[16];
};

struct Interfaces {    // a page or more of host memory each; drop() gives them back
    Interface* links = nullptr;
    InterfaceAddress* addresses = nullptr;
    Route* routes = nullptr;
    Group* groups = nullptr;
    u32 link_count = 0, address_count = 0, route_count = 0, group_count = 0;
    bool read(bool with_routes, bool with_groups = false);  // false: the host does not tell
    void drop();
    const Interface* find(const char* name) const;
};

// sysctl {CTL_NET, PF_ROUTE, 0, family, NET_RT_*, argument}: what comes after the first two.
Answer route_sysctl(const i32* name, u32 count, u64 old, u64 old_length, u64 fresh);
// SIOCGIF*: true, answered.
bool interface_ioctl(Trap&, Answer&);

}  // namespace trapeze
#pragma GCC visibility pop
