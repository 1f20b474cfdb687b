// SPDX-License-Identifier: BSD-3-Clause
// What a task can ask about its memory: regions in every flavor, pages (osfmk/vm/vm_map.c vm_map_region,
// vm_map_region_recurse_64, vm_map_page_info). There are no submaps: nobody has put a shared cache into this task.
#include "sys/darwin/errno.h"
#include "tools/xnurun/mig_vm.h"
#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

enum : i32 { basic_64 = 9, basic = 10, extended_legacy = 11, top = 12, extended = 13 };
enum : u8 { sm_private = 2, sm_empty = 3, sm_shared = 4 };

// Page counts and the share mode, in the layout that all the larger flavors have in common.
struct Pages {
    u32 resident, shared_now_private, swapped_out, dirtied, references;
    u16 shadow_depth;
    u8 external_pager, share_mode;
};

Pages pages_of(const VmRegion& r) {
    Pages p{};
    p.resident = vm_resident(r.address, r.size);
    p.dirtied = r.file ? 0 : p.resident;
    p.references = p.resident || r.file ? 1 : 0;
    p.external_pager = r.file;
    p.share_mode = r.shared ? sm_shared : p.references ? sm_private : sm_empty;
    return p;
}

u32 wired(const VmRegion& r) { return r.facts.wired; }

i32 found(Rpc& r, u64 from, VmRegion& region) {
    if (!vm_region(from, region)) return xnu::KERN_INVALID_ADDRESS;
    // Two of the four-byte ones say so when it lies beyond (vm32_user.c); the others cut off what they cannot tell.
    const i32 id = r.request->id;
    constexpr u64 most = 0xffe00000;  // VM32_MAX_ADDRESS
    const bool says_so = id == xnu::MIG_vm_region || id == xnu::MIG_vm_region_recurse;
    return says_so && region.address + region.size > most ? xnu::KERN_INVALID_ADDRESS : 0;
}

}  // namespace

i32 vm_rpc_region(Rpc& r) {
    Args a(r);
    const u64 from = a.address();
    i32 flavor = a.integer();
    const u32 room = a.word();
    if (r.request->id == xnu::MIG_vm_region_64 && flavor == basic) flavor = basic_64;  // vm_region_64 of vm_user.c
    u32 n;
    switch (flavor) {
    case basic_64: n = 9; break;
    case basic: n = 8; break;
    case extended_legacy: n = 8; break;
    case extended: n = 9; break;
    case top: n = 5; break;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
    if (room < n) return xnu::KERN_INVALID_ARGUMENT;
    VmRegion f;
    if (const i32 failed = found(r, from, f)) return failed;
    r.put_port(nullptr, msg_move_send);
    r.put_ndr();
    put_address(r, f.address);
    put_address(r, f.size);
    r.put32(n);
    const u32 common[5] = {f.protection, f.facts.maximum, f.inheritance(), f.shared, 0};
    const u64 offset = f.file ? f.offset : 0;
    if (flavor == basic_64) {
        r.put(common, sizeof common).put64(offset).put32(f.facts.behavior).put32(wired(f));
    } else if (flavor == basic) {
        r.put(common, sizeof common).put32(static_cast<u32>(offset)).put32(f.facts.behavior).put32(wired(f));
    } else if (flavor == top) {
        const Pages p = pages_of(f);
        r.put32(0).put32(p.references).put32(f.shared ? 0 : p.resident).put32(f.shared ? p.resident : 0).put32(p.share_mode);
    } else {
        const Pages p = pages_of(f);
        r.put32(f.protection).put32(f.facts.tag).put(&p, sizeof p);
        if (flavor == extended) r.put32(0);
    }
    return 0;
}

// 12 words for the short form, 16, 17 and 19 for the long one of three ages; of vm_region_recurse 32-bit offsets: 15.
i32 vm_rpc_region_recurse(Rpc& r) {
    Args a(r);
    const u64 from = a.address();
    (void)a.word();
    const u32 room = a.word();
    const bool narrow = r.request->id == xnu::MIG_vm_region_recurse;
    constexpr u32 short_words = 12, narrow_words = 15;
    if (room < (narrow ? narrow_words : short_words)) return xnu::KERN_INVALID_ARGUMENT;
    VmRegion f;
    if (const i32 failed = found(r, from, f)) return failed;
    put_address(r, f.address);
    put_address(r, f.size);
    r.put32(0);  // nesting depth
    const u64 offset = f.file ? f.offset : 0;
    const u32 head[3] = {f.protection, f.facts.maximum, f.inheritance()};
    const Pages p = pages_of(f);
    const u32 tail[4] = {0, f.facts.behavior, 0, wired(f)};  // is_submap, behavior, object_id, user_wired_count
    if (narrow) {
        r.put32(narrow_words).put(head, sizeof head).put32(static_cast<u32>(offset)).put32(f.facts.tag).put(&p, sizeof p);
        r.put(tail, sizeof tail);
        return 0;
    }
    if (room < 16) {
        r.put32(short_words).put(head, sizeof head).put64(offset).put32(f.facts.tag).put(&p.references, 8).put(tail, sizeof tail);
        return 0;
    }
    const u32 n = room >= 19 ? 19 : room >= 17 ? 17 : 16;
    r.put32(n).put(head, sizeof head).put64(offset).put32(f.facts.tag).put(&p, sizeof p).put(tail, sizeof tail);
    if (n >= 17) r.put32(0);
    if (n >= 19) r.put64(0);
    return 0;
}

i32 vm_rpc_page_query(Rpc& r) {
    u32 disposition, references;
    if (const i32 failed = vm_page_query(Args(r).address(), disposition, references)) return failed;
    r.put32(disposition).put32(references);
    return 0;
}

i32 vm_rpc_page_info(Rpc& r) {
    const u64 at = r.w(0);
    const u32 room = r.u(12);
    if (r.i(8) != 1 || (room != 8 && room != 7)) return xnu::KERN_INVALID_ARGUMENT;  // VM_PAGE_INFO_BASIC
    u32 disposition, references;
    if (const i32 failed = vm_page_query(at, disposition, references)) return failed;
    VmRegion f;
    const u64 offset = vm_region(at, f) && f.file ? f.offset + (at - f.address) : at % 4096;
    const u32 out[8] = {disposition, references, 0, 0, static_cast<u32>(offset), static_cast<u32>(offset >> 32), 0, 0};
    r.put32(room).put(out, room * 4);
    return 0;
}

// One disposition of four bytes a page, as far as there is room for them, to memory of the caller's; holes are 0. What copyout says
// is the result.
i32 vm_rpc_page_range_query(Rpc& r) {
    const u64 at = r.w(0) & ~4095ull, end = (r.w(0) + r.w(8) + 4095) & ~4095ull;
    u64 to = r.w(16);
    const u64 room = r.w(24);
    u64 bytes, last;
    if (__builtin_mul_overflow(room, 4, &bytes) || __builtin_add_overflow(to, bytes, &last) || end < at) return xnu::KERN_INVALID_ARGUMENT;
    if (r.w(8) == 0 || room == 0) {
        r.put64(room);
        return 0;
    }
    u64 n = (end - at) / 4096;
    if (n > room) n = room;
    for (u64 i = 0; i < n; i++, to += 4) {
        u32 disposition, references;
        (void)vm_page_query(at + i * 4096, disposition, references);
        if (!copyout(disposition, to)) return xnu::EFAULT;
    }
    r.put64(n);
    return 0;
}

i32 vm_rpc_no_debug(Rpc&) { return xnu::KERN_FAILURE; }  // !MACH_VM_DEBUG, as every release that users got

}  // namespace trapeze
