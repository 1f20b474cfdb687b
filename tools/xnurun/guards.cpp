// SPDX-License-Identifier: BSD-3-Clause
// Guard pages without mappings. A program with a million stacks makes a guard of each one's lowest page by
// mprotect(PROT_NONE); on Linux that is two more mappings a stack, of which a process may have vm.max_map_count (65,530).
// Instead such pages become guards of the host's (MADV_GUARD_INSTALL, Linux 6.13): entries in the page table that leave the
// mapping whole. Without them in the host, everything here is just mprotect.
//
// Invariants, under guard_lock, which is held over the host call and the change of the bits alike:
//   - a bit is set just if its page is a host's guard that stands for PROT_NONE; then the page is mapped, and the host's map
//     shows the protection that it had before;
//   - a page becomes a guard only if it has no contents (page map: neither present nor swapped, which also says of a guard
//     that it is one), since the host discards them.
//     A write that races with its own page's mprotect may be lost; no program can tell which came first;
//   - whatever maps, unmaps or protects a page clears its bit, and protection also removes the host's guard;
//   - fork copies guards and bits. A range that a child does not inherit may leave bits: the next mapping there clears them.
// The host says SEGV_MAPERR of an access to a guard, as of no mapping: guarded() tells them apart. HostMaps asks guard_part.
//
// The bits: one a page, in leaves of 1 GiB that appear when they are needed. Rejected: a sorted list (a million insertions in
// any order), mincore to find what is untouched (it calls a page in the swap absent), guards of any size (16 pages are
// plenty for a stack's, and the page map is read for each).
#include "tools/xnurun/guards.h"

#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/report.h"

