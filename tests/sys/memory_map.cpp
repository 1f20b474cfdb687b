// SPDX-License-Identifier: BSD-3-Clause
// Mappings: of memory and of files, shared and private; what the kernel refuses.
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"

static u8* at(Result r) { return reinterpret_cast<u8*>(r.value()); }
static u8* anonymous(usize pages) { return at(mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON)); }

static void anonymous_memory() {
    u8* p = anonymous(4);
    bool zero = true;
    for (usize i = 0; i < 4 * page_size; i++) zero = zero && p[i] == 0;
    ok(zero, "fresh memory is zero");
    memset(p, 7, 4 * page_size);
    Result r = mmap(p + page_size, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED);
    ok(at(r) == p + page_size && p[page_size] == 0 && p[0] == 7 && p[2 * page_size] == 7, "MAP_FIXED replaces a page");
    ok(mprotect(p, page_size, PROT_READ).ok() && p[0] == 7 && mprotect(p, page_size, PROT_READ | PROT_WRITE).ok(), "protected and back");
    ok(in_child([=] {
           (void)mprotect(p, page_size, PROT_NONE);
           return *const_cast<volatile u8*>(p);  // never gets there
       }) == -1,
       "PROT_NONE is a signal to who looks");
    ok(munmap(p + page_size, page_size), "a hole");
    fails(mprotect(p, 4 * page_size, PROT_READ | PROT_WRITE), kernel::ENOMEM, "mprotect over it is ENOMEM");
    ok(munmap(p, 4 * page_size), "munmap over it is not");
    r = mmap(p, page_size, PROT_READ, MAP_PRIVATE | MAP_ANON);
    ok(r, "a hint that is free");
    (void)munmap(at(r), page_size);

    fails(mmap(nullptr, 0, PROT_READ, MAP_PRIVATE | MAP_ANON), kernel::EINVAL, "no bytes");
    fails(mmap(nullptr, page_size, PROT_READ, MAP_ANON), kernel::EINVAL, "neither private nor shared");
    fails(mmap(reinterpret_cast<void*>(0x10000001), page_size, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED), kernel::EINVAL, "an odd place");
    fails(mmap(nullptr, usize{1} << 62, PROT_READ, MAP_PRIVATE | MAP_ANON), kernel::ENOMEM, "more than an address space");
    fails(mmap(nullptr, usize{0} - page_size, PROT_READ, MAP_PRIVATE | MAP_ANON), kernel::ENOMEM, "all numbers but a page of them");
    fails(munmap(p + 1, page_size), kernel::EINVAL, "heritage 21: munmap");
    fails(munmap(p, 0), kernel::EINVAL, "of no bytes");
    fails(mprotect(p + 1, page_size, PROT_READ), kernel::EINVAL, "heritage 21: mprotect");

    u8* shared = at(mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON));
    u8* own = anonymous(1);
    *shared = *own = 1;
    ok(in_child([=] {
           *shared = *own = 2;
           return 0;
       }) == 0 && *shared == 2 && *own == 1,
       "a child shares what is shared, and has a copy of the rest");
    (void)munmap(shared, page_size);
    (void)munmap(own, page_size);
}

