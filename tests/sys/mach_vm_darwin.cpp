// SPDX-License-Identifier: BSD-3-Clause
// A task's memory by Mach: every call's effect and the code of each wrong use (osfmk/vm/vm_user.c, vm_map.c).
#include "tests/sys/mach_tap.h"

#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

void allocation() {
    u64 at = 0;
    succeeds(mach_vm_allocate(task, &at, 3 * page_size, VM_FLAGS_ANYWHERE), "three pages anywhere");
    auto* p = reinterpret_cast<u8*>(at);
    bool zero = at % page_size == 0;
    for (u32 i = 0; i < 3 * page_size; i++) zero = zero && p[i] == 0;
    ok(zero, "whole pages of zeros");
    p[page_size] = 5;
    u64 same = at + page_size;
    is(mach_vm_allocate(task, &same, page_size, VM_FLAGS_FIXED), KERN_NO_SPACE, "at a fixed place that is taken: NO_SPACE");
    ok(p[page_size] == 5, "which stays");
    succeeds(mach_vm_allocate(task, &same, page_size, VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE), "with VM_FLAGS_OVERWRITE");
    ok(same == at + page_size && p[page_size] == 0, "it is new");
    succeeds(mach_vm_deallocate(task, at + page_size, page_size), "the middle page goes");
    succeeds(mach_vm_allocate(task, &same, 1, VM_FLAGS_FIXED), "and one byte there is a page again");
    u64 none = 0;
    succeeds(mach_vm_allocate(task, &none, 0, VM_FLAGS_ANYWHERE), "no bytes");
    ok(none == 0, "are nowhere");
    is(mach_vm_allocate(task, &none, u64{1} << 62, VM_FLAGS_ANYWHERE), KERN_NO_SPACE, "more than there is: NO_SPACE");
    u64 high = u64{1} << 47;
    is(mach_vm_allocate(task, &high, page_size, VM_FLAGS_FIXED), KERN_INVALID_ADDRESS, "beyond the task's memory: INVALID_ADDRESS");
    is(mach_vm_allocate(task, &none, page_size, 0x00000800), KERN_INVALID_ARGUMENT, "a flag that is the kernel's: INVALID_ARGUMENT");
    is(mach_vm_allocate(mach_host_self(), &none, page_size, VM_FLAGS_ANYWHERE), KERN_INVALID_ARGUMENT, "in a port that is no task: INVALID_ARGUMENT");
    is(mach_vm_deallocate(task, ~u64{0}, 2 * page_size), KERN_INVALID_ARGUMENT, "a range that wraps around: INVALID_ARGUMENT");
    succeeds(mach_vm_deallocate(task, at, 3 * page_size), "all goes");
    succeeds(mach_vm_deallocate(task, at, 3 * page_size), "a hole is no error");
}

void protection() {
    u64 at = 0;
    (void)mach_vm_allocate(task, &at, 2 * page_size, VM_FLAGS_ANYWHERE);
    auto* p = reinterpret_cast<u8*>(at);
    p[0] = 1;
    succeeds(mach_vm_protect(task, at, page_size, false, VM_PROT_READ), "read only");
    ok(p[0] == 1, "can be read");
    is(mach_vm_write(task, at, "xy", 2), KERN_PROTECTION_FAILURE, "a write from outside: PROTECTION_FAILURE");
    u64 where = at, size = 0;
    vm_region_basic_info_64 info{};
    succeeds(mach_vm_region(task, &where, &size, &info), "its region");
    ok(where == at && size == page_size && info.protection == VM_PROT_READ && info.max_protection == VM_PROT_ALL, "is one page, readable");
    succeeds(mach_vm_protect(task, at, page_size, true, VM_PROT_READ), "the maximum too");
    is(mach_vm_protect(task, at, page_size, false, VM_PROT_READ | VM_PROT_WRITE), KERN_PROTECTION_FAILURE,
       "more than the maximum: PROTECTION_FAILURE");
    is(mach_vm_protect(task, at, page_size, false, 0x80), KERN_INVALID_ARGUMENT, "a protection that does not exist: INVALID_ARGUMENT");
    succeeds(mach_vm_inherit(task, at, page_size, VM_INHERIT_NONE), "not for children");
    (void)mach_vm_deallocate(task, at, 2 * page_size);
    is(mach_vm_protect(task, at, page_size, false, VM_PROT_READ), KERN_INVALID_ADDRESS, "a hole: INVALID_ADDRESS");
    where = u64{1} << 47;
    is(mach_vm_region(task, &where, &size, &info), KERN_INVALID_ADDRESS, "no region so high: INVALID_ADDRESS");
}

