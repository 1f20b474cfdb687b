// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: capabilities and Landlock, by which a program gives up rights. Source: include/uapi/linux/{capability,landlock}.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr u32 _LINUX_CAPABILITY_VERSION_3 = 0x20080522;
struct __user_cap_header_struct {
    u32 version;
    i32 pid;  // 0: the caller
};
struct __user_cap_data_struct {  // two of them with version 3: capabilities 0-31, 32-63
    u32 effective;
    u32 permitted;
    u32 inheritable;
};
static_assert(sizeof(__user_cap_header_struct) == 8 && sizeof(__user_cap_data_struct) == 12);

constexpr i32 LANDLOCK_RULE_PATH_BENEATH = 1, LANDLOCK_RULE_NET_PORT = 2;
struct landlock_ruleset_attr {
    u64 handled_access_fs;
    u64 handled_access_net;  // since Linux 6.7
    u64 scoped;              // since Linux 6.12
};
struct [[gnu::packed]] landlock_path_beneath_attr {
    u64 allowed_access;
    i32 parent_fd;
};
struct landlock_net_port_attr {
    u64 allowed_access;
    u64 port;
};
static_assert(sizeof(landlock_ruleset_attr) == 24 && sizeof(landlock_path_beneath_attr) == 12 && sizeof(landlock_net_port_attr) == 16);

}  // namespace trapeze::lnx
