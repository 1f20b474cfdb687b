// SPDX-License-Identifier: BSD-3-Clause
// Memory under two addresses, by Mach: memory entries, remap, purgable memory, what a child of fork gets of it, and the code of
// each wrong use (osfmk/vm/vm_user.c, vm_map.c, vm_object.c).
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/darwin/rpc.h"
#include "sys/darwin/vm.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();
constexpr i32 rw = VM_PROT_READ | VM_PROT_WRITE;

u64 pages(u64 n, i32 flags = 0) {
    u64 at = 0;
    (void)mach_vm_allocate(task, &at, n * page_size, VM_FLAGS_ANYWHERE | flags);
    return at;
}
volatile u8& byte(u64 at) { return *reinterpret_cast<volatile u8*>(at); }

#pragma pack(push, 4)
struct RemapIn {
    u64 target, size, mask;
    i32 flags;
    u64 from;
    i32 copy;
    u32 inheritance;
};
struct RemapOut {
    u64 target;
    i32 protection, maximum;
};
#pragma pack(pop)
kern_return_t remap(const RemapIn& in, RemapOut* out, mach_port_t source = task) {
    return rpc(task, MIG_mach_vm_remap, port_part(source, MACH_MSG_TYPE_COPY_SEND), in, out);
}

void entries() {
    const u64 at = pages(2);
    byte(at) = 11;
    byte(at + page_size) = 22;
    u64 size = 2 * page_size, twin = 0;
    mach_port_t entry = 0, bad = 0;
    succeeds(mach_make_memory_entry(task, &size, at, rw, &entry), "an entry for two pages");
    ok(size == 2 * page_size, "is of that size");
    is(mach_vm_map(task, &twin, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, VM_PROT_ALL, VM_INHERIT_COPY), KERN_INVALID_RIGHT,
       "more than the entry allows, as the maximum: INVALID_RIGHT");
    is(mach_vm_map(task, &twin, size, 0, VM_FLAGS_ANYWHERE, entry, page_size, false, rw, rw, VM_INHERIT_COPY), KERN_INVALID_ARGUMENT,
       "beyond its end: INVALID_ARGUMENT");
    is(mach_vm_map(task, &twin, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, rw, 7), KERN_INVALID_ARGUMENT, "an inheritance that is none: INVALID_ARGUMENT");
    succeeds(mach_vm_map(task, &twin, page_size, 0, VM_FLAGS_ANYWHERE, entry, page_size, false, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_COPY),
             "its second page, to be read");
    ok(byte(twin) == 22, "is that page");
    byte(at + page_size) = 23;
    ok(byte(twin) == 23, "and stays it");
    is(mach_vm_protect(task, twin, page_size, false, rw), KERN_PROTECTION_FAILURE, "never to be written: PROTECTION_FAILURE");
    u64 own = 0;
    succeeds(mach_vm_map(task, &own, size, 0, VM_FLAGS_ANYWHERE, entry, 0, true, rw, rw, VM_INHERIT_COPY), "a copy of both");
    byte(own) = 99;
    ok(byte(at) == 11, "is its own");
    (void)mach_vm_deallocate(task, at, 2 * page_size);
    ok(byte(twin) == 23, "the twin outlives the original");
    u64 again = 0;
    succeeds(mach_vm_map(task, &again, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, rw, VM_INHERIT_COPY), "and so does the entry");
    ok(byte(again) == 11, "with what was in it");
    (void)mach_vm_deallocate(task, own, size);
    (void)mach_vm_deallocate(task, again, size);
    (void)mach_vm_deallocate(task, twin, page_size);
    succeeds(mach_port_deallocate(task, entry), "the entry goes");

    size = page_size;
    is(mach_make_memory_entry(task, &size, at, rw, &bad), KERN_INVALID_ADDRESS, "of a hole: INVALID_ADDRESS");
    const u64 fixed = pages(1);
    (void)mach_vm_protect(task, fixed, page_size, false, VM_PROT_READ);
    size = page_size;
    is(mach_make_memory_entry(task, &size, fixed, rw, &bad), KERN_PROTECTION_FAILURE, "of more than there is access to: PROTECTION_FAILURE");
    constexpr i32 create = 0x20000, purgable = 0x40000, share = 0x400000, copied = 0x200000, only = 0x10000;
    size = page_size;
    is(mach_make_memory_entry(task, &size, fixed, share | rw, &bad), KERN_PROTECTION_FAILURE, "to be shared: the same");
    is(mach_make_memory_entry(task, &size, fixed, only | rw, &bad), KERN_INVALID_ARGUMENT, "caching alone, of no entry: INVALID_ARGUMENT");
    is(mach_make_memory_entry(task, &size, 0, create | purgable | VM_PROT_READ, &bad), KERN_INVALID_ARGUMENT, "purgable and not to be written: INVALID_ARGUMENT");
    size = 5000;
    succeeds(mach_make_memory_entry(task, &size, 0, create | rw, &entry), "an entry for memory that nobody has");
    ok(size == 2 * page_size, "of whole pages");
    u64 first = 0, second = 0;
    (void)mach_vm_map(task, &first, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, rw, VM_INHERIT_COPY);
    (void)mach_vm_map(task, &second, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, rw, VM_INHERIT_COPY);
    ok(byte(first) == 0, "zeros at first");
    byte(first + 1) = 5;
    ok(byte(second + 1) == 5, "and the same twice");
    (void)mach_port_deallocate(task, entry);
    const u64 source = pages(1);
    byte(source) = 7;
    size = page_size;
    succeeds(mach_make_memory_entry(task, &size, source, copied | rw, &entry), "an entry for a copy");
    byte(source) = 8;
    u64 old = 0;
    (void)mach_vm_map(task, &old, size, 0, VM_FLAGS_ANYWHERE, entry, 0, false, rw, rw, VM_INHERIT_COPY);
    ok(byte(old) == 7, "is as it was then");
    (void)mach_port_deallocate(task, entry);
    for (const u64 p : {first, second}) (void)mach_vm_deallocate(task, p, 2 * page_size);
    for (const u64 p : {fixed, source, old}) (void)mach_vm_deallocate(task, p, page_size);
}

