// SPDX-License-Identifier: BSD-3-Clause
// proc_info's PROC_INFO_CALL_PIDFDINFO (bsd/kern/proc_info.c proc_pidfdinfo): what one of this process's own descriptors is, of files,
// pipes and kqueues. Of sockets, and of another process's, ENOTSUP: their states are not the host's. Whether another number has the same open
// file (PROC_FP_SHARED) the host does not tell. A pipe's handles are the host's inode, one for either end.
#include "tools/xnurun/fd_info.h"

#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/host_process.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/process.h"

namespace trapeze {
namespace {

enum : u32 { vnode = 1, vnode_path = 2, socket = 3, semaphore = 4, memory = 5, pipe = 6, queue = 7, last_flavor = 9 };
constexpr u32 sizes[] = {0, 176, 1200, 792, 1184, 1192, 184, 168, 160, 0};

struct File {  // struct proc_fileinfo
    u32 flags, status;
    i64 offset;
    i32 type;
    u32 guards;
};
struct Stat {  // struct vinfo_stat
    u32 device;
    u16 mode, links;
    u64 inode;
    u32 uid, gid;
    i64 times[8], size, blocks;
    i32 block_size;
    u32 flags, generation, rdev;
    i64 spare[2];
};
struct Vnode {  // struct vnode_fdinfowithpath
    File file;
    Stat stat;
    i32 type, pad, fsid[2];
    char path[1024];
};
struct Pipe {  // struct pipe_fdinfo
    File file;
    Stat stat;
    u64 handle, peer;
    i32 status, spare;
};
struct Queue {  // struct kqueue_fdinfo
    File file;
    Stat stat;
    u32 state, spare;
};
static_assert(sizeof(Vnode) == 1200 && sizeof(Pipe) == 184 && sizeof(Queue) == 168);
constexpr i32 type_vnode = 1, type_queue = 5, type_pipe = 6;  // DTYPE_*

File file_of(i32 fd, i32 type) {
    enum : u32 { closes = 2, has_guard = 4, not_for_children = 8 };
    File f{};
    const i32 flags = open_flags_to_guest(static_cast<i32>(host(lnx::SYS_fcntl, fd, lnx::F_GETFL)));
    constexpr i32 kept = xnu::O_NONBLOCK | xnu::O_APPEND | xnu::O_ASYNC | xnu::O_SYNC | xnu::O_DSYNC | xnu::O_EVTONLY;  // FMASK
    f.flags = static_cast<u32>((flags & kept) | ((flags & xnu::O_ACCMODE) + 1));  // FREAD 1, FWRITE 2
    if (host(lnx::SYS_fcntl, fd, lnx::F_GETFD) & 1) f.status |= closes;
    if (close_on_fork(fd)) f.status |= not_for_children;
    if (const u32 guards = guard_of(fd)) f.status |= has_guard, f.guards = guards & 0xf;
    if (const i64 at = host(lnx::SYS_lseek, fd, 0, lnx::SEEK_CUR); at > 0) f.offset = at;
    f.type = type;
    return f;
}

u32 device_of(u64 d) { return static_cast<u32>((d >> 8 & 0xfff) << 24 | (d & 0xff) | (d >> 12 & 0xfff00)); }

Stat stat_of(const lnx::stat& s) {
    Stat t{};
    t.device = device_of(s.st_dev);
    t.mode = static_cast<u16>(s.st_mode), t.links = static_cast<u16>(s.st_nlink);
    t.inode = s.st_ino;
    t.uid = s.st_uid, t.gid = s.st_gid;
    const lnx::timespec times[] = {s.st_atim, s.st_mtim, s.st_ctim};
    for (u32 i = 0; i < 3; i++) t.times[2 * i] = times[i].tv_sec, t.times[2 * i + 1] = times[i].tv_nsec;
    t.size = s.st_size, t.blocks = s.st_blocks;
    t.block_size = static_cast<i32>(s.st_blksize);
    t.rdev = device_of(s.st_rdev);
    return t;
}

i32 vnode_type(u32 kind) {
    switch (kind) {
    case lnx::S_IFREG: return 1;
    case lnx::S_IFDIR: return 2;
    case lnx::S_IFBLK: return 3;
    case lnx::S_IFCHR: return 4;
    case lnx::S_IFLNK: return 5;
    case lnx::S_IFIFO: return 7;
    default: return 0;
    }
}

template <class T>
Answer give(const T& v, u64 to, u32 size = sizeof(T)) { return copyout(&v, to, size) ? ok(size) : fail(xnu::EFAULT); }

Answer of_queue(i32 fd, u64 to) {
    constexpr u32 legacy = 8, wide = 0x10;
    Queue q{};
    {
        Locked hold(kqueue_lock);
        Kqueue* kq = kqueue_of(fd);
        if (!kq) return fail(xnu::EBADF);
        q.stat.size = kq->queued;
        q.stat.block_size = kq->shape == 64 ? sizeof(xnu::kevent64_s) : sizeof(xnu::kevent);
        q.state = kq->shape == 64 ? wide : kq->shape == 32 ? legacy : 0;
    }
    q.stat.mode = lnx::S_IFIFO;
    q.file = file_of(fd, type_queue);
    q.file.flags = 3;
    return give(q, to);
}

}  // namespace

Answer fd_info(i32 pid, u32 flavor, i32 fd, u64 to, u32 size) {
    if (!flavor || flavor > last_flavor) return fail(xnu::EINVAL);
    if (size < sizes[flavor]) return fail(xnu::ENOMEM);
    if (pid != own_pid()) return fail(host_failed(host(lnx::SYS_kill, pid, 0)) && pid != own_pid() ? xnu::ESRCH : xnu::ENOTSUP);
    lnx::stat s{};
    if (hidden(fd) || host_failed(host(lnx::SYS_fstat, fd, &s))) return fail(xnu::EBADF);
    const bool of_kqueue = is_kqueue(fd), file = !of_kqueue && kind_of(fd) == FdKind::vnode;
    const u32 kind = s.st_mode & lnx::S_IFMT;
    switch (flavor) {
    case vnode: case vnode_path: {
        if (!file) return fail(xnu::ENOTSUP);  // fp_getfvpandvid
        Vnode v{};
        v.file = file_of(fd, type_vnode);
        v.stat = stat_of(s);
        v.type = vnode_type(kind);
        v.fsid[0] = static_cast<i32>(v.stat.device);
        if (flavor == vnode_path && !path_of_descriptor(fd, v.path)) path_to_guest(v.path, sizeof v.path);
        return give(v, to, sizes[flavor]);
    }
    case pipe: {
        if (file || of_kqueue || kind != lnx::S_IFIFO) return fail(xnu::EBADF);
        Pipe p{};
        p.file = file_of(fd, type_pipe);
        p.stat = stat_of(s);
        i32 waiting = 0;
        host(lnx::SYS_ioctl, fd, 0x541b, &waiting);  // FIONREAD
        p.stat.size = waiting;
        const u64 writes = p.file.flags >> 1 & 1;
        p.handle = s.st_ino * 2 + writes, p.peer = s.st_ino * 2 + 1 - writes;
        return give(p, to);
    }
    case queue: return of_kqueue ? of_queue(fd, to) : fail(xnu::EBADF);
    case socket: return fail(kind == lnx::S_IFSOCK ? xnu::ENOTSUP : xnu::EOPNOTSUPP);  // fp_getfsock
    case semaphore: case memory: return fail(xnu::EBADF);
    default: return fail(xnu::ENOTSUP);
    }
}

}  // namespace trapeze