namespace trapeze {

HostLock guard_lock;

namespace {

constexpr u64 page = 4096, leaf_pages = 1u << 18, leaves = 1u << 17, most = 16;

struct Leaf {
    u64 words[leaf_pages / 64];
};
Leaf** root;  // null: there never was a guard
bool without;  // the host has no guards, or no page map
bool limit_said;
i32 page_map = -1;  // a descriptor of this process's, once it is needed

bool get(u64 n) {
    if (!root || n / leaf_pages >= leaves) return false;
    const Leaf* leaf = root[n / leaf_pages];
    return leaf && leaf->words[n % leaf_pages / 64] >> n % 64 & 1;
}

void set(u64 n) {
    if (!root) root = static_cast<Leaf**>(host_pages(leaves * sizeof *root));
    Leaf*& leaf = root[n / leaf_pages];
    if (!leaf) leaf = static_cast<Leaf*>(host_pages(sizeof *leaf));
    leaf->words[n % leaf_pages / 64] |= 1ull << n % 64;
}

// The first page of [n, end) whose bit is `value`; `end` if there is none.
u64 next(u64 n, u64 end, bool value) {
    while (n < end) {
        const Leaf* leaf = root && n / leaf_pages < leaves ? root[n / leaf_pages] : nullptr;
        if (!leaf) {
            if (!value) return n;
            n = (n / leaf_pages + 1) * leaf_pages;
            continue;
        }
        u64 word = leaf->words[n % leaf_pages / 64];
        if (!value) word = ~word;
        word &= ~0ull << n % 64;
        if (word) {
            n = (n & ~63ull) + static_cast<u64>(__builtin_ctzll(word));
            return n < end ? n : end;
        }
        n = (n & ~63ull) + 64;
    }
    return end;
}

// Clears the bits of a range; `remove` takes the host's guards away too.
void forget(u64 base, u64 size, bool remove) {
    if (!root) return;
    const u64 end = (base + size + page - 1) / page;
    for (u64 n = next(base / page, end, true); n < end; n = next(n, end, true)) {
        const u64 stop = next(n, end, false);
        if (remove) host(lnx::SYS_madvise, n * page, (stop - n) * page, lnx::MADV_GUARD_REMOVE);
        for (; n < stop; n++) root[n / leaf_pages]->words[n % leaf_pages / 64] &= ~(1ull << n % 64);
    }
}

// Whether no page of the range has contents.
bool untouched(u64 base, u64 pages) {
    constexpr u64 present = 1ull << 63, swapped = 1ull << 62;
    u64 entries[most];
    if (page_map < 0) page_map = hidden_made(lnx::SYS_openat, static_cast<u64>(lnx::AT_FDCWD), as_word("/proc/self/pagemap"), lnx::O_RDONLY | lnx::O_CLOEXEC);
    if (page_map < 0) return without = page_map != -lnx::EMFILE, false;
    const i64 r = host(lnx::SYS_pread64, page_map, entries, pages * 8, base / page * 8);
    if (r != static_cast<i64>(pages * 8)) return false;
    for (u64 n = 0; n < pages; n++)
        if (entries[n] & (present | swapped)) return false;
    return true;
}

bool become_guards(u64 base, u64 size) {
    if (without || size > most * page || base % page || base + size > leaves * leaf_pages * page) return false;
    const u64 end = (base + size) / page;
    if (next(base / page, end, false) == end) return true;
    if (!untouched(base, size / page)) return false;
    const i64 r = host(lnx::SYS_madvise, base, size, lnx::MADV_GUARD_INSTALL);
    if (host_failed(r)) {  // no such advice; or a hole, or memory that cannot have guards: mprotect answers
        host(lnx::SYS_madvise, base, size, lnx::MADV_GUARD_REMOVE);
        return false;
    }
    for (u64 n = base / page; n < end; n++) set(n);
    return true;
}

u64 number_in(const char* path, bool lines) {
    const i64 fd = open_own(path, lnx::O_RDONLY);
    if (host_failed(fd)) return 0;
    char text[4096];
    u64 value = 0;
    for (i64 have; (have = host(lnx::SYS_read, fd, text, sizeof text)) > 0;)
        for (i64 n = 0; n < have; n++) {
            if (lines) value += text[n] == '\n';
            else if (text[n] >= '0' && text[n] <= '9') value = value * 10 + static_cast<u64>(text[n] - '0');
        }
    host(lnx::SYS_close, fd);
    return value;
}

// ENOMEM has many reasons; this one is the host's alone, and its name helps. Said once.
i64 looked_at(i64 r) {
    if (r != -lnx::ENOMEM || limit_said) return r;
    const u64 limit = number_in("/proc/sys/vm/max_map_count", false);
    if (!limit || number_in("/proc/self/maps", true) + 2 < limit) return r;
    limit_said = true;
    eprint("xnurun: the program has all the mappings that this host allows (", limit,
           "): ENOMEM, where XNU has no such limit; raise it with: sysctl -w vm.max_map_count=", 16 * limit, "\n");
    return r;
}

}  // namespace

i64 guest_mmap(u64 base, u64 size, i32 protection, i32 flags, i32 fd, i64 offset) {
    if (flags & lnx::MAP_FIXED) fast_text_changes(base, size);
    Locked hold(guard_lock);
    const i64 r = host(lnx::SYS_mmap, base, size, protection, flags, fd, offset);
    if (!host_failed(r)) forget(static_cast<u64>(r), size, false);
    return looked_at(r);
}

i64 guest_munmap(u64 base, u64 size) {
    fast_text_changes(base, size);
    Locked hold(guard_lock);
    i64 r = 0;
    around_fast(base, size, [&](u64 at, u64 length) {
        const i64 part = host(lnx::SYS_munmap, at, length);
        if (host_failed(part)) r = part;
        else forget(at, length, false);
    });
    return looked_at(r);
}

i64 guest_mprotect(u64 base, u64 size, i32 protection) {
    fast_text_changes(base, size);
    Locked hold(guard_lock);
    if (protection == lnx::PROT_NONE && become_guards(base, size)) return 0;
    const i64 r = host(lnx::SYS_mprotect, base, size, protection);
    if (!host_failed(r)) forget(base, size, true);  // afterwards: the old protection never shows
    return looked_at(r);
}

void guards_forget(u64 base, u64 size) {
    Locked hold(guard_lock);
    forget(base, size, false);
}

void guards_fork_child() {
    guard_lock.reset();
    close_hidden(page_map);
    page_map = -1;
}

bool guarded(u64 address) {
    Locked hold(guard_lock);
    return get(address / page);
}

GuardPart guard_part(u64 low, u64 high) {
    Locked hold(guard_lock);
    const u64 n = low / page;
    const bool is = get(n);
    return {next(n, high / page, !is) * page, is};
}

}  // namespace trapeze
