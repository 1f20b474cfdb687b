// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/release.h.
#include "sys/darwin/release.h"

#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

i32 darwin_major;

// Takes the place of the empty one in os_darwin.cpp.
void release_init() {
    i32 name[2] = {1, 2};  // CTL_KERN, KERN_OSRELEASE (bsd/sys/sysctl.h): "15.6.0"
    char release[32];
    usize size = sizeof release;
    Result r = sys_sysctl(name, 2, release, &size, nullptr, 0);
    if (r.failed() || size < 3) die_errno("sysctl kern.osrelease", r);  // a guess could be the one that the kernel punishes
    i32 major = release[0] - '0';
    if (release[1] != '.') major = major * 10 + release[1] - '0';
    darwin_major = major;
}

}  // namespace trapeze
