// SPDX-License-Identifier: BSD-3-Clause
// Every routine of mach_vm (4800) and of vm_map (3800), whose addresses and sizes have four bytes: what it does, and what it says of
// each wrong use. xnu-3248 osfmk/vm/vm_user.c, vm32_user.c, vm_map.c. All memory lies where four bytes can tell.
#include "tests/conformance/darwin_ask.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr u64 page = 4096;
enum : i64 { invalid_address = 1, protection_failure = 2, failure = 5, invalid_object = 29 };
enum : i32 { anywhere = 1, purgable = 2 };
volatile u8& byte(u64 at) { return *reinterpret_cast<volatile u8*>(at); }
i64 allocate(u64 at, u64 size, i32 flags, u64* got = nullptr) {
    Ask a(4800, 3801);
    const i64 r = a.address(at).address(size).word(static_cast<u32>(flags)).go();
    if (!r && got) *got = a.next_address();
    return r;
}
i64 deallocate_memory(u64 at, u64 size) { return Ask(4801, 3802).address(at).address(size).go(); }
i64 protect(u64 at, u64 size, u32 maximum, u32 protection) { return Ask(4802, 3803).address(at).address(size).word(maximum).word(protection).go(); }
constexpr u64 hole = 0x70000000;  // nothing is there
u64 last_page() { return wide ? ~(page - 1) : 0xfffff000; }

void allocation(u64 base) {
    u64 at = 1;
    same(allocate(base, 4 * page, 0, &at), ok_, "allocate at a place");
    same(static_cast<i64>(at), static_cast<i64>(base), "is there");
    same(allocate(base + page, page, 0), no_space, "there again: NO_SPACE");
    same(allocate(base, page, 4), invalid_argument, "a flag that is none: INVALID_ARGUMENT");
    same(allocate(base, 0, 0, &at), ok_, "no bytes");
    same(static_cast<i64>(at), 0, "are at 0");
    same(allocate(0, 2 * page, anywhere, &at), ok_, "anywhere");
    check(at && at % page == 0 && (wide || !(at >> 32)), "is a page that the answer can tell");
    byte(at + page) = 1;
    same(deallocate_memory(at, 2 * page), ok_, "deallocate it");
    same(deallocate_memory(at, 2 * page), ok_, "a hole: no error");
    same(deallocate_memory(at, 0), ok_, "no bytes: no error");
    same(deallocate_memory(last_page(), 2 * page), invalid_argument, "beyond the last address: INVALID_ARGUMENT");
}

void protection(u64 base) {
    same(protect(base + page, page, 0, 1), ok_, "protect");
    same(protect(base, page, 0, 64), invalid_argument, "a protection that is none: INVALID_ARGUMENT");
    same(protect(last_page(), 2 * page, 0, 1), invalid_argument, "beyond the last address: INVALID_ARGUMENT");
    same(protect(hole, page, 0, 1), invalid_address, "a hole: INVALID_ADDRESS");
    same(protect(hole, 0, 0, 1), ok_, "no bytes: no error");
    same(protect(base + 3 * page, page, 1, 1), ok_, "the most that there may be");
    same(protect(base + 3 * page, page, 0, 3), protection_failure, "more than that: PROTECTION_FAILURE");
    const auto inherit = [](u64 at, u64 size, u32 how) { return Ask(4803, 3804).address(at).address(size).word(how).go(); };
    same(inherit(base, page, 2), ok_, "inherit");
    same(inherit(base, page, 3), invalid_argument, "an inheritance that is none: INVALID_ARGUMENT");
    same(inherit(last_page(), 2 * page, 1), invalid_argument, "beyond the last address: INVALID_ARGUMENT");
    same(inherit(hole, page, 1), ok_, "a hole: no error");
    same(inherit(base, page, 1), ok_, "as it was");
    const auto behave = [](u64 at, u64 size, u32 how) { return Ask(4810, 3811).address(at).address(size).word(how).go(); };
    same(behave(base, page, 1), ok_, "behavior_set");
    same(behave(base, page, 99), invalid_argument, "a behavior that is none: INVALID_ARGUMENT");
    same(behave(hole, page, 1), invalid_address, "a hole: INVALID_ADDRESS");
    same(behave(hole, 0, 1), ok_, "no bytes: no error");
    same(behave(last_page(), 2 * page, 1), invalid_argument, "beyond the last address: INVALID_ARGUMENT");
}

