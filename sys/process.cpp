// SPDX-License-Identifier: BSD-3-Clause
// See process.h: what both kernels spell the same.
#include "sys/process.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {

Result exec(const char* path, const char* const* argv, const char* const* envp) { return sys_execve(path, argv, envp); }

Result wait(i32 pid, WaitStatus* status, i32 options, Usage* usage) {
    kernel::rusage raw;
    i32 word = 0;
    Result r = again_when_interrupted([&] { return sys_wait4(pid, &word, options, usage ? &raw : nullptr); });
    if (r.ok() && r.value()) {
        if (status) status->raw = word;
        if (usage) *usage = usage_of(raw);
    }
    return r;
}

i32 getpid() { return static_cast<i32>(sys_getpid().raw); }
i32 getppid() { return static_cast<i32>(sys_getppid().raw); }
i32 getuid() { return static_cast<i32>(sys_getuid().raw); }
i32 geteuid() { return static_cast<i32>(sys_geteuid().raw); }
i32 getgid() { return static_cast<i32>(sys_getgid().raw); }
i32 getegid() { return static_cast<i32>(sys_getegid().raw); }
Result getpgid(i32 pid) { return sys_getpgid(pid); }
Result setpgid(i32 pid, i32 group) { return sys_setpgid(pid, group); }
Result getsid(i32 pid) { return sys_getsid(pid); }
Result setsid() { return sys_setsid(); }

}  // namespace trapeze