void remapping() {
    const u64 at = pages(3);
    for (u32 i = 0; i < 3; i++) byte(at + i * page_size) = static_cast<u8>(i + 1);
    (void)mach_vm_protect(task, at + page_size, page_size, false, VM_PROT_READ);
    RemapOut out{};
    succeeds(remap({0, 3 * page_size, 0, VM_FLAGS_ANYWHERE, at, false, VM_INHERIT_COPY}, &out), "three pages, shared");
    ok(out.protection == VM_PROT_READ && out.maximum == VM_PROT_ALL, "what all of them allow");
    ok(byte(out.target + 2 * page_size) == 3, "the same pages");
    byte(at) = 50;
    ok(byte(out.target) == 50, "still the same");
    (void)mach_vm_deallocate(task, out.target, 3 * page_size);
    succeeds(remap({0, page_size, 0xffff, VM_FLAGS_ANYWHERE, at, true, VM_INHERIT_COPY}, &out), "one, copied, on a boundary of 64 KiB");
    ok(out.target % 0x10000 == 0, "which it is on");
    byte(at) = 51;
    ok(byte(out.target) == 50, "a copy");
    u64 there = out.target;
    is(remap({there, page_size, 0, 0, at, false, VM_INHERIT_COPY}, &out), KERN_NO_SPACE, "to a place that is taken: NO_SPACE");
    succeeds(remap({there, page_size, 0, VM_FLAGS_OVERWRITE, at, false, VM_INHERIT_COPY}, &out), "over it");
    ok(byte(there) == 51, "is what is there now");
    (void)mach_vm_deallocate(task, there, page_size);
    is(remap({0, 0, 0, VM_FLAGS_ANYWHERE, at, false, VM_INHERIT_COPY}, &out), KERN_INVALID_ARGUMENT, "nothing: INVALID_ARGUMENT");
    is(remap({0, page_size, 0, VM_FLAGS_ANYWHERE, there, false, VM_INHERIT_COPY}, &out), KERN_INVALID_ADDRESS, "a hole: INVALID_ADDRESS");
    is(remap({0, page_size, 0, VM_FLAGS_ANYWHERE, at, false, 3}, &out), KERN_INVALID_ARGUMENT, "an inheritance that is none: INVALID_ARGUMENT");
    is(remap({0, page_size, 0, VM_FLAGS_ANYWHERE | 0x800, at, false, 1}, &out), KERN_INVALID_ARGUMENT, "a flag that is the kernel's: INVALID_ARGUMENT");
    is(remap({0, page_size, 0, VM_FLAGS_ANYWHERE, at, false, 1}, &out, mach_host_self()), KERN_INVALID_ARGUMENT, "from a port that is no task: INVALID_ARGUMENT");
    (void)mach_vm_deallocate(task, at, 3 * page_size);
}

// A read that waits while its memory gets a second address, and whose bytes come at that time.
struct Reader {
    i32 from;
    u64 at, n;
    u64 got;
};
void read_all(void* p) {
    Reader& r = *static_cast<Reader*>(p);
    while (r.got < r.n) {
        const Result one = read(r.from, reinterpret_cast<void*>(r.at + r.got), r.n - r.got);
        if (!one.ok() || one.raw == 0) return;
        r.got += static_cast<u64>(one.raw);
    }
}
struct Writer {
    i32 to;
    u8 value;
};
void write_all(void* p) {
    const Writer& w = *static_cast<Writer*>(p);
    u8 bytes[64];
    memset(bytes, w.value, sizeof bytes);
    for (u32 i = 0; i < 128; i++) (void)write(w.to, bytes, sizeof bytes);
}