void copies(u64 base) {
    static const u8 data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const auto write = [](u64 at, u32 n) { return Ask(4806, 3807).memory(n ? data : nullptr, n).address(at).word(n).go(); };
    same(write(base, 8), ok_, "write");
    check(byte(base + 7) == 8, "is there");
    same(write(base + page, 8), protection_failure, "onto what is only read: PROTECTION_FAILURE");
    same(write(hole, 8), invalid_address, "into a hole: INVALID_ADDRESS");
    same(write(hole, 0), ok_, "nothing: no error");
    Ask r(4804, 3805);
    same(r.address(base).address(8).go(), ok_, "read");
    check(byte(r.memory_at() + 7) == 8 && r.next() == 8, "is a copy");
    call(bsd + 73, r.memory_at(), page);
    same(Ask(4804, 3805).address(hole).address(8).go(), invalid_address, "from a hole: INVALID_ADDRESS");
    const auto copy = [](i32 a, i32 b, u64 from, u64 size, u64 to) { return Ask(a, b).address(from).address(size).address(to).go(); };
    same(copy(4807, 3808, base, 8, base + 2 * page), ok_, "copy");
    check(byte(base + 2 * page + 7) == 8, "is there");
    same(copy(4807, 3808, hole, 8, base), invalid_address, "from a hole: INVALID_ADDRESS");
    same(copy(4807, 3808, base, 8, hole), invalid_address, "into one: INVALID_ADDRESS");
    same(copy(4807, 3808, base, 8, base + page), protection_failure, "onto what is only read: PROTECTION_FAILURE");
    same(copy(4807, 3808, base, 0, hole), ok_, "nothing: no error");
    byte(base + 2 * page + 7) = 0;
    Ask o(4808, 3809);
    same(o.address(base).address(8).address(base + 2 * page).go(), ok_, "read_overwrite");
    check(o.next_address() == 8 && byte(base + 2 * page + 7) == 8, "is there, and how much is told");
    same(copy(4808, 3809, hole, 8, base), invalid_address, "from a hole: INVALID_ADDRESS");
    same(copy(4808, 3809, base, 8, base + page), protection_failure, "onto what is only read: PROTECTION_FAILURE");

    const auto list = [&](Ask& a, u64 first, u64 second, u32 count) {
        for (u32 n = 0; n < 512; n++) a.address(n == 0 ? first : n == 2 ? second : n == 1 || n == 3 ? 8 : 0);
        return a.word(count).go();
    };
    Ask l(4805, 3806);
    same(list(l, hole, base, 2), ok_, "read_list");
    const u64 lost = l.next_address(), none = l.next_address(), at = l.next_address();
    check(!lost && !none, "what cannot be read has no bytes");
    check(at && at != base && byte(at + 7) == 8 && l.next_address() == 8, "what can is copied");
    if (at) deallocate_memory(at, page);
    Ask m(4805, 3806), n(4805, 3806), none_of(4805, 3806);
    same(list(m, base, hole, 2), invalid_address, "the last one says how it went: INVALID_ADDRESS");
    same(list(n, base, base, 257), invalid_argument, "more than 256: INVALID_ARGUMENT");
    same(list(none_of, base, base, 0), ok_, "none of them");
    check(none_of.next_address() == base, "is as it was");
}

