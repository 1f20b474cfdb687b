// SPDX-License-Identifier: BSD-3-Clause
// Calls by number: every argument reaches its register, widths and signs are kept, errors are errors.
#include "tests/tap.h"

#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/linux/numbers.h"
#include "sys/darwin/numbers.h"
#include "sys/syscall.h"

using namespace trapeze;

namespace {

enum class Colour : i32 { red = -2 };
enum : u32 { high = 0x80000000 };

}  // namespace

int main() {
    print("TAP version 13\n");
    ok(syscall_argument(i32{-1}) == ~u64{0} && syscall_argument(u32{0xffffffff}) == 0xffffffff && syscall_argument(nullptr) == 0 &&
           syscall_argument(Colour::red) == static_cast<u64>(-2) && syscall_argument(high) == 0x80000000,
       "integers are extended as their type says");

    ok(syscall(kernel::SYS_getpid).raw == sys_getpid().raw, "a call without arguments");
    const char text[] = "# by number\n";
    ok(syscall(kernel::SYS_write, 1, text, sizeof text - 1).raw == static_cast<i64>(sizeof text - 1), "three arguments, one a pointer");
    fails(syscall(kernel::SYS_close, -1), kernel::EBADF, "an error is -errno");
    fails(syscall(kernel::SYS_open, "/does/not/exist", 0, 0), kernel::ENOENT, "heritage 21: a failing open is not a descriptor");

    // mmap takes six; each of the last three decides: what is mapped shows descriptor and offset.
    Result self = open(argv()[0], O_RDONLY);
    ok(self, "the program's own file");
    const i32 fd = static_cast<i32>(self.value());
    Result at = syscall(kernel::SYS_mmap, nullptr, page_size, kernel::PROT_READ, kernel::MAP_PRIVATE, fd, u64{0});
    ok(at, "six arguments");
    u8 head[16];
    ok(read(fd, head, sizeof head).raw == 16 && memcmp(head, reinterpret_cast<void*>(at.value()), 16) == 0, "the fifth and the sixth are read");
    // An odd offset, the sixth: EINVAL on Linux; XNU maps the page around it and answers as oddly (sys/memory.cpp).
    const Result odd = syscall(kernel::SYS_mmap, nullptr, page_size - 1, kernel::PROT_READ, kernel::MAP_PRIVATE, fd, 1);
    ok(odd.err() == kernel::EINVAL || (odd.ok() && odd.value() % static_cast<i64>(page_size) == 1), "an odd offset, the sixth, shows");
    ok(syscall(kernel::SYS_munmap, at.value(), page_size), "back");

    bool all = true;
    for (int i = 0; i < 100000; i++) all = all && syscall(kernel::SYS_getpid).raw == sys_getpid().raw;
    ok(all, "the stack is in balance after many");
    return done();
}
