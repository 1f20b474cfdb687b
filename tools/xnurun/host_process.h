// SPDX-License-Identifier: BSD-3-Clause
// What the host's /proc tells of a process. The name is the guest program's for processes of xnurun, which calls itself so.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct HostProcess {
    i32 pid, ppid, group, session, terminal_group;
    u32 terminal;  // Darwin's dev_t, or all ones
    char state;    // the host's letter
    char name[17];
    u32 uid[3], gid[3];  // real, effective, saved
    u32 group_count, groups[16];
    i64 start_us;        // since 1970
    i32 nice;
    u32 threads;
    u64 user_ns, system_ns, mapped, resident;

    bool stopped() const { return state == 'T' || state == 't'; }
    bool zombie() const { return state == 'Z' || state == 'X'; }
};

bool host_process(i32 pid, HostProcess&);  // false: there is none, or no /proc

// Every process that /proc shows, in the order of its numbers; f(pid) false ends it.
class HostProcesses {
public:
    HostProcesses();
    ~HostProcesses();
    HostProcesses(const HostProcesses&) = delete;
    i32 next();  // 0: no more

private:
    i64 fd_, filled_ = 0, at_ = 0;
    alignas(8) u8 buffer_[2048];
};

}  // namespace trapeze
#pragma GCC visibility pop