void pages_and_regions(u64 base) {
    const auto sync = [](u64 at, u64 size, u32 flags) { return Ask(4809, 3810).address(at).address(size).word(flags).go(); };
    same(sync(base, page, 2), ok_, "msync");
    same(sync(base, page, 3), invalid_argument, "both ways: INVALID_ARGUMENT");
    same(sync(hole, page, 2), ok_, "a hole: no error");
    same(sync(hole, page, 0x22), invalid_address, "but where none may be: INVALID_ADDRESS");
    same(Ask(4809, 3810).address(base).address(page).word(2).of(static_cast<u32>(call(mach + 29))), invalid_task, "of a host: INVALID_TASK");
    const auto attribute = [](u64 at, u64 size, u32 which, u32 value) {
        return Ask(4812, 3813).address(at).address(size).word(which).word(value).go();
    };
    same(attribute(base + 3 * page, page, 1, 6), ok_, "machine_attribute: caches of what has no pages");
    Ask value(4812, 3813);
    same(value.address(base + 3 * page).address(page).word(1).word(6).go(), ok_, "and again");
    same(value.next(), 6, "the value comes back");
    same(attribute(base, page, 2, 6), invalid_address, "what x86 does not know: INVALID_ADDRESS");
    same(attribute(hole, page, 1, 6), failure, "a hole: FAILURE");
    same(attribute(hole, 0, 1, 6), ok_, "no bytes: no error");
    same(attribute(last_page(), 2 * page, 1, 6), invalid_argument, "beyond the last address: INVALID_ARGUMENT");
    Ask q(4814, 3817);
    same(q.address(base).go(), ok_, "page_query");
    check(q.next() & 1, "it is there");
    same(Ask(4814, 3817).address(hole).go(), invalid_address, "a hole: INVALID_ADDRESS");

    Ask r(4816, 3824);
    same(r.address(base + page).word(9).word(9).go(), ok_, "region VM_REGION_BASIC_INFO_64");
    check(r.next_address() == base + page && r.next_address() == page && r.next() == 9 && r.next() == 1, "a page, to be read");
    same(Ask(4816, 3824).address(base).word(99).word(9).go(), invalid_argument, "a flavor that is none: INVALID_ARGUMENT");
    same(Ask(4816, 3824).address(base).word(9).word(8).go(), invalid_argument, "too little room: INVALID_ARGUMENT");
    Ask recurse(4815, 3822);
    same(recurse.address(base + page).word(0).word(19).go(), ok_, "region_recurse");
    check(recurse.next_address() == base + page && recurse.next_address() == page && recurse.next() == 0 && recurse.next() == 19 && recurse.next() == 1,
          "the same page, in no submap");
    same(Ask(4815, 3822).address(base).word(0).word(11).go(), invalid_argument, "too little room: INVALID_ARGUMENT");
    if (wide) {
        same(Ask(4816, 0).quad(0x800000000000).word(9).word(9).go(), invalid_address, "where nothing can be: INVALID_ADDRESS");
        same(Ask(4815, 0).quad(0x800000000000).word(0).word(19).go(), invalid_address, "INVALID_ADDRESS");
        return;
    }
    Ask old(0, 3800);
    same(old.word(static_cast<u32>(base + page)).word(10).word(8).go(), ok_, "vm_region VM_REGION_BASIC_INFO");
    check(old.next() == base + page && old.next() == page && old.next() == 8 && old.next() == 1, "a page, to be read");
    same(Ask(0, 3800).word(0xf0000000).word(10).word(8).go(), invalid_address, "what four bytes cannot tell: INVALID_ADDRESS");
    same(Ask(0, 3824).word(0xf0000000).word(9).word(9).go(), ok_, "but vm_region_64 tells what it can");
    Ask older(0, 3821);
    same(older.word(static_cast<u32>(base + page)).word(0).word(19).go(), ok_, "vm_region_recurse");
    check(older.next() == base + page && older.next() == page && older.next() == 0 && older.next() == 15 && older.next() == 1, "15 words of it");
    same(Ask(0, 3821).word(static_cast<u32>(base)).word(0).word(14).go(), invalid_argument, "too little room: INVALID_ARGUMENT");
    same(Ask(0, 3821).word(0xf0000000).word(0).word(19).go(), invalid_address, "what four bytes cannot tell: INVALID_ADDRESS");
    same(Ask(0, 3822).word(0xf0000000).word(0).word(19).go(), ok_, "but vm_region_recurse_64 tells what it can");
    same(Ask(0, 3815).word(1).go(), ok_, "task_wire");
    same(Ask(0, 3815).word(1).of(static_cast<u32>(call(mach + 29))), invalid_argument, "of a host: INVALID_ARGUMENT");
    same(Ask(0, 3815).word(0).go(), ok_, "and back");
    constexpr i32 debug[] = {3818, 3823};
    for (const i32 id : debug) same(Ask(0, id).word(static_cast<u32>(base)).go(), failure, "mach_vm_region_info: FAILURE, without MACH_VM_DEBUG");
    same(Ask(0, 3819).go(), failure, "vm_mapped_pages_info: FAILURE");
}

