// SPDX-License-Identifier: BSD-3-Clause
// See resource.h: what both kernels spell the same.
#include "sys/resource.h"

#include "sys/calls.h"

namespace trapeze {

Result getusage(i32 who, Usage* usage) {
    kernel::rusage raw;
    Result r = sys_getrusage(who, &raw);
    if (r.ok()) *usage = usage_of(raw);
    return r;
}

Result getlimit(Limit which, Limits* limits) {
    kernel::rlimit raw;
    Result r = sys_getrlimit(static_cast<i32>(which), &raw);
    if (r.ok()) *limits = {raw.rlim_cur, raw.rlim_max};
    return r;
}

}  // namespace trapeze
