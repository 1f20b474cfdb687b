// SPDX-License-Identifier: BSD-3-Clause
// proc_info of descriptors: files, pipes and kqueues, each refusal; umask beyond 0777; a pseudo-terminal has no modem. Facts:
// xnu-3248.60.10 bsd/kern/proc_info.c proc_pidfdinfo, bsd/vfs/vfs_syscalls.c umask1, open1, bsd/sys/ttycom.h.
#include "sys/darwin/event.h"
#include "sys/darwin/file_calls.h"
#include "tests/sys/fs_tools.h"

namespace {

using namespace tools;

struct File {  // struct proc_fileinfo
    u32 flags, status;
    i64 offset;
    i32 type;
    u32 guards;
};
struct Info {
    File file;
    u32 device;  // struct vinfo_stat
    u16 mode, links;
    u64 inode;
    u32 uid, gid;
    i64 times[8], size, blocks;
    i32 block_size;
    u32 flags, generation, rdev;
    i64 spare[2];
    union {
        struct {
            i32 type, pad, fsid[2];
            char path[1024];
        };
        struct {
            u64 handle, peer;
        };
        u32 state;
    };
};
static_assert(sizeof(Info) == 1200);
enum : u32 { vnode = 1, vnode_path = 2, socket_info = 3, semaphore = 4, memory_info = 5, pipe_info = 6, kqueue_info = 7, atalk = 8 };

Info info;

Result ask(u32 flavor, i32 fd, u32 size = sizeof info, void* to = &info, i32 pid = getpid()) {
    memset(&info, 0, sizeof info);
    return syscall(336, 3, pid, flavor, fd, to, size);
}

void files() {
    make_file("file", "0123456789");
    const i32 fd = fd_of(open("file", O_RDWR | O_APPEND | O_CLOEXEC)), folder = fd_of(open(".", O_RDONLY | O_DIRECTORY));
    (void)lseek(fd, 3, SEEK_SET);
    FileInfo s{};
    (void)fstat(fd, &s);
    ok(ask(vnode, fd).raw == 176, "PROC_PIDFDVNODEINFO has 176 bytes");
    ok(info.file.flags == (3 | xnu::O_APPEND) && info.file.status == 2 && info.file.offset == 3 && info.file.type == 1, "flags, close-on-exec, offset, DTYPE_VNODE");
    ok(info.size == 10 && info.inode == s.ino && info.type == 1 && info.links == 1 && (info.mode & xnu::S_IFMT) == xnu::S_IFREG &&
       info.times[2] == s.mtime / 1'000'000'000 && info.times[3] == s.mtime % 1'000'000'000, "and what stat says");
    char path[1024];
    ok(ask(vnode_path, folder).raw == 1200 && info.type == 2 && info.file.flags == 1 && getcwd(path, sizeof path).ok() && str_eq(info.path, path), "PROC_PIDFDVNODEPATHINFO, of a folder");
    fails(ask(vnode, fd, 175), xnu::ENOMEM, "too little room");
    fails(ask(vnode, fd, sizeof info, bad_pointer()), xnu::EFAULT, "nowhere");
    fails(ask(vnode, 200), xnu::EBADF, "no such descriptor");
    fails(ask(vnode, fd, sizeof info, &info, 999999), xnu::ESRCH, "no such process");
    fails(ask(0, fd), xnu::EINVAL, "flavor 0");
    fails(ask(10, fd), xnu::EINVAL, "an unknown one");
    fails(ask(pipe_info, fd), xnu::EBADF, "a file is no pipe");
    fails(ask(kqueue_info, fd), xnu::EBADF, "no kqueue");
    fails(ask(socket_info, fd), xnu::EOPNOTSUPP, "no socket");
    fails(ask(semaphore, fd), xnu::EBADF, "no semaphore");
    fails(ask(memory_info, fd), xnu::EBADF, "nor shared memory");
    for (const i32 f : {fd, folder}) (void)close(f);
}

void others() {
    i32 p[2];
    (void)pipe(p);
    (void)write(p[1], "abc", 3);
    ok(ask(pipe_info, p[0]).raw == 184 && info.file.type == 6 && info.file.flags == 1 && info.size == 3, "PROC_PIDFDPIPEINFO: what waits in it");
    const u64 reader = info.handle, writer = info.peer;
    ok(ask(pipe_info, p[1]).raw == 184 && info.file.flags == 2 && info.handle == writer && info.peer == reader && reader != writer, "either end knows the other");
    fails(ask(vnode, p[0]), xnu::ENOTSUP, "a pipe is no vnode");
    fails(ask(pipe_info, p[0], 183), xnu::ENOMEM, "too little room");
    const i32 kq = fd_of(syscall(362));
    ok(ask(kqueue_info, kq).raw == 168 && info.file.type == 5 && info.size == 0, "PROC_PIDFDKQUEUEINFO: nothing queued");
    const xnu::kevent k{static_cast<u64>(p[0]), -1, 1, 0, 0, 0};
    const xnu::timespec zero{};
    ok(syscall(363, kq, &k, 1, 0, 0, &zero).ok() && ask(kqueue_info, kq).raw == 168 && info.size == 1 && info.state == 8, "one event, of kevent's kind");
    fails(ask(vnode, kq), xnu::ENOTSUP, "a kqueue is no vnode");
    for (const i32 f : {p[0], p[1], kq}) (void)close(f);
}

u32 mode_of(const char* path) {
    FileInfo s{};
    return stat(path, &s).ok() ? s.mode & 07777 : 0xffff;
}

void masks() {
    ok(syscall(60, 07022).raw == 022 && syscall(60, 04022).raw == 07022 && syscall(60, 04022).raw == 04022, "umask keeps twelve bits");
    (void)close(fd_of(sys_open("masked", O_WRONLY | O_CREAT, 07777)));
    ok(mode_of("masked") == 02755, "of which a file's creation is kept, and it is never sticky");
    (void)syscall(60, 022);
    (void)close(fd_of(sys_open("open", O_WRONLY | O_CREAT, 05777)));
    ok(mode_of("open") == 04755, "else set-user-id is left, sticky is not");
    (void)syscall(60, 0xfffff000u | 012);
    ok(syscall(60, 022).raw == 012, "what lies beyond is no mask");
}

void lines() {
    const Result master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (master.failed()) return skip("no /dev/ptmx", "lines of a modem");
    const i32 fd = fd_of(master);
    i32 bits = 2;
    fails(syscall(54, fd, 0x4004746a, &bits), xnu::ENOTTY, "TIOCMGET of a pseudo-terminal");
    fails(syscall(54, fd, 0x8004746d, &bits), xnu::ENOTTY, "TIOCMSET");
    fails(syscall(54, fd, 0x20007479, 0), xnu::ENOTTY, "TIOCSDTR");
    (void)close(fd);
}

}  // namespace

int main() {
    Workplace here;
    files();
    others();
    masks();
    lines();
    return done();
}
