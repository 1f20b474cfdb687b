// SPDX-License-Identifier: BSD-3-Clause
// uname and the CPUs of a thread.
#include "child.h"

#include "sys/mem.h"
#include "sys/os.h"
#include "sys/thread.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    lnx::new_utsname name{};
    ok(lnx::uname(&name).ok() && str_eq(name.sysname, "Linux") && str_eq(name.machine, "x86_64") && name.release[0], "uname");
    fails(lnx::uname(reinterpret_cast<lnx::new_utsname*>(8)), lnx::EFAULT, "a bad place: EFAULT");
    u64 mask[128] = {};
    Result r = lnx::getaffinity(0, mask, sizeof mask);
    i32 cpus = 0;
    for (i64 i = 0; i < r.value() / 8; i++)
        for (u64 bits = mask[i]; bits; bits &= bits - 1) cpus++;
    ok(r.ok() && cpus == cpu_count(), "the CPUs of the caller");
    ok(lnx::getaffinity(thread_self(), mask, sizeof mask), "by its number");
    fails(lnx::getaffinity(0x3fffffff, mask, sizeof mask), lnx::ESRCH, "of nobody: ESRCH");
    fails(lnx::getaffinity(0, mask, 3), lnx::EINVAL, "a size that is no multiple of 8: EINVAL");
    fails(lnx::getaffinity(0, reinterpret_cast<u64*>(8), sizeof mask), lnx::EFAULT, "a bad place: EFAULT");
    held(in_child([] {
             u64 all[128] = {}, one[128] = {}, now[128] = {};
             const i64 bytes = lnx::getaffinity(0, all, sizeof all).value();
             for (i64 i = 0; i < bytes / 8; i++)
                 if (all[i]) {
                     one[i] = all[i] & -all[i];
                     break;
                 }
             if (lnx::setaffinity(0, one, static_cast<usize>(bytes)).failed()) return 1;
             if (lnx::getaffinity(0, now, sizeof now).failed() || memcmp(one, now, static_cast<usize>(bytes))) return 2;
             if (cpu_count() != 1) return 3;
             const u64 none[128] = {};
             return lnx::setaffinity(0, none, static_cast<usize>(bytes)).err() == lnx::EINVAL ? 0 : 4;
         }),
         "one CPU is all that a child wants; none is EINVAL");
    return done();
}
