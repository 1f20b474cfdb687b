// SPDX-License-Identifier: BSD-3-Clause
// Users and groups, as bsd/kern/kern_prot.c and kern_credential.c of xnu-3248 (and xnu-11417, which asks the same in other words)
// change them: what is allowed is decided by the process's own identity, the superuser being user 0 and nothing else; then the host
// must agree. The calls that only ask are in bsd_ids.cpp. A process whose identity nobody has changed is asked of the host.
#include "tools/xnurun/credentials.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/host_process.h"

namespace trapeze {

HostLock identity_lock;

namespace {

constexpr u32 none = ~0u, kauth_none = ~0u - 100;  // -1 as an argument; KAUTH_UID_NONE
constexpr u32 pr_set_keepcaps = 8;
enum : u8 { real, effective, saved };

void ask_host(Identity& who) {
    host(lnx::SYS_getresuid, &who.uid[real], &who.uid[effective], &who.uid[saved]);
    host(lnx::SYS_getresgid, &who.gid[real], &who.gid[effective], &who.gid[saved]);
}

// The effective group, then what else the host's list has: so XNU would show it.
u32 host_groups(u32 (&to)[most_groups]) {
    u32 list[1024];
    const i64 n = host(lnx::SYS_getgroups, sizeof list / sizeof *list, list);
    to[0] = static_cast<u32>(host(lnx::SYS_getegid));
    u32 count = 1;
    for (i64 i = 0; i < n && count < most_groups; i++)
        if (list[i] != to[0]) to[count++] = list[i];
    return count;
}

i64 set_uids(const Identity& who) { return host(lnx::SYS_setresuid, who.uid[real], who.uid[effective], who.uid[saved]); }
i64 set_gids(const Identity& who) { return host(lnx::SYS_setresgid, who.gid[real], who.gid[effective], who.gid[saved]); }

// The calling host thread's capabilities: what it may have comes into force, or goes out of it; or all goes for good.
enum class Powers : u8 { on, off, gone };
void powers(Powers what) {
    struct {
        u32 version, pid;
    } header{0x20080522, 0};  // _LINUX_CAPABILITY_VERSION_3
    struct {
        u32 effective, permitted, inheritable;
    } sets[2] = {};
    host(lnx::SYS_capget, &header, sets);
    for (auto& s : sets) {
        if (what == Powers::gone) s.permitted = 0;
        s.effective = what == Powers::on ? s.permitted : 0;
    }
    host(lnx::SYS_capset, &header, sets);
}

bool any_root(const Identity& who) { return !who.uid[real] || !who.uid[effective] || !who.uid[saved]; }

// The host thread, which may lag behind by several changes, becomes `who`. As any of them was allowed, it is the superuser somewhere if it
// has to be.
void become(const Identity& who) {
    Identity now{};
    ask_host(now);
    if (now.uid[effective] && any_root(now)) host(lnx::SYS_setresuid, none, 0, none);
    i64 r = who.group_count ? host(lnx::SYS_setgroups, who.group_count, who.groups) : 0;
    if (r == -lnx::EPERM) r = 0;  // only the superuser's change of the list matters, and he has the right
    if (!host_failed(r)) r = set_gids(who);
    if (!host_failed(r)) r = set_uids(who);
    if (host_failed(r)) give_up("a thread cannot become who its process is: host errno ", -r);
}

// For this thread alone, with a way back.
i64 take_on(const Identity& who) {
    host(lnx::SYS_prctl, pr_set_keepcaps, 1);
    i64 r = host(lnx::SYS_setgroups, who.group_count, who.groups);
    if (!host_failed(r)) r = set_gids(who);
    return host_failed(r) ? r : set_uids(who);
}

void end_assumed(const Identity& who) {
    host(lnx::SYS_prctl, pr_set_keepcaps, 0);
    powers(Powers::on);
    become(who);
    if (who.uid[effective]) powers(any_root(who) ? Powers::off : Powers::gone);
}

// The process's identity as it is; under identity_lock.
Identity known(Process& p) {
    Identity who = p.identity;
    if (!p.identity_number) {
        who.group_count = 0;
        ask_host(who);
    }
    return who;
}

bool changed(const Identity& before, const Identity& after) {
    return memcmp(before.uid, after.uid, sizeof before.uid) != 0 || memcmp(before.gid, after.gid, sizeof before.gid) != 0 ||
           (before.group_count && memcmp(before.groups, after.groups, 4 * before.group_count) != 0);
}

// Everybody's from now on. `set` tells the host of it, for this thread, unless that has an identity of its own.
template <class F>
Answer change(Thread& t, const Identity& before, const Identity& after, bool groups_set, F set) {
    if (!t.assumed)
        if (const i64 r = set(); host_failed(r)) return from_host(r);
    Process& p = *t.process;
    if (groups_set || changed(before, after)) __atomic_store_n(&p.changed_identity, true, __ATOMIC_RELAXED);
    p.identity = after;
    const u32 number = p.identity_number + 1 ? p.identity_number + 1 : 1;
    if (!t.assumed) t.identity_number = number;
    __atomic_store_n(&p.identity_number, number, __ATOMIC_RELEASE);
    return ok();
}

template <class F>
Answer with_identity(Trap& trap, F f) {
    Locked hold(identity_lock);
    const Identity before = known(*trap.thread.process);
    Identity after = before;
    return f(before, after);
}

bool one_of(u32 id, const u32 (&ids)[3]) { return id == ids[real] || id == ids[effective] || id == ids[saved]; }

// kauth_cred_change_egid: the new effective group changes places with the old one if it is in the list, else takes its place.
void take_effective_group(Identity& who, u32 gid) {
    if (!who.group_count) who.group_count = host_groups(who.groups);
    for (u32 i = 1; i < who.group_count; i++)
        if (who.groups[i] == gid) {
            who.groups[i] = who.groups[0];
            break;
        }
    who.groups[0] = who.gid[effective] = gid;
}

// Groups that are no longer there must not open files: who may change the host's list does.
i64 set_group_ids(const Identity& before, const Identity& after) {
    if (!before.uid[effective] && after.gid[effective] != before.gid[effective]) host(lnx::SYS_setgroups, after.group_count, after.groups);
    return set_gids(after);
}

// setuid, setgid: root sets all three, others the effective one to the real or the saved one.
Answer set_one(Trap& trap, u32 (Identity::*ids)[3], u32 id) {
    return with_identity(trap, [&](const Identity& before, Identity& after) {
        const bool root = !before.uid[effective], group = ids == &Identity::gid;
        if (!root && id != (before.*ids)[real] && id != (before.*ids)[saved]) return fail(xnu::EPERM);
        if (group) take_effective_group(after, id);
        (after.*ids)[effective] = id;
        if (root) (after.*ids)[real] = (after.*ids)[saved] = id;
        return change(trap.thread, before, after, false, [&] { return group ? set_group_ids(before, after) : set_uids(after); });
    });
}

Answer set_effective(Trap& trap, u32 (Identity::*ids)[3], u32 id) {
    return with_identity(trap, [&](const Identity& before, Identity& after) {
        if (before.uid[effective] && id != (before.*ids)[real] && id != (before.*ids)[saved]) return fail(xnu::EPERM);
        if (id == none) return fail(xnu::EPERM);  // an identifier like any other, but the host takes it for "leave it"
        const bool group = ids == &Identity::gid;
        if (group) take_effective_group(after, id);
        (after.*ids)[effective] = id;
        return change(trap.thread, before, after, false, [&] { return group ? set_group_ids(before, after) : set_uids(after); });
    });
}

// setreuid, setregid: each new one is one of the three, or the caller the superuser; the saved one follows the effective one unless it
// is one of those that were named.
Answer set_both(Trap& trap, u32 (Identity::*ids)[3]) {
    const u32 new_real = trap.u(0), new_effective = trap.u(1);
    return with_identity(trap, [&](const Identity& before, Identity& after) {
        const u32(&old)[3] = before.*ids;
        const bool allowed = (new_real == none || one_of(new_real, old)) && (new_effective == none || one_of(new_effective, old));
        if (before.uid[effective] && !allowed) return fail(xnu::EPERM);
        const bool group = ids == &Identity::gid;
        if (new_real != none) (after.*ids)[real] = new_real;
        if (new_effective != none) {
            if (group) take_effective_group(after, new_effective);
            (after.*ids)[effective] = new_effective;
        }
        if (old[saved] != new_real && old[saved] != new_effective) (after.*ids)[saved] = (after.*ids)[effective];
        return change(trap.thread, before, after, false, [&] { return group ? set_group_ids(before, after) : set_uids(after); });
    });
}

// setgroups and initgroups: at most 16, the first becomes the effective group, none at all is group 0. In a thread with an identity of
// its own they are that thread's.
Answer set_groups(Trap& trap, bool opts_out) {
    u32 n = trap.u(0), groups[most_groups] = {};
    if (n > most_groups) return fail(xnu::EINVAL);
    if (n && !copyin(groups, trap.w(1), 4ull * n)) return fail(xnu::EFAULT);
    if (!n) n = 1;
    return with_identity(trap, [&](const Identity& before, Identity& after) {
        if (before.uid[effective]) return fail(xnu::EPERM);
        const auto set = [&] {
            const i64 r = host(lnx::SYS_setgroups, n, groups);
            return host_failed(r) ? r : host(lnx::SYS_setresgid, none, groups[0], none);
        };
        if (trap.thread.assumed) {
            powers(Powers::on);
            const i64 r = set();
            powers(Powers::off);
            return from_host(r);
        }
        after.group_count = n;
        memcpy(after.groups, groups, sizeof groups);
        after.gid[effective] = groups[0];
        return change(trap.thread, before, after, opts_out, set);
    });
}

// What settid and settid_with_pid come to, past the right to it.
Answer assume(Trap& trap, const Identity& process_is, u32 uid, u32 gid) {
    Thread& t = trap.thread;
    if (process_is.uid[effective]) return fail(xnu::EPERM);
    if (uid == kauth_none) {
        if (!t.assumed) return fail(xnu::EPERM);
        end_assumed(process_is);
        t.assumed = false;
        t.identity_number = t.process->identity_number;
        return ok();
    }
    if (t.assumed) return fail(xnu::EPERM);
    const i64 r = take_on({{uid, uid, uid}, {gid, gid, gid}, 1, {gid}});
    t.assumed = !host_failed(r);
    if (t.assumed) return ok();
    end_assumed(process_is);
    return from_host(r);
}

// In a process whose identity is the host's, the list of groups is remembered before a thread's own replaces it.
Identity known_with_groups(Process& p) {
    if (!p.identity_number) {
        p.identity = known(p);
        p.identity.group_count = host_groups(p.identity.groups);
    }
    return p.identity_number ? p.identity : (p.identity_number = self().identity_number = 1, p.identity);
}

}  // namespace

void identity_follow(Thread& t) {
    Locked hold(identity_lock);
    become(t.process->identity);
    t.identity_number = t.process->identity_number;
}

Identity identity_here() {
    Identity who{};
    ask_host(who);
    who.group_count = host_groups(who.groups);
    return who;
}

void identity_of_process(const Thread& t) {
    if (t.assumed) end_assumed(t.process->identity);
}

void identity_again(const Identity& who) { (void)take_on(who); }

Answer bsd_setuid(Trap& trap) { return set_one(trap, &Identity::uid, trap.u(0)); }
Answer bsd_setgid(Trap& trap) { return set_one(trap, &Identity::gid, trap.u(0)); }
Answer bsd_seteuid(Trap& trap) { return set_effective(trap, &Identity::uid, trap.u(0)); }
Answer bsd_setegid(Trap& trap) { return set_effective(trap, &Identity::gid, trap.u(0)); }
Answer bsd_setreuid(Trap& trap) { return set_both(trap, &Identity::uid); }
Answer bsd_setregid(Trap& trap) { return set_both(trap, &Identity::gid); }
Answer bsd_setgroups(Trap& trap) { return set_groups(trap, true); }
Answer bsd_initgroups(Trap& trap) { return set_groups(trap, trap.u(2) == kauth_none); }

Answer bsd_getgroups(Trap& trap) {
    u32 groups[most_groups], count;
    Thread& t = trap.thread;
    if (!t.assumed && __atomic_load_n(&t.process->identity_number, __ATOMIC_ACQUIRE)) {
        Locked hold(identity_lock);
        count = t.process->identity.group_count;
        memcpy(groups, t.process->identity.groups, sizeof groups);
        if (!count) count = host_groups(groups);
    } else {
        count = host_groups(groups);
    }
    if (!trap.i(0)) return ok(count);
    if (trap.i(0) < static_cast<i32>(count)) return fail(xnu::EINVAL);
    return copyout(groups, trap.w(1), 4ull * count) ? ok(count) : fail(xnu::EFAULT);
}

Answer bsd_issetugid(Trap&) { return ok(__atomic_load_n(&process().changed_identity, __ATOMIC_RELAXED)); }

Answer bsd_settid(Trap& trap) {
    Locked hold(identity_lock);
    return assume(trap, known_with_groups(*trap.thread.process), trap.u(0), trap.u(1));
}

// The effective user and group of another process; assume 0: back to one's own.
Answer bsd_settid_with_pid(Trap& trap) {
    constexpr u32 era_12 = 8019041;  // who asks for nobody is told so before he is told that he may not
    Locked hold(identity_lock);
    const Identity own = known_with_groups(*trap.thread.process);
    if (!trap.i(1)) return assume(trap, own, kauth_none, kauth_none);
    const bool early = !era || era < era_12;
    if (early && (own.uid[effective] || trap.thread.assumed)) return fail(xnu::EPERM);
    HostProcess other;
    if (trap.i(0) <= 0 || !host_process(trap.i(0), other)) return fail(xnu::ESRCH);
    return assume(trap, own, other.uid[effective], other.gid[effective]);
}

// (A bad place is -1 there, suword's ERESTART: the call is made again for ever. Here it is EFAULT.)
Answer bsd_gettid(Trap& trap) {
    if (!trap.thread.assumed) return fail(xnu::ESRCH);
    const u32 uid = static_cast<u32>(host(lnx::SYS_getuid)), gid = static_cast<u32>(host(lnx::SYS_getgid));
    return copyout(uid, trap.w(0)) && copyout(gid, trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace trapeze
