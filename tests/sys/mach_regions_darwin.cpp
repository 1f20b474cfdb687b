// SPDX-License-Identifier: BSD-3-Clause
// What Mach tells of memory: regions in every flavor, tags, pages; and what it does with ranges: behaviors, msync, attributes,
// lists of reads; in the routines of eight-byte and of four-byte addresses (osfmk/vm/vm_map.c, vm_user.c, vm32_user.c).
#include "tests/sys/mach_tap.h"

#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/memory.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

u64 pages(u64 n, i32 flags = 0) {
    u64 at = 0;
    (void)mach_vm_allocate(task, &at, n * page_size, VM_FLAGS_ANYWHERE | flags);
    return at;
}
volatile u8& byte(u64 at) { return *reinterpret_cast<volatile u8*>(at); }

#pragma pack(push, 4)
struct RegionIn {
    u64 address;
    i32 flavor;
    u32 room;
};
struct RegionOut {
    u64 address, size;
    u32 count;
    u32 words[19];
};
struct RecurseOut {
    u64 address, size;
    u32 depth, count;
    u32 words[19];
};
struct Range {
    u64 address, size;
    i32 value;
};
#pragma pack(pop)

kern_return_t region(u64 at, i32 flavor, u32 room, RegionOut* out) {
    const RegionIn in = {at, flavor, room};
    mach_msg_port_descriptor_t object{};
    *out = {};
    return rpc_call(task, MIG_mach_vm_region, {nullptr, 0, &in, sizeof in, &object, sizeof object, MACH_MSG_PORT_DESCRIPTOR, out, sizeof *out, 20});
}