void copying() {
    u64 at = 0, hole = 0;
    (void)mach_vm_allocate(task, &at, 4 * page_size, VM_FLAGS_ANYWHERE);
    (void)mach_vm_allocate(task, &hole, page_size, VM_FLAGS_ANYWHERE);
    (void)mach_vm_deallocate(task, hole, page_size);
    auto* p = reinterpret_cast<u8*>(at);
    for (u32 i = 0; i < 2 * page_size; i++) p[i] = static_cast<u8>(i * 3);
    u64 data = 0;
    u32 bytes = 0;
    succeeds(mach_vm_read(task, at + 10, page_size, &data, &bytes), "read a page's worth across a boundary");
    ok(bytes == page_size && memcmp(reinterpret_cast<void*>(data), p + 10, bytes) == 0, "a copy in memory of our own");
    (void)mach_vm_deallocate(task, data, bytes);
    is(mach_vm_read(task, hole, 10, &data, &bytes), KERN_INVALID_ADDRESS, "from a hole: INVALID_ADDRESS");
    u8 here[100];
    u64 out = 0;
    succeeds(mach_vm_read_overwrite(task, at + 1, sizeof here, here, &out), "read into a buffer");
    ok(out == sizeof here && memcmp(here, p + 1, sizeof here) == 0, "the same bytes");
    succeeds(mach_vm_write(task, at + 5000, here, sizeof here), "write");
    ok(memcmp(p + 5000, here, sizeof here) == 0 && p[5000 + sizeof here] == static_cast<u8>((5000 + sizeof here) * 3), "these bytes and no more");
    is(mach_vm_write(task, hole, here, sizeof here), KERN_INVALID_ADDRESS, "into a hole: INVALID_ADDRESS");
    succeeds(mach_vm_copy(task, at, page_size, at + 2 * page_size), "copy a page");
    ok(memcmp(p, p + 2 * page_size, page_size) == 0, "is the same");
    p[0] ^= 1;
    ok(p[2 * page_size] != p[0], "and its own");
    is(mach_vm_copy(task, hole, page_size, at), KERN_INVALID_ADDRESS, "out of a hole: INVALID_ADDRESS");
    (void)mach_vm_deallocate(task, at, 4 * page_size);
}

void mapping() {
    u64 at = 0;
    succeeds(mach_vm_map(task, &at, page_size, 0xffff, VM_FLAGS_ANYWHERE, 0, 0, false, VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY),
             "map zeros");
    ok(at && (at & 0xffff) == 0, "on a boundary of 64 KiB");
    *reinterpret_cast<u32*>(at) = 0x1234;
    u64 size = page_size, twin = 0;
    mach_port_t entry = 0;
    succeeds(mach_make_memory_entry(task, &size, at, VM_PROT_READ | VM_PROT_WRITE, &entry), "a memory entry");
    ok(size == page_size && references(entry, MACH_PORT_RIGHT_SEND) == 1, "is a send right for the page");
    succeeds(mach_vm_map(task, &twin, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, VM_PROT_READ | VM_PROT_WRITE, VM_PROT_READ | VM_PROT_WRITE,
                          VM_INHERIT_SHARE),
             "mapped a second time");
    ok(twin != at && *reinterpret_cast<u32*>(twin) == 0x1234, "it is the same page");
    *reinterpret_cast<u32*>(twin) = 0x5678;
    ok(*reinterpret_cast<u32*>(at) == 0x5678, "both ways");
    is(mach_vm_map(task, &twin, size, 0, VM_FLAGS_ANYWHERE, task, 0, false, VM_PROT_READ, VM_PROT_ALL, VM_INHERIT_COPY), KERN_INVALID_OBJECT,
       "a port that is no memory: INVALID_OBJECT");
    (void)mach_vm_deallocate(task, twin, size);
    (void)mach_vm_deallocate(task, at, size);
    (void)mach_port_deallocate(task, entry);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    allocation();
    protection();
    copying();
    mapping();
    return done();
}