void remapping_meanwhile() {
    constexpr u64 count = 512, size = count * page_size, n = 2 * page_size;  // much to copy behind what is read into
    u32 lost = 0, failed = 0;
    for (u32 i = 0; i < 15; i++) {
        const u64 at = pages(count);
        memset(reinterpret_cast<void*>(at), 0x11, size);
        i32 ends[2];
        Result error{0};
        if (!pipe(ends).ok()) return ok(false, "a pipe");
        Reader reader{ends[0], at, n, 0};
        Writer writer{ends[1], static_cast<u8>(0x80 + i)};
        Thread* const r = thread_create(read_all, &reader, &error);
        Thread* const w = thread_create(write_all, &writer, &error);
        RemapOut twin{};
        if (i % 3) thread_yield();
        failed += remap({0, size, 0, VM_FLAGS_ANYWHERE, at, false, VM_INHERIT_COPY}, &twin) != KERN_SUCCESS;
        if (w) thread_join(w);
        if (r) thread_join(r);
        if (!r || !w || reader.got != n) failed++;
        for (u64 k = 0; k < n; k++) lost += byte(at + k) != writer.value || byte(twin.target + k) != writer.value;
        for (const i32 end : ends) (void)close(end);
        (void)mach_vm_deallocate(task, twin.target, size);
        (void)mach_vm_deallocate(task, at, size);
    }
    ok(failed == 0, "a second address for memory that is being read into: every read and every remap is as if alone");
    ok(lost == 0, "and no byte of it is lost");
}

struct PurgableIn {
    u32 address[2];
    i32 control, state;
};
kern_return_t purge(u64 at, i32 control, i32* state) {
    const PurgableIn in = {{static_cast<u32>(at), static_cast<u32>(at >> 32)}, control, *state};
    return rpc(task, MIG_mach_vm_purgable_control, in, state);
}

void purgable() {
    enum : i32 { set, get };
    const u64 at = pages(1, VM_FLAGS_PURGABLE), plain = pages(1);
    i32 state = 9;
    succeeds(purge(at, get, &state), "the state of purgable memory");
    ok(state == 0, "is: not volatile");
    byte(at) = 3;
    state = 1;
    succeeds(purge(at, set, &state), "make it volatile");
    ok(state == 0, "the old state comes back");
    state = 2;
    succeeds(purge(at, set, &state), "empty it");
    ok(state == 1, "volatile it was");
    state = 0;
    succeeds(purge(at, set, &state), "take it back");
    ok(state == 2 && byte(at) == 0, "its contents are gone, and it says so");
    state = 1 << 20;
    is(purge(at, set, &state), KERN_INVALID_ARGUMENT, "a state that is none: INVALID_ARGUMENT");
    is(purge(at, 77, &state), KERN_INVALID_ARGUMENT, "a control that is none: INVALID_ARGUMENT");
    state = 0;
    is(purge(plain, get, &state), KERN_INVALID_ARGUMENT, "memory that is not purgable: INVALID_ARGUMENT");
    (void)mach_vm_protect(task, at, page_size, false, VM_PROT_READ);
    is(purge(at, get, &state), KERN_PROTECTION_FAILURE, "memory that may not be written: PROTECTION_FAILURE");
    (void)mach_vm_deallocate(task, at, page_size);
    is(purge(at, get, &state), KERN_INVALID_ADDRESS, "a hole: INVALID_ADDRESS");
    (void)mach_vm_deallocate(task, plain, page_size);
}

// What a child sees of three pages, and what it leaves of them.
void children() {
    const u64 at = pages(4);
    RemapOut twin{};
    for (u32 i = 0; i < 4; i++) byte(at + i * page_size) = 1;
    succeeds(mach_vm_inherit(task, at, page_size, VM_INHERIT_SHARE), "a page to be shared with children");
    succeeds(mach_vm_inherit(task, at + page_size, page_size, VM_INHERIT_NONE), "one that they do not get");
    succeeds(remap({0, page_size, 0, VM_FLAGS_ANYWHERE, at + 3 * page_size, false, VM_INHERIT_COPY}, &twin), "one that has a twin and is copied");
    is(mach_vm_inherit(task, at, page_size, 3), KERN_INVALID_ARGUMENT, "an inheritance that is none: INVALID_ARGUMENT");
    const WaitStatus status = in_child([&] {
        const mach_port_t me = mach_task_self();  // ports do not outlive a fork
        u64 where = at + page_size, size = 0;
        vm_region_basic_info_64 info{};
        i32 wrong = 0;
        if (mach_vm_region(me, &where, &size, &info) == KERN_SUCCESS && where == at + page_size) wrong |= 1;
        if (byte(at) != 1 || byte(at + 2 * page_size) != 1 || byte(at + 3 * page_size) != 1) wrong |= 2;
        byte(at) = 2;
        byte(at + 2 * page_size) = 2;
        byte(at + 3 * page_size) = 2;
        return wrong;
    });
    held(status, "the child has what it should and no more");
    ok(byte(at) == 2, "what it wrote into the shared page is here");
    ok(byte(at + 2 * page_size) == 1, "not what it wrote into its copy");
    ok(byte(at + 3 * page_size) == 1 && byte(twin.target) == 1, "nor into the page that has a twin here");
    (void)mach_vm_deallocate(task, twin.target, page_size);
    (void)mach_vm_deallocate(task, at, 4 * page_size);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    entries();
    remapping();
    remapping_meanwhile();
    purgable();
    children();
    return done();
}