void flavors() {
    const u64 at = pages(2, vm_make_tag(240));
    byte(at) = 1;
    (void)mach_vm_protect(task, at + page_size, page_size, true, VM_PROT_READ);
    RegionOut r;
    succeeds(region(at, 9, 9, &r), "BASIC_INFO_64");
    ok(r.address == at && r.size == page_size && r.count == 9 && r.words[0] == 3 && r.words[1] == 7 && r.words[2] == VM_INHERIT_COPY, "one page, read and write");
    succeeds(region(at + page_size, 9, 9, &r), "of the second page");
    ok(r.address == at + page_size && r.words[0] == 1 && r.words[1] == 1, "which may be read and never more");
    succeeds(region(at, 10, 8, &r), "BASIC_INFO");
    ok(r.count == 8 && r.words[0] == 3, "eight words");
    succeeds(region(at, 13, 9, &r), "EXTENDED_INFO");
    ok(r.count == 9 && r.words[1] == 240 && r.words[2] == 1, "with the tag and one page in memory");
    ok(r.words[7] >> 24 == 2, "which is private");
    succeeds(region(at, 12, 5, &r), "TOP_INFO");
    ok(r.count == 5 && r.words[2] == 1, "one private page in memory");
    is(region(at, 9, 8, &r), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
    is(region(at, 13, 7, &r), KERN_INVALID_ARGUMENT, "for EXTENDED_INFO: INVALID_ARGUMENT");
    is(region(at, 99, 9, &r), KERN_INVALID_ARGUMENT, "a flavor that is none: INVALID_ARGUMENT");
    is(region(u64{1} << 47, 13, 9, &r), KERN_INVALID_ADDRESS, "nothing so high: INVALID_ADDRESS");

    const struct {
        u32 room, count;
    } forms[] = {{12, 12}, {15, 12}, {16, 16}, {17, 17}};
    for (const auto& f : forms) {
        const struct {
            u32 address[2], depth, room;
        } in = {{static_cast<u32>(at), static_cast<u32>(at >> 32)}, 0, f.room};
        RecurseOut out{};
        const kern_return_t got = rpc_call(task, MIG_mach_vm_region_recurse, {nullptr, 0, &in, sizeof in, nullptr, 0, 0, &out, sizeof out, 24});
        ok(got == KERN_SUCCESS && out.address == at && out.size == page_size && out.depth == 0 && out.count == f.count && out.words[5] == 240,
           "region_recurse in all its lengths");
    }
    const struct {
        u32 address[2], depth, room;
    } in = {{static_cast<u32>(at), static_cast<u32>(at >> 32)}, 0, 11};
    RecurseOut out{};
    is(rpc_call(task, MIG_mach_vm_region_recurse, {nullptr, 0, &in, sizeof in, nullptr, 0, 0, &out, sizeof out, 24}), KERN_INVALID_ARGUMENT,
       "in less than the shortest: INVALID_ARGUMENT");
    (void)mach_vm_deallocate(task, at, 2 * page_size);
}

void each_page() {
    const u64 at = pages(2);
    byte(at) = 1;
    struct {
        i32 disposition, references;
    } q{};
    const u64 first = at, hole = at + 2 * page_size;
    succeeds(rpc(task, MIG_mach_vm_page_query, first, &q), "a page that was written");
    ok((q.disposition & 9) == 9 && q.references == 1, "is there and dirty");
    const u64 second = at + page_size;
    succeeds(rpc(task, MIG_mach_vm_page_query, second, &q), "one that was not");
    ok(q.disposition == 0, "is not");
    is(rpc(task, MIG_mach_vm_page_query, hole, &q), KERN_INVALID_ADDRESS, "a hole: INVALID_ADDRESS");
    const struct {
        u32 address[2];
        i32 flavor;
        u32 room;
    } info = {{static_cast<u32>(at), static_cast<u32>(at >> 32)}, 1, 8};
    InfoWords<32> words{};
    is(rpc_call(task, MIG_mach_vm_page_info, {nullptr, 0, &info, sizeof info, nullptr, 0, 0, &words, sizeof words, 4}), KERN_SUCCESS, "page_info");
    ok(words.count == 8 && (words.words[0] & 1), "says the same");
    auto other = info;
    other.flavor = 2;
    is(rpc_call(task, MIG_mach_vm_page_info, {nullptr, 0, &other, sizeof other, nullptr, 0, 0, &words, sizeof words, 4}), KERN_INVALID_ARGUMENT,
       "in a flavor that is none: INVALID_ARGUMENT");
    (void)mach_vm_deallocate(task, at, 2 * page_size);
}

kern_return_t on_range(i32 id, u64 at, u64 size, i32 value) {
    const Range in = {at, size, value};
    return rpc(task, id, in, none);
}

void ranges() {
    const u64 at = pages(3);
    const u64 size = 2 * page_size;
    (void)mach_vm_deallocate(task, at + size, page_size);
    bool all = true;
    for (i32 b = 0; b <= 10; b++) all = all && on_range(MIG_mach_vm_behavior_set, at, size, b) == KERN_SUCCESS;
    ok(all, "every behavior");
    RegionOut r;
    (void)on_range(MIG_mach_vm_behavior_set, at, size, 2);
    succeeds(region(at, 9, 9, &r), "the region");
    ok(r.words[7] == 2, "shows what was set last");
    is(on_range(MIG_mach_vm_behavior_set, at, size, 11), KERN_INVALID_ARGUMENT, "PAGEOUT: INVALID_ARGUMENT");
    is(on_range(MIG_mach_vm_behavior_set, at, size, 99), KERN_INVALID_ARGUMENT, "one that is none: INVALID_ARGUMENT");
    is(on_range(MIG_mach_vm_behavior_set, at, 3 * page_size, 0), KERN_INVALID_ADDRESS, "over a hole: INVALID_ADDRESS");
    is(on_range(MIG_mach_vm_behavior_set, ~u64{0}, size, 0), KERN_INVALID_ARGUMENT, "around the end: INVALID_ARGUMENT");
    succeeds(on_range(MIG_mach_vm_behavior_set, at, 0, 99), "no bytes are no error");
    succeeds(on_range(MIG_mach_vm_msync, at, size, 2 | 0x20), "msync");
    is(on_range(MIG_mach_vm_msync, at, size, 3), KERN_INVALID_ARGUMENT, "both now and later: INVALID_ARGUMENT");
    is(on_range(MIG_mach_vm_msync, at, 3 * page_size, 2 | 0x20), KERN_INVALID_ADDRESS, "a hole where there must be none: INVALID_ADDRESS");
    succeeds(on_range(MIG_mach_vm_msync, at, 3 * page_size, 2), "where there may be one");
    const struct {
        u32 address[2], size[2];
        i32 attribute, value;
    } flush = {{static_cast<u32>(at), static_cast<u32>(at >> 32)}, {page_size, 0}, 2, 6};
    i32 value = 0;
    is(rpc(task, MIG_mach_vm_machine_attribute, flush, &value), KERN_INVALID_ADDRESS, "an attribute that x86 has not: INVALID_ADDRESS");

    // Larger than what rpc_call has room for.
    static struct {
        mach_msg_header_t header;
        NDR_record_t ndr;
        u64 pairs[512];
        u32 count;
        u8 trailer[68];
    } list;
    byte(at) = 77;
    constexpr u32 asked = 24 + 8 + 4096 + 4;
    list.header = {mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, 0), asked, task, 0, 0, MIG_mach_vm_read_list};
    list.ndr = ndr_record;
    list.pairs[0] = at, list.pairs[1] = 10, list.count = 1;
    static_assert(offsetof(decltype(list), count) == asked - 4);
    const kern_return_t k = machcall(&list.header, sizeof list, 36 + 4096);
    is(k, KERN_SUCCESS, "read_list");
    u64 copy[2];
    memcpy(copy, reinterpret_cast<const u8*>(&list) + 36, sizeof copy);  // behind the code
    ok(k != KERN_SUCCESS || (copy[0] != at && byte(copy[0]) == 77 && copy[1] == 10), "a copy elsewhere");
    if (k == KERN_SUCCESS) (void)mach_vm_deallocate(task, copy[0], copy[1]);
    (void)mach_vm_deallocate(task, at, size);
}