struct Mapping {
    u64 at = 0, size = page, mask = 0;
    i32 flags = anywhere;
    u32 object = 0;
    u64 offset = 0;
    u32 copy = 0, protection = 3, maximum = 7, inheritance = 1;
    bool old = false;  // vm_map, whose offset has four bytes, too
};
i64 map(const Mapping& m, u64* at = nullptr) {
    Ask a(4811, m.old ? 3812 : 3826);
    a.port(m.object).address(m.at).address(m.size).address(m.mask).word(static_cast<u32>(m.flags));
    if (m.old && !wide) a.word(static_cast<u32>(m.offset));
    else a.quad(m.offset);
    const i64 r = a.word(m.copy).word(m.protection).word(m.maximum).word(m.inheritance).go();
    if (!r && at) *at = a.next_address();
    return r;
}

// 4817, 3825: size and offset of eight bytes; 3816 of four.
i64 make_entry(i32 id, u64 size, u64 offset, u32 permission, u32 parent, u32* entry, u64* told = nullptr) {
    Ask a(id, id);
    a.port(parent);
    if (id == 3816) a.word(static_cast<u32>(size)).word(static_cast<u32>(offset));
    else a.quad(size).quad(offset);
    const i64 r = a.word(permission).go();
    if (r) return r;
    if (entry) *entry = a.name();
    if (told) *told = id == 3816 ? a.next() : a.next_quad();
    return 0;
}

