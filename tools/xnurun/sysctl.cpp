// SPDX-License-Identifier: BSD-3-Clause
// sysctl and sysctlbyname over the rows of sysctl.h, as bsd/kern/kern_newsysctl.c of xnu-3248.60.10 walks its tree; the service node {0}:
// name, next, name2oid, oidfmt.
//
// A buffer too short gets nothing, and its length says 0. Up to xnu-4903 that is a success: storing the length replaces the ENOMEM, which
// is told only without a place for the length.
#include "tools/xnurun/sysctl.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/interfaces.h"

namespace trapeze {

void SysctlValue::put(const void* from, u32 n) {
    if (n > sizeof bytes - size) n = static_cast<u32>(sizeof bytes) - size;
    memcpy(bytes + size, from, n);
    size += n;
}
void SysctlValue::text(const char* s) { put(s, static_cast<u32>(str_len(s)) + 1); }

i32 SysctlRequest::out(const void* from, u64 n) {
    if (old && room - used < n) return xnu::ENOMEM;
    if (old && !copyout(from, old + used, n)) return xnu::EFAULT;
    used += n;
    return 0;
}

namespace {

constexpr u32 longest = 12, path_size = 1024;  // CTL_MAXNAME, MAXPATHLEN
constexpr u32 told_at_last = 6153011;          // the first xnu whose ENOMEM survives
const SysctlRows* const tables[] = {&sysctl_machine_rows, &sysctl_processor_rows};

template <class F>
const SysctlRow* first_row(F f) {
    for (const SysctlRows* t : tables)
        for (u32 i = 0; i < t->count; i++)
            if ((!era || t->first[i].since <= era) && f(t->first[i])) return &t->first[i];
    return nullptr;
}

bool begins_with(const SysctlRow& row, const i32* name, u32 n) {
    if (n > row.depth) return false;
    for (u32 i = 0; i < n; i++)
        if (row.mib[i] != name[i]) return false;
    return true;
}
// -1, 0, 1: the row's number before, at, after the name; what is longer comes after.
i32 order(const SysctlRow& row, const i32* name, u32 n) {
    for (u32 i = 0; i < row.depth && i < n; i++)
        if (row.mib[i] != name[i]) return row.mib[i] < name[i] ? -1 : 1;
    return row.depth < n ? -1 : row.depth > n;
}

// Row and node alike: the numbers of what `wanted` names, or 0 of them.
u32 numbers_of(const char* wanted, i32* mib) {
    u32 size = static_cast<u32>(str_len(wanted));
    if (size && wanted[size - 1] == '.') size--;
    if (!size) return 0;
    const SysctlRow* row = first_row([&](const SysctlRow& r) {
        for (u32 i = 0; i < size; i++)
            if (r.name[i] != wanted[i]) return false;
        return !r.name[size] || r.name[size] == '.';
    });
    if (!row) return 0;
    u32 n = 1;
    for (u32 i = 0; i < size; i++) n += wanted[i] == '.';
    for (u32 i = 0; i < n; i++) mib[i] = row->mib[i];
    return n;
}

i32 give_value(const SysctlRow& row, SysctlRequest& q) {
    SysctlValue v;
    row.value(v);
    if (v.error) return v.error;
    if (row.type == SysctlType::quad && q.old && q.room == 4) {
        i64 wide;
        memcpy(&wide, v.bytes, 8);
        if (wide != static_cast<i32>(wide)) return xnu::ERANGE;
        v.size = 4;
    }
    if (row.type == SysctlType::cut_text && q.old && q.room && q.room < v.size) {
        v.size = static_cast<u32>(q.room);
        v.bytes[v.size - 1] = 0;
    }
    return q.out(v.bytes, v.size);
}

i32 tell_name(const i32* name, u32 n, SysctlRequest& q) {
    bool known = true;
    for (u32 i = 0; i < n; i++) {
        const SysctlRow* row = known ? first_row([&](const SysctlRow& r) { return begins_with(r, name, i + 1); }) : nullptr;
        known = row != nullptr;
        char digits[12];
        const char* part = digits;
        u32 size = 0;
        if (row) {
            part = row->name;
            for (u32 dots = i; dots; part++) dots -= *part == '.';
            while (part[size] && part[size] != '.') size++;
        } else {
            u32 v = name[i] < 0 ? -static_cast<u32>(name[i]) : static_cast<u32>(name[i]), at = sizeof digits;
            do digits[--at] = static_cast<char>('0' + v % 10);
            while (v /= 10);
            if (name[i] < 0) digits[--at] = '-';
            part = digits + at;
            size = static_cast<u32>(sizeof digits) - at;
        }
        if (i32 e = q.used ? q.out(".", 1) : 0) return e;
        if (i32 e = q.out(part, size)) return e;
    }
    return q.out("", 1);
}

i32 tell_next(const i32* name, u32 n, SysctlRequest& q) {
    const SysctlRow* best = nullptr;
    (void)first_row([&](const SysctlRow& r) {
        if (order(r, name, n) > 0 && (!best || order(r, best->mib, best->depth) < 0)) best = &r;
        return false;
    });
    return best ? q.out(best->mib, best->depth * 4u) : xnu::ENOENT;
}

i32 tell_format(const i32* name, u32 n, SysctlRequest& q) {
    enum : u32 { node = 1, integer = 2, string = 3, quad = 4, structure = 5, readable = 0x80000000, has_own_lock = 0x00800000 };
    constexpr u32 types[] = {integer, quad, quad, string, string, structure, node};
    if (const SysctlRow* row = first_row([&](const SysctlRow& r) { return n >= r.depth && begins_with(r, name, r.depth); })) {
        if (n > row->depth && row->type != SysctlType::node) return xnu::EISDIR;
        const u32 kind = types[static_cast<u32>(row->type)] | readable | has_own_lock;
        const i32 e = q.out(&kind, 4);
        return e ? e : q.out(row->format, str_len(row->format) + 1);
    }
    if (!n || !first_row([&](const SysctlRow& r) { return begins_with(r, name, n); })) return xnu::ENOENT;
    const u32 kind = node | readable | has_own_lock;
    const i32 e = q.out(&kind, 4);
    return e ? e : q.out("N", 2);
}

i32 service(const i32* name, u32 n, SysctlRequest& q, u64 fresh_size) {
    enum : i32 { by_number = 1, next = 2, by_name = 3, format = 4 };
    if (name[0] != by_name && q.fresh && name[0] >= by_number && name[0] <= format) return xnu::EPERM;
    switch (name[0]) {
    case by_number: return tell_name(name + 1, n - 1, q);
    case next: return tell_next(name + 1, n - 1, q);
    case format: return tell_format(name + 1, n - 1, q);
    case by_name: break;
    default: return xnu::ENOENT;
    }
    char wanted[path_size] = {};
    i32 mib[longest];
    if (n > 1) return xnu::EISDIR;
    if (fresh_size < 1) return xnu::ENOENT;
    if (fresh_size >= path_size) return xnu::ENAMETOOLONG;
    if (!q.fresh) return xnu::ENOENT;
    if (!copyin(wanted, q.fresh, fresh_size)) return xnu::EFAULT;
    const u32 count = numbers_of(wanted, mib);
    return count ? q.out(mib, count * 4) : xnu::ENOENT;
}

i32 look_up(const i32* name, u32 n, SysctlRequest& q, u64 fresh_size) {
    if (name[0] == 0) return service(name + 1, n - 1, q, fresh_size);
    const SysctlRow* row = first_row([&](const SysctlRow& r) { return n >= r.depth && begins_with(r, name, r.depth); });
    if (!row) return xnu::ENOENT;
    if (row->type != SysctlType::node && n > row->depth) return xnu::EISDIR;
    if (q.fresh) return xnu::EPERM;
    return row->handler ? row->handler(q, name + row->depth, n - row->depth, row->mib[row->depth - 1]) : give_value(*row, q);
}

Answer answer(const i32* name, u32 n, u64 old, u64 old_length, u64 fresh, u64 fresh_size) {
    u64 room = 0;
    if (old_length && !copyin(room, old_length)) return fail(xnu::EFAULT);
    SysctlRequest q{old, room, fresh_size ? fresh : 0, 0};
    const i32 error = look_up(name, n, q, fresh_size);
    if (error && error != xnu::ENOMEM) return fail(error);
    if (old && q.used > room) q.used = room;
    if (old_length && !copyout(q.used, old_length)) return fail(xnu::EFAULT);
    return error && (!old_length || era_shown().xnu >= told_at_last) ? fail(error) : ok();
}

}  // namespace

Answer bsd_sysctl(Trap& trap) {
    i32 name[longest];
    const u32 n = trap.u(1);
    if (n < 2 || n > longest) return fail(xnu::EINVAL);
    if (!copyin(name, trap.w(0), n * 4)) return fail(xnu::EFAULT);
    if (name[0] == 4 && name[1] == 17) return route_sysctl(name + 2, n - 2, trap.w(2), trap.w(3), trap.w(4));  // CTL_NET, PF_ROUTE
    return answer(name, n, trap.w(2), trap.w(3), trap.w(4), trap.w(5));
}

Answer bsd_sysctlbyname(Trap& trap) {
    char wanted[path_size] = {};
    i32 mib[longest];
    if (trap.w(1) >= path_size) return fail(xnu::ENAMETOOLONG);
    if (!copyin(wanted, trap.w(0), trap.w(1))) return fail(xnu::EFAULT);
    const u32 n = numbers_of(wanted, mib);
    if (!n) return fail(xnu::ENOENT);
    return answer(mib, n, trap.w(2), trap.w(3), trap.w(4), trap.w(5));
}

}  // namespace trapeze
