// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: who a process is to the audit system and to personas, and what posix_spawn takes.
// Source, xnu-11417.121.6: osfmk/mach/message.h, bsd/sys/persona.h, bsd/sys/spawn_internal.h (user64__posix_spawn_args_desc); and
// bsd/bsm/audit.h for auditinfo, whose calls ended with xnu-1699.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

struct audit_token {  // as the audit trailer of a message has it: audit user, euid, egid, ruid, rgid, pid, session, pid's version
    u32 val[8];
};
static_assert(sizeof(audit_token) == 32);

struct auditinfo {
    u32 ai_auid;
    u32 am_success, am_failure;
    i32 port;
    u32 machine;
    i32 ai_asid;
};
static_assert(sizeof(auditinfo) == 24 && offsetof(auditinfo, port) == 12);

struct [[gnu::packed]] kpersona_info {
    u32 persona_info_version;  // 1: without persona_uid, 2
    u32 persona_id;
    i32 persona_type;
    u32 persona_gid;
    u32 persona_ngroups;
    u32 persona_groups[16];
    u32 persona_gmuid;
    char persona_name[256];
    u32 persona_uid;
};
static_assert(sizeof(kpersona_info) == 348 && offsetof(kpersona_info, persona_name) == 88 && offsetof(kpersona_info, persona_uid) == 344);

// Pairs of size and address, of which older kernels read fewer: all zero is a plain spawn. The blocks themselves are opaque here.
struct _posix_spawn_args_desc {
    u64 attr_size, attrp;
    u64 file_actions_size, file_actions;
    u64 port_actions_size, port_actions;
    u64 mac_extensions_size, mac_extensions;
    u64 coal_info_size, coal_info;
    u64 persona_info_size, persona_info;
    u64 posix_cred_info_size, posix_cred_info;
    u64 subsystem_root_path_size, subsystem_root_path;
    u64 conclave_id_size, conclave_id;
};
static_assert(sizeof(_posix_spawn_args_desc) == 144 && offsetof(_posix_spawn_args_desc, persona_info) == 88);

}  // namespace trapeze::xnu