void mappings(u64 base) {
    for (u32 n = 0; n < (wide ? 1 : 2); n++) {
        const bool old = n;
        u64 at = 0;
        const auto with = [&](auto change) {
            Mapping m;
            m.old = old;
            change(m);
            return m;
        };
        same(map(with([](Mapping& m) { m.mask = 0xffff; }), &at), ok_, "map memory of nobody's, on a boundary");
        check(at && at % 0x10000 == 0, "which it is on");
        same(map(with([&](Mapping& m) { m.at = at, m.flags = 0; })), no_space, "there again: NO_SPACE");
        deallocate_memory(at, page);
        same(map(with([](Mapping& m) { m.size = 0; })), invalid_argument, "no bytes: INVALID_ARGUMENT");
        same(map(with([](Mapping& m) { m.protection = 64 | 32; })), invalid_argument, "a protection that is none: INVALID_ARGUMENT");
        same(map(with([](Mapping& m) { m.inheritance = 3; })), invalid_argument, "an inheritance that is none: INVALID_ARGUMENT");
        same(map(with([](Mapping& m) { m.flags = anywhere | 4; })), invalid_argument, "a flag that is none: INVALID_ARGUMENT");
        same(map(with([](Mapping& m) { m.object = task_self(); })), invalid_object, "an object that is no memory: INVALID_OBJECT");
    }
    const i32 ids[] = {wide ? 4817 : 3816, wide ? 4817 : 3825};
    for (const i32 id : ids) {
        u32 entry = 0;
        u64 size = 0, at = 0;
        byte(base) = 1;
        same(make_entry(id, page, base, 3, 0, &entry, &size), ok_, "an entry for a page");
        check(entry && size == page, "of its size");
        same(map({.object = entry, .maximum = 3}, &at), ok_, "map it");
        byte(base) = 77;
        check(at && byte(at) == 77, "the same page twice");
        deallocate_memory(at, page);
        same(map({.object = entry, .offset = page, .maximum = 3}), invalid_argument, "beyond its end: INVALID_ARGUMENT");
        same(map({.object = entry, .maximum = 7}), invalid_right, "more than it allows: INVALID_RIGHT");
        u32 part = 0;
        same(make_entry(id, page, 0, 1, entry, &part), ok_, "an entry of an entry");
        same(make_entry(id, page, page, 1, entry, nullptr), invalid_argument, "beyond its end: INVALID_ARGUMENT");
        same(deallocate(part), ok_, "goes");
        same(make_entry(id, page, hole, 3, 0, nullptr), invalid_address, "of a hole: INVALID_ADDRESS");
        same(make_entry(id, page, base + page, 3, 0, nullptr), protection_failure, "of more than may be done: PROTECTION_FAILURE");
        same(deallocate(entry), ok_, "the entry goes");
    }
    const auto remap = [](u64 to, u64 size, i32 flags, u32 task, u64 from, u32 copy, u32 inheritance, u64* at) {
        Ask a(4813, 3814);
        const i64 r = a.port(task).address(to).address(size).address(0).word(static_cast<u32>(flags)).address(from).word(copy).word(inheritance).go();
        if (!r && at) *at = a.next_address();
        return r;
    };
    u64 at = 0;
    same(remap(wide ? 0 : 0x60000000, page, wide ? anywhere : 0, task_self(), base, 0, 1, &at), ok_, "remap");
    byte(base) = 78;
    check(at && byte(at) == 78, "the same page twice");
    same(remap(at, page, 0, task_self(), base, 0, 1, nullptr), no_space, "onto what is taken: NO_SPACE");
    deallocate_memory(at, page);
    same(remap(0, 0, anywhere, task_self(), base, 0, 1, nullptr), invalid_argument, "no bytes: INVALID_ARGUMENT");
    same(remap(0, page, anywhere, task_self(), base, 0, 3, nullptr), invalid_argument, "an inheritance that is none: INVALID_ARGUMENT");
    same(remap(0, page, anywhere, 0, base, 0, 1, nullptr), invalid_argument, "of no task: INVALID_ARGUMENT");
    same(remap(0, page, anywhere, task_self(), hole, 0, 1, nullptr), invalid_address, "a hole: INVALID_ADDRESS");
}

void purgable_memory() {
    const auto control = [](u64 at, u32 what, u32 state, u32* old) {
        Ask a(4818, 3830);
        const i64 r = a.address(at).word(what).word(state).go();
        if (!r && old) *old = a.next();
        return r;
    };
    const u64 place = 0x68000000;
    u64 at = 0;
    u32 state = 9;
    same(allocate(place, page, purgable, &at), ok_, "purgable memory");
    same(control(at, 1, 0, &state), ok_, "purgable_control: get");
    same(state, 0, "it stays");
    same(control(at, 0, 1, &state), ok_, "set volatile");
    same(control(at, 1, 0, &state), ok_, "get");
    same(state, 1, "it may go");
    same(control(at, 9, 0, nullptr), invalid_argument, "a control that is none: INVALID_ARGUMENT");
    same(control(at, 0, 0x10000, nullptr), invalid_argument, "a state that is none: INVALID_ARGUMENT");
    same(control(hole, 1, 0, nullptr), invalid_address, "a hole: INVALID_ADDRESS");
    same(deallocate_memory(at, page), ok_, "it goes");
    same(allocate(place, page, 0, &at), ok_, "memory that is not");
    same(control(at, 1, 0, nullptr), invalid_argument, "has no state: INVALID_ARGUMENT");
    deallocate_memory(at, page);
}