static void files() {
    static char text[2 * page_size];
    memset(text, 'a', page_size);
    memset(text + page_size, 'b', page_size);
    (void)writefile("file", text, sizeof text);
    const i32 rw = fd_of(open("file", O_RDWR)), ro = fd_of(open("file", O_RDONLY));
    u8* s = at(mmap(nullptr, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, rw));
    u8* p = at(mmap(nullptr, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro));
    u8* second = at(mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE, ro, page_size));
    ok(s[0] == 'a' && p[page_size] == 'b' && second[0] == 'b', "the file's bytes, from an offset too");
    s[1] = 'S';
    char x = 0;
    ok(pread(rw, &x, 1, 1).raw == 1 && x == 'S', "a shared write is the file's");
    p[page_size] = 'P';
    ok(pread(rw, &x, 1, page_size).raw == 1 && x == 'b', "a private one is not");
    ok(msync(s, 2 * page_size, MS_SYNC).ok() && msync(s, page_size, MS_ASYNC).ok() && msync(s, page_size, MS_SYNC | MS_INVALIDATE).ok(),
       "msync");
    fails(msync(s, page_size, MS_SYNC | MS_ASYNC), kernel::EINVAL, "heritage 21: msync both ways");
    (void)close(rw);
    s[2] = 'T';
    ok(pread(ro, &x, 1, 2).raw == 1 && x == 'T', "a mapping outlives its descriptor");
    fails(mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ro), kernel::EACCES, "to write what is open for reading");
    u8* locked = at(mmap(nullptr, page_size, PROT_READ, MAP_SHARED, ro));
    fails(mprotect(locked, page_size, PROT_READ | PROT_WRITE), kernel::EACCES, "nor later");
    const i32 wo = fd_of(open("file", O_WRONLY));
    fails(mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE, wo), kernel::EACCES, "to read what is open for writing");
    fails(mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE, ro, 1), kernel::EINVAL, "an odd offset");
    fails(mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE, -1), kernel::EBADF, "heritage 21: mmap of no descriptor");
    i32 ends[2];
    (void)pipe(ends);
    fails(mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE, ends[0]), either(kernel::ENODEV, kernel::EINVAL), "of a pipe");
    (void)close(ends[0]);
    (void)close(ends[1]);
    u8* beyond = at(mmap(nullptr, 4 * page_size, PROT_READ, MAP_PRIVATE, ro));
    ok(beyond[page_size] == 'b', "more than the file can be mapped");
    ok(in_child([=] { return *const_cast<volatile u8*>(beyond + 3 * page_size); }) == -1, "but what lies behind it is a signal");
    ok(munmap(beyond, 4 * page_size).ok() && munmap(s, 2 * page_size).ok() && munmap(p, 2 * page_size).ok() && munmap(second, page_size).ok() &&
           munmap(locked, page_size).ok(),
       "all given back");
    (void)close(ro);
    (void)close(wo);
}

static void advice() {
    u8* p = anonymous(8);
    memset(p, 7, 8 * page_size);
    ok(madvise(p, 8 * page_size, MADV_SEQUENTIAL).ok() && madvise(p, 8 * page_size, MADV_RANDOM).ok() &&
           madvise(p, 8 * page_size, MADV_WILLNEED).ok() && madvise(p, 8 * page_size, MADV_NORMAL).ok() && p[page_size] == 7,
       "advice changes no content");
    ok(madvise(p, 4 * page_size, MADV_FREE).ok() && (p[0] == 7 || p[0] == 0) && p[4 * page_size] == 7, "MADV_FREE may");
    p[0] = 9;
    ok(p[0] == 9, "until it is written again");
    fails(madvise(p, page_size, 9999), kernel::EINVAL, "heritage 21: madvise");

    u8 vec[8] = {};
    p[0] = p[7 * page_size] = 1;
    ok(mincore(p, 8 * page_size, vec).ok() && (vec[0] & 1) && (vec[7] & 1), "what was touched is in memory");
    fails(mincore(p, 8 * page_size, reinterpret_cast<u8*>(bad_pointer())), kernel::EFAULT, "no vector");
    ok(mlock(p, page_size).ok() && munlock(p, page_size).ok(), "a page can be locked");
    (void)munmap(p + 2 * page_size, page_size);
    memset(vec, 0, sizeof vec);
    const Result r = mincore(p, 8 * page_size, vec);
    ok(darwin ? r.ok() && (vec[2] & 1) == 0 && (vec[0] & 1) : r.err() == kernel::ENOMEM, "heritage 21: mincore over a hole");
    fails(madvise(p, 8 * page_size, MADV_NORMAL), either(kernel::ENOMEM, kernel::EINVAL), "madvise over a hole");
    fails(msync(p, 8 * page_size, MS_SYNC), kernel::ENOMEM, "msync over a hole");
    fails(mlock(p, 8 * page_size), kernel::ENOMEM, "heritage 21: mlock over a hole");
    fails(munlock(p + 2 * page_size, page_size), kernel::ENOMEM, "heritage 21: munlock of a hole");
    (void)munmap(p, 8 * page_size);
    if (root()) {
        skip("root is not limited", "mlock beyond RLIMIT_MEMLOCK");
    } else {
        ok(in_child([] {
               (void)setlimit(Limit::locked, {2 * page_size, 2 * page_size});
               u8* q = anonymous(4);
               const i32 e = mlock(q, 4 * page_size).err();
               return e == kernel::ENOMEM || e == kernel::EAGAIN || e == kernel::EPERM ? 0 : 1;
           }) == 0,
           "mlock beyond RLIMIT_MEMLOCK");
    }
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    anonymous_memory();
    files();
    advice();
    return done();
}