// Of four bytes an address: memory low enough can be had at a fixed place alone.
void narrow() {
    if (darwin_major < 10) return skip("a kernel of 32 bits: its addresses are the only ones", "addresses of four bytes");
    struct {
        u32 address, size;
        i32 flags;
    } in = {0x20000000, page_size, 0};
    u32 at = 0;
    const kern_return_t k = rpc(task, MIG_vm_allocate, in, &at);
    // A program whose first 4 GiB are nobody's cannot have them.
    if (k == KERN_INVALID_ADDRESS || k == KERN_NO_SPACE) return skip("the low 4 GiB are taken", "addresses of four bytes");
    is(k, KERN_SUCCESS, "allocate below 4 GiB");
    ok(at == in.address, "at that place");
    byte(at) = 9;
    const struct {
        u32 address, size;
        i32 maximum, protection;
    } lower = {at, page_size, 0, VM_PROT_READ};
    succeeds(rpc(task, MIG_vm_protect, lower, none), "protect");
    const struct {
        u32 address;
        i32 flavor;
        u32 room;
    } ask = {at, 10, 9};
    struct {
        u32 address, size, count, words[10];
    } out{};
    mach_msg_port_descriptor_t object{};
    is(rpc_call(task, MIG_vm_region_64, {nullptr, 0, &ask, sizeof ask, &object, sizeof object, MACH_MSG_PORT_DESCRIPTOR, &out, sizeof out, 12}), KERN_SUCCESS,
       "its region");
    ok(out.address == at && out.size == page_size && out.count == 9 && out.words[0] == VM_PROT_READ, "in four bytes each");
    const struct {
        u32 from, size, to;
    } over = {at, 1, 0x20000000 + page_size};
    struct {
        u32 size;
    } done{};
    is(rpc(task, MIG_vm_read_overwrite, over, &done), KERN_INVALID_ADDRESS, "read into a hole: INVALID_ADDRESS");
    const struct {
        u32 address, size;
    } all = {at, page_size};
    succeeds(rpc(task, MIG_vm_deallocate, all, none), "and it goes");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    flavors();
    each_page();
    ranges();
    narrow();
    return done();
}