// Entries' own routines (memory_entry.defs), and those of later releases.
void entries_of_later_releases(u64 base) {
    wide = true;
    u32 entry = 0, copied = 0;
    same(make_entry(4817, page, 0, 0x20000 | 0x40000 | 3, 0, &entry), ok_, "an entry that is purgable");
    const auto control = [](u32 object, u32 what, u32 state, u32* old) {
        Ask a(4900, 0);
        const i64 r = a.word(what).word(state).of(object);
        if (!r && old) *old = a.next();
        return r;
    };
    u32 state = 9;
    same(control(entry, 1, 0, &state), ok_, "mach_memory_entry_purgable_control: get");
    same(state, 0, "it stays");
    same(control(entry, 0, 1, &state), ok_, "set");
    same(control(entry, 1, 0, &state), ok_, "get");
    same(state, 1, "it may go");
    same(control(entry, 2, 0, nullptr), invalid_argument, "a control that is none: INVALID_ARGUMENT");
    same(control(task_self(), 1, 0, nullptr), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(Ask(4901, 0).word(1).of(entry), not_supported, "access_tracking: NOT_SUPPORTED");
    same(make_entry(4817, page, base, 0x200000 | 1, 0, &copied), ok_, "a copy's entry");
    same(Ask(4901, 0).word(1).of(copied), invalid_argument, "is not tracked at all: INVALID_ARGUMENT");
    same(Ask(4901, 0).word(1).of(task_self()), invalid_argument, "nor is a task: INVALID_ARGUMENT");
    constexpr i64 no_access = 8;
    same(Ask(4902, 0).port(task_self()).word(1).word(1).of(entry), no_access, "ownership without a footprint: NO_ACCESS");
    same(Ask(4902, 0).port(task_self()).word(1).word(0x100).of(entry), invalid_argument, "flags that are none: INVALID_ARGUMENT");
    deallocate(entry);
    deallocate(copied);
    Ask pointers(4827, 0);
    same(pointers.word(1).quad(base).word(1).go(), failure, "update_pointers_with_remote_tags: FAILURE");
    Ask information(4819, 0);
    byte(base) = 1;
    same(information.quad(base).word(1).word(8).go(), ok_, "page_info");
    check(information.next() == 8 && information.next() & 1, "it is there");
    same(Ask(4819, 0).quad(base).word(2).word(8).go(), invalid_argument, "a flavor that is none: INVALID_ARGUMENT");
    same(Ask(4819, 0).quad(base).word(1).word(6).go(), invalid_argument, "too little room: INVALID_ARGUMENT");
    same(Ask(4819, 0).quad(hole).word(1).word(8).go(), invalid_address, "a hole: INVALID_ADDRESS");
    Ask again(4821, 0);
    same(again.port(task_self()).quad(0).quad(page).quad(0).word(anywhere).quad(base).word(0).word(1).word(3).word(1).go(), ok_, "remap_new");
    const u64 at = again.next_quad();
    check(byte(at) == 1 && again.next() == 1 && again.next() == 3, "no more than was asked for");
    deallocate_memory(at, page);
    same(Ask(4821, 0).port(task_self()).quad(0).quad(page).quad(0).word(anywhere).quad(base).word(0).word(3).word(1).word(1).go(), invalid_argument,
         "more than the most: INVALID_ARGUMENT");
    same(Ask(4821, 0).port(task_self()).quad(0).quad(page).quad(0).word(anywhere).quad(base).word(0).word(6).word(7).word(1).go(), invalid_argument,
         "to be written and executed: INVALID_ARGUMENT");
    same(Ask(4821, 0).port(task_self()).quad(0).quad(page).quad(0).word(anywhere).quad(base + page).word(0).word(3).word(3).word(1).go(), protection_failure,
         "more than there is: PROTECTION_FAILURE");
}

}  // namespace

int raw_main(int, char**) {
    say("TAP version 13\n");
    for (u32 n = 0; n < 2; n++) {
        const bool w = n == 0;
        wide = w;
        say(w ? "# addresses of eight bytes\n" : "# of four\n");
        const u64 base = w ? 0x30000000 : 0x38000000;
        allocation(base);
        protection(base);
        copies(base);
        pages_and_regions(base);
        mappings(base);
        purgable_memory();
        if (!w) entries_of_later_releases(base);
        wide = w;
        same(deallocate_memory(base, 4 * page), ok_, "all goes");
    }
    return done();
}
