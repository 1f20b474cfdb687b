// SPDX-License-Identifier: BSD-3-Clause
// What only Linux does with memory.
#include "sys/linux/memory.h"
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"

static u8* at(Result r) { return reinterpret_cast<u8*>(r.value()); }

int main() {
    print("TAP version 13\n");
    const Result memory = lnx::memfd_create("test", lnx::MFD_CLOEXEC);
    ok(memory, "a file in memory");
    const i32 fd = fd_of(memory);
    ok(ftruncate(fd, 2 * page_size).ok() && (fcntl(fd, lnx::F_GETFD).value() & lnx::FD_CLOEXEC), "of a size, closed on exec");
    u8* a = at(mmap(nullptr, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd));
    a[0] = 1;
    a[page_size] = 2;
    u8 x = 0;
    ok(pread(fd, &x, 1, page_size).raw == 1 && x == 2, "mapped and read");
    static char name[251];
    memset(name, 'n', 250);
    fails(lnx::memfd_create(name, 0), lnx::EINVAL, "a name of 250 bytes");
    fails(lnx::memfd_create(bad_pointer(), 0), lnx::EFAULT, "no name");
    fails(lnx::memfd_create("x", 1u << 31), lnx::EINVAL, "unknown flags");
    (void)munmap(a, 2 * page_size);
    (void)close(fd);

    u8* p = at(mmap(nullptr, 4 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON));
    p[0] = 5;
    ok(at(lnx::mremap(p, 4 * page_size, 2 * page_size, 0)) == p, "shrinks in place");
    // Something behind it: it must move to grow.
    (void)mmap(p + 2 * page_size, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_FIXED);
    fails(lnx::mremap(p, 2 * page_size, 8 * page_size, 0), lnx::ENOMEM, "no room to grow");
    const Result r = lnx::mremap(p, 2 * page_size, 8 * page_size, lnx::MREMAP_MAYMOVE);
    ok(r.ok() && at(r)[0] == 5 && at(r)[7 * page_size] == 0, "moves, with its content");
    fails(lnx::mremap(p, page_size, 2 * page_size, lnx::MREMAP_MAYMOVE), lnx::EFAULT, "nothing is where it was");
    fails(lnx::mremap(p + 1, page_size, page_size, 0), lnx::EINVAL, "an odd address");
    ok(munmap(at(r), 8 * page_size).ok() && munmap(p + 2 * page_size, page_size).ok(), "given back");
    return done();
}
