// SPDX-License-Identifier: BSD-3-Clause
// proc_info: bsd/kern/proc_info.c and bsd/sys/proc_info.h of xnu-3248.60.10, over the host's /proc; gethostuuid.
//
// Answered are lists of processes and of descriptors, who a process is, what its task uses, its program's path and its directory. The
// rest of what PROC_INFO_CALL_* ask for, this host has no truth about: EINVAL, as from a release that does not know the call.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/fd_info.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/host_process.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/process.h"

namespace trapeze {
namespace {

enum : i32 { list_pids = 1, pid_info = 2, of_descriptor = 3, kernel_messages = 4, set_control = 5 };
enum : u32 { all_pids = 1, by_group = 2, by_terminal = 3, by_uid = 4, by_ruid = 5, by_parent = 6 };
enum : u32 { list_fds = 1, task_all_info = 2, bsd_info = 3, task_info = 4, thread_info = 5, vnode_paths = 9, path_info = 11, short_info = 13,
             last_flavor = 23 };
enum : u32 { lp64 = 0x10, leader = 0x20, has_terminal = 0xc0, exec_called = 0x4000 };
constexpr u32 path_size = 1024;

struct BsdInfo {  // struct proc_bsdinfo
    u32 flags, status, xstatus, pid, ppid, uid, gid, ruid, rgid, svuid, svgid, reserved;
    char comm[16], name[32];
    u32 nfiles, pgid, jobc, tdev, tpgid;
    i32 nice;
    u64 start_sec, start_usec;
};
struct ShortInfo {  // struct proc_bsdshortinfo
    u32 pid, ppid, pgid, status;
    char comm[16];
    u32 flags, uid, gid, ruid, rgid, svuid, svgid, reserved;
};
struct TaskInfo {  // struct proc_taskinfo
    u64 virtual_size, resident_size, user, system, threads_user, threads_system;
    i32 policy, faults, pageins, cow_faults, sent, received, mach_calls, unix_calls, switches, threads, running, priority;
};
struct VnodePath {  // struct vnode_info_path
    u32 device;
    u16 mode, links;
    u64 inode;
    u32 uid, gid;
    i64 times[8], size, blocks;
    u32 block_size, flags, generation, rdev;
    i64 spare[2];
    i32 type, pad, fsid[2];
    char path[path_size];
};
static_assert(sizeof(BsdInfo) == 136 && sizeof(ShortInfo) == 64 && sizeof(TaskInfo) == 96 && sizeof(VnodePath) == 1176);

// "/proc/PID/what" and, where there is one, "/fd".
class ProcPath {
public:
    ProcPath(i32 pid, const char* what, i32 fd = -1) {
        add("/proc/"), add(static_cast<u32>(pid)), add("/"), add(what);
        if (fd >= 0) add("/"), add(static_cast<u32>(fd));
        text_[n_] = 0;
    }
    const char* text() const { return text_; }

private:
    void add(const char* s) { while (*s) text_[n_++] = *s++; }
    void add(u32 v) {
        char digits[12];
        u32 d = 0;
        do digits[d++] = static_cast<char>('0' + v % 10);
        while (v /= 10);
        while (d) text_[n_++] = digits[--d];
    }
    char text_[64];
    u32 n_ = 0;
};

u32 status_of(const HostProcess& p) { return p.zombie() ? 5 : p.stopped() ? 4 : 2; }  // SZOMB, SSTOP, SRUN

// f(fd, type) for each of the guest's descriptors; PROX_FDTYPE_*.
template <class F>
u32 each_fd(i32 pid, F f) {
    const bool own = pid == own_pid();
    const i64 folder = host(lnx::SYS_open, ProcPath(pid, "fd").text(), lnx::O_RDONLY | lnx::O_DIRECTORY | lnx::O_CLOEXEC, 0);
    if (host_failed(folder)) return 0;
    alignas(8) u8 buffer[1024];
    u32 count = 0;
    for (;;) {
        const i64 filled = host(lnx::SYS_getdents64, folder, buffer, sizeof buffer);
        if (filled <= 0) break;
        for (i64 at = 0; at < filled; at += buffer[at + 16] | buffer[at + 17] << 8) {
            const char* name = reinterpret_cast<const char*>(buffer + at + 19);
            if (*name < '0' || *name > '9') continue;
            i32 fd = 0;
            for (; *name >= '0' && *name <= '9'; name++) fd = fd * 10 + (*name - '0');
            if (fd == folder || hidden(fd)) continue;
            char target[24] = {};
            host(lnx::SYS_readlink, ProcPath(pid, "fd", fd).text(), target, sizeof target - 1);
            const u32 type = own && is_kqueue(fd)                        ? 5
                             : memcmp(target, "socket:", 7) == 0         ? 2
                             : memcmp(target, "pipe:", 5) == 0           ? 6
                                                                         : 1;
            count++;
            f(fd, type);
        }
    }
    host(lnx::SYS_close, folder);
    return count;
}

void fill(BsdInfo& b, const HostProcess& p) {
    b = {};
    b.flags = lp64 | exec_called;
    if (p.session == p.pid) b.flags |= leader;
    if (p.terminal != ~0u) b.flags |= has_terminal;
    b.status = status_of(p);
    b.pid = static_cast<u32>(p.pid), b.ppid = static_cast<u32>(p.ppid), b.pgid = static_cast<u32>(p.group);
    b.uid = p.uid[1], b.ruid = p.uid[0], b.svuid = p.uid[2], b.gid = p.gid[1], b.rgid = p.gid[0], b.svgid = p.gid[2];
    memcpy(b.comm, p.name, 15);
    b.nfiles = p.zombie() ? 0 : each_fd(p.pid, [](i32, u32) {});
    b.tdev = p.terminal;
    b.tpgid = p.terminal != ~0u ? static_cast<u32>(p.terminal_group) : 0;
    b.nice = p.nice;
    b.start_sec = static_cast<u64>(p.start_us / 1000000), b.start_usec = static_cast<u64>(p.start_us % 1000000);
}
void fill(TaskInfo& t, const HostProcess& p) {
    t = {};
    t.virtual_size = p.mapped, t.resident_size = p.resident;
    t.user = p.user_ns, t.system = p.system_ns;
    t.policy = 1;  // POLICY_TIMESHARE
    t.threads = static_cast<i32>(p.threads);
    t.running = p.state == 'R';
    t.priority = 31;
}

template <class T>
Answer give(const T& value, u64 to) { return copyout(value, to) ? ok(sizeof value) : fail(xnu::EFAULT); }

Answer processes(u32 kind, u32 wanted, u64 to, u32 size) {
    HostProcesses list;
    u64 count = 0;
    if (!to) {
        while (list.next()) count++;
        return ok(static_cast<i64>((count + 20) * 4));
    }
    if (size < 4) return fail(xnu::ENOMEM);
    HostProcess p;
    while (const i32 pid = count < size / 4 ? list.next() : 0) {
        if (!host_process(pid, p)) continue;
        const bool chosen = kind == all_pids      ? true
                            : kind == by_group    ? static_cast<u32>(p.group) == wanted
                            : kind == by_terminal ? p.terminal != ~0u && p.terminal == wanted
                            : kind == by_uid      ? p.uid[1] == wanted
                            : kind == by_ruid     ? p.uid[0] == wanted
                                                  : kind == by_parent && static_cast<u32>(p.ppid) == wanted;
        if (!chosen) continue;
        if (!copyout(pid, to + count * 4)) return fail(xnu::EFAULT);
        count++;
    }
    return ok(static_cast<i64>(count * 4));
}

Answer descriptors(i32 pid, u64 to, u32 size) {
    struct {
        i32 fd;
        u32 type;
    } one;
    u64 count = 0;
    bool bad = false;
    const u32 all = each_fd(pid, [&](i32 fd, u32 type) {
        one = {fd, type};
        if (!to || (count + 1) * sizeof one > size || bad) return;
        bad = !copyout(one, to + count * sizeof one);
        count++;
    });
    if (!to) return ok(static_cast<i64>((all + 20) * sizeof one));
    return bad ? fail(xnu::EFAULT) : ok(static_cast<i64>(count * sizeof one));
}

// The first file in a process's memory that can be executed and is not the emulator: a guest's program, whose text is mapped from
// where it lies. Its lines in /proc may be of any length; path has path_size bytes.
bool guest_program(i32 pid, const char* emulator, char* path) {
    const i64 fd = host(lnx::SYS_open, ProcPath(pid, "maps").text(), lnx::O_RDONLY | lnx::O_CLOEXEC, 0);
    if (host_failed(fd)) return false;
    char text[2048], field[32];
    u32 column = 0, in_field = 0, in_path = 0;  // of the line: fields before this one, characters of this one and of the path
    bool executable = false, found = false;
    for (i64 n; !found && (n = host(lnx::SYS_read, fd, text, sizeof text)) > 0;) {
        for (i64 at = 0; at < n && !found; at++) {
            const char c = text[at];
            if (c == '\n') {
                path[in_path] = 0;
                found = executable && *path == '/' && !str_eq(path, emulator);
                column = in_field = in_path = 0;
                executable = false;
            } else if (in_path || c == '/') {
                if (in_path < path_size - 1) path[in_path++] = c;
            } else if (c == ' ') {
                if (in_field && column++ == 1) executable = field[2] == 'x';
                in_field = 0;
            } else if (in_field < sizeof field) {
                field[in_field++] = c;
            }
        }
    }
    host(lnx::SYS_close, fd);
    return found;
}

// No byte count: the path alone says where it ends.
Answer program_path(i32 pid, u64 to, u32 size) {
    char path[path_size + 1] = {}, own[path_size + 1] = {};
    host(lnx::SYS_readlink, "/proc/self/exe", own, path_size);
    if (host_failed(host(lnx::SYS_readlink, ProcPath(pid, "exe").text(), path, path_size))) return fail(xnu::EPERM);
    if (str_eq(own, path) && !guest_program(pid, own, path)) return fail(xnu::EPERM);
    const u64 n = str_len(path) + 1;
    if (n > size) return fail(xnu::ENOSPC);
    return copyout(path, to, n) ? ok(0) : fail(xnu::EFAULT);
}

Answer directory(i32 pid, u64 to) {
    VnodePath v{};
    lnx::stat s{};
    const ProcPath link(pid, "cwd");
    if (host_failed(host(lnx::SYS_stat, link.text(), &s)) || host_failed(host(lnx::SYS_readlink, link.text(), v.path, path_size - 1)))
        return fail(xnu::EPERM);
    const u64 d = s.st_dev;
    v.device = static_cast<u32>((d >> 8 & 0xfff) << 24 | (d & 0xff) | (d >> 12 & 0xfff00));
    v.mode = static_cast<u16>(s.st_mode), v.links = static_cast<u16>(s.st_nlink);
    v.inode = s.st_ino;
    v.uid = s.st_uid, v.gid = s.st_gid;
    v.size = s.st_size, v.blocks = s.st_blocks;
    v.block_size = static_cast<u32>(s.st_blksize);
    v.type = 2;  // VDIR
    v.fsid[0] = static_cast<i32>(v.device);
    if (!copyout(v, to)) return fail(xnu::EFAULT);
    v = {};  // the root is the system's: no directory of its own
    return copyout(v, to + sizeof v) ? ok(2 * sizeof v) : fail(xnu::EFAULT);
}

Answer about(i32 pid, u32 flavor, u64 arg, u64 to, u32 size) {
    u32 least;
    switch (flavor) {
    case list_fds: least = to ? 8 : 0; break;
    case bsd_info: least = sizeof(BsdInfo); break;
    case task_info: least = sizeof(TaskInfo); break;
    case task_all_info: least = sizeof(BsdInfo) + sizeof(TaskInfo); break;
    case vnode_paths: least = 2 * sizeof(VnodePath); break;
    case path_info: least = path_size; break;
    case short_info: least = sizeof(ShortInfo); break;
    default: return fail(flavor && flavor <= last_flavor ? xnu::ENOTSUP : xnu::EINVAL);
    }
    if (size < least) return fail(xnu::ENOMEM);
    if (flavor == path_info && size > 4 * path_size) return fail(xnu::EOVERFLOW);
    HostProcess p;
    if (!host_process(pid, p)) return fail(xnu::ESRCH);
    if (p.zombie() && !((flavor == bsd_info || flavor == short_info) && arg)) return fail(xnu::ESRCH);
    const u32 me = static_cast<u32>(host(lnx::SYS_geteuid));
    if (me && me != p.uid[1] && flavor != short_info && flavor != path_info) return fail(xnu::EPERM);
    switch (flavor) {
    case list_fds: return descriptors(pid, to, size);
    case bsd_info: {
        BsdInfo b;
        fill(b, p);
        return give(b, to);
    }
    case task_info: {
        TaskInfo t;
        fill(t, p);
        return give(t, to);
    }
    case task_all_info: {
        struct {
            BsdInfo b;
            TaskInfo t;
        } both;
        fill(both.b, p);
        fill(both.t, p);
        return give(both, to);
    }
    case vnode_paths: return directory(pid, to);
    case path_info: return program_path(pid, to, size);
    default: {
        BsdInfo b;
        fill(b, p);
        ShortInfo s{b.pid, b.ppid, b.pgid, b.status, {}, b.flags & ~(leader | 0x40u), b.uid, b.gid, b.ruid, b.rgid, b.svuid, b.svgid, 0};
        memcpy(s.comm, b.comm, sizeof s.comm);
        return give(s, to);
    }
    }
}

Answer control(i32 pid, u32 flavor, u64 from, u32 size) {
    constexpr u32 thread_name = 2, longest = 63;
    constexpr i32 pr_set_name = 15;
    if (pid != own_pid()) return fail(xnu::EINVAL);
    if (flavor != thread_name) return fail(xnu::ENOTSUP);
    if (size > longest) return fail(xnu::ENAMETOOLONG);
    char name[longest + 1] = {};
    if (!copyin(name, from, size)) return fail(xnu::EFAULT);
    // Of the first thread it would be the process's, which has its program's.
    if (host(lnx::SYS_gettid) != pid) host(lnx::SYS_prctl, pr_set_name, name);
    return ok();
}

Answer answer(i32 what, i32 pid, u32 flavor, u64 arg, u64 to, u32 size) {
    switch (what) {
    case list_pids: return processes(static_cast<u32>(pid), flavor, to, size);
    case pid_info: return about(pid, flavor, arg, to, size);
    case of_descriptor: return fd_info(pid, flavor, static_cast<i32>(arg), to, size);
    case kernel_messages: return fail(xnu::EPERM);
    case set_control: return control(pid, flavor, to, size);
    default: return fail(xnu::EINVAL);
    }
}

}  // namespace

Answer bsd_proc_info(Trap& trap) { return answer(trap.i(0), trap.i(1), trap.u(2), trap.w(3), trap.w(4), trap.u(5)); }

// With flags it is for one incarnation of the process, by a number that no call here has told: it is never that one.
Answer bsd_proc_info_extended_id(Trap& trap) {
    if (trap.u(3)) return fail(xnu::ESRCH);
    return answer(trap.i(0), trap.i(1), trap.u(2), trap.w(5), trap.w(6), trap.u(7));
}

// The host's machine-id has as many bits as a UUID. A host without one is a machine whose IOKit has not said yet: EWOULDBLOCK.
Answer bsd_gethostuuid(Trap& trap) {
    u8 timeout[16], uuid[16] = {};
    char id[32] = {};
    if (!copyin(timeout, trap.w(1), sizeof timeout)) return fail(xnu::EFAULT);
    const i64 fd = host(lnx::SYS_open, "/etc/machine-id", lnx::O_RDONLY | lnx::O_CLOEXEC, 0);
    if (host_failed(fd)) return fail(xnu::EWOULDBLOCK);
    const i64 n = host(lnx::SYS_read, fd, id, sizeof id);
    host(lnx::SYS_close, fd);
    if (n != sizeof id) return fail(xnu::EWOULDBLOCK);
    for (u32 i = 0; i < sizeof id; i++) {
        const u8 digit = static_cast<u8>(id[i] <= '9' ? id[i] - '0' : (id[i] | 0x20) - 'a' + 10);
        uuid[i / 2] = static_cast<u8>(uuid[i / 2] << 4 | (digit & 15));
    }
    return copyout(uuid, trap.w(0)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace trapeze
