// SPDX-License-Identifier: BSD-3-Clause
// sysctl, by number and by name.
#include "tests/tap.h"

#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    char text[256] = {};
    usize size = sizeof text;
    const i32 type[] = {xnu::CTL_KERN, xnu::KERN_OSTYPE};
    ok(xnu::sysctl(type, 2, text, &size).ok() && size == 7 && str_eq(text, "Darwin"), "kern.ostype by number is Darwin, with its zero");
    size = sizeof text;
    ok(xnu::sysctl("kern.ostype", text, &size).ok() && str_eq(text, "Darwin"), "and by name");
    size = sizeof text;
    ok(xnu::sysctl("kern.osrelease", text, &size).ok() && text[0] >= '1' && text[0] <= '9', "kern.osrelease");
    i32 cpus = 0;
    size = sizeof cpus;
    ok(xnu::sysctl("hw.ncpu", &cpus, &size).ok() && size == 4 && cpus == cpu_count(), "hw.ncpu");
    u64 memory = 0;
    size = sizeof memory;
    ok(xnu::sysctl("hw.memsize", &memory, &size).ok() && size == 8 && memory > (1 << 20), "hw.memsize");
    size = 0;
    ok(xnu::sysctl(type, 2, nullptr, &size).ok() && size == 7, "without a place the size alone is told");
    size = 3;
    ok(xnu::sysctl(type, 2, text, &size).failed() || size == 0, "too little room: ENOMEM, or up to 10.14 no bytes");
    fails(xnu::sysctl("no.such.name", text, &size), xnu::ENOENT, "no such name: ENOENT");
    const i32 none[] = {xnu::CTL_KERN, 99999};
    size = sizeof text;
    fails(xnu::sysctl(none, 2, text, &size), xnu::ENOENT, "no such number: ENOENT");
    fails(xnu::sysctl(type, 1, text, &size), xnu::EINVAL, "one number: EINVAL");
    fails(xnu::sysctl(type, 13, text, &size), xnu::EINVAL, "thirteen: EINVAL");
    fails(xnu::sysctl(reinterpret_cast<const i32*>(8), 2, text, &size), xnu::EFAULT, "a bad name: EFAULT");
    fails(xnu::sysctl(type, 2, reinterpret_cast<void*>(8), &size), xnu::EFAULT, "a bad place: EFAULT");
    const char other[] = "Linux";
    fails(xnu::sysctl(type, 2, nullptr, nullptr, other, sizeof other), xnu::EPERM, "what is the kernel's cannot be set: EPERM");
    return done();
}
