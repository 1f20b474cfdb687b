// SPDX-License-Identifier: BSD-3-Clause
// Guarded descriptors, descriptors that no child gets, and fileports (xnu-3248.60.10 bsd/kern/kern_guarded.c, kern_descrip.c). What
// violates a guard ends the process by SIGKILL, so it is done in children; one of them hears the exception before.
#include "sys/darwin/net.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/fs.h"
#include "sys/net.h"
#include "sys/thread.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/mach_tap.h"

namespace {

constexpr u32 guard_close = 1, guard_dup = 2, guard_write = 0x10, all = 0x1f;
constexpr i32 o_clofork = 0x8000000, F_SETCONFINED = 95, F_GETCONFINED = 96;
constexpr u64 guard = 0x1122334455667788, other = 7, zero = 0;

i32 guarded(const char* path, u32 attributes, i32 flags = O_RDWR) {
    return fd_of(sys_guarded_open_np(path, &guard, attributes, flags | xnu::O_CLOEXEC, 0));
}

// What a child that does f ends by: a signal's number, or 1000 + its status.
template <class F>
i32 end_of(F f) {
    const i32 pid = start_child(f);
    WaitStatus status;
    if (pid <= 0 || wait(pid, &status).failed()) return -1;
    return status.signalled() ? status.signal() : 1000 + status.code();
}

void opened() {
    make_file("file", "12345");
    const i32 rw = O_RDWR | xnu::O_CLOEXEC;
    fails(sys_guarded_open_np("file", &guard, guard_dup, O_RDWR, 0), xnu::EINVAL, "guarded_open_np without O_CLOEXEC: EINVAL");
    fails(sys_guarded_open_np("file", &guard, guard_close, rw, 0), xnu::EINVAL, "without GUARD_DUP: EINVAL");
    fails(sys_guarded_open_np("file", &guard, guard_dup | 0x20, rw, 0), xnu::EINVAL, "with what is no guard: EINVAL");
    fails(sys_guarded_open_np("file", reinterpret_cast<u64*>(bad_pointer()), guard_dup, rw, 0), xnu::EFAULT, "a guard from nowhere: EFAULT");
    fails(sys_guarded_open_np("file", &zero, guard_dup, rw, 0), xnu::EINVAL, "a guard of 0: EINVAL");
    fails(sys_guarded_open_np("missing", &guard, guard_dup, rw, 0), xnu::ENOENT, "no such file: ENOENT");
    const i32 fd = fd_of(sys_guarded_open_np("fresh", &guard, all & ~guard_write, rw | O_CREAT, 07666));
    FileInfo s{};
    ok(fd >= 0 && stat("fresh", &s).ok() && (s.mode & 07777) == 0644, "guarded_open_np makes a file, of permissions alone");
    ok(sys_fcntl(fd, xnu::F_GETFD, 0).raw == 1, "closed by execve");
    fails(sys_guarded_close_np(fd, &other), xnu::EPERM, "guarded_close_np by the wrong guard: EPERM, and the process lives");
    fails(sys_guarded_close_np(fd, reinterpret_cast<u64*>(bad_pointer())), xnu::EFAULT, "by one from nowhere: EFAULT");
    fails(sys_guarded_close_np(-1, &guard), xnu::EBADF, "of nothing: EBADF");
    const i32 plain = fd_of(open("file", O_RDWR));
    fails(sys_guarded_close_np(plain, &guard), xnu::EINVAL, "of what has no guard: EINVAL");
    ok(write(fd, "abc", 3).raw == 3, "what it does not forbid may be done");
    ok(end_of([&] { return sys_fcntl(fd, xnu::F_GETFD, 0).err() == xnu::EBADF && sys_fcntl(plain, xnu::F_GETFD, 0).ok(); }) == 1001,
       "GUARD_CLOSE: no child has it");
    ok(sys_guarded_close_np(fd, &guard), "by the right one it closes");
    const i32 again = fd_of(open("file", O_RDONLY));
    ok(again == fd && close(again).ok(), "and the number is nobody's again");
    (void)close(plain);
    fails(sys_guarded_open_dprotected_np("file", &guard, guard_dup, rw, 1, 1, 0), xnu::EINVAL, "raw bytes are not written: EINVAL");
    const i32 raw = fd_of(sys_guarded_open_dprotected_np("file", &guard, guard_dup, xnu::O_CLOEXEC, 1, 1, 0));
    ok(raw >= 0 && sys_guarded_close_np(raw, &guard).ok(), "guarded_open_dprotected_np");
    const i32 kq = fd_of(sys_guarded_kqueue_np(&guard, guard_dup | guard_close));
    ok(kq >= 0 && end_of([&] { return close(kq).ok() ? 0 : 1; }) == 1001, "guarded_kqueue_np; as every kqueue it is no child's");
    ok(sys_guarded_close_np(kq, &guard).ok(), "closed by its guard");
    fails(sys_guarded_kqueue_np(&guard, guard_close), xnu::EINVAL, "guarded_kqueue_np without GUARD_DUP: EINVAL");
}

void written() {
    const i32 fd = guarded("file", all), reader = guarded("file", all, O_RDONLY);
    ok(sys_guarded_write_np(fd, &guard, "abcdef", 6).raw == 6, "guarded_write_np");
    ok(sys_guarded_pwrite_np(fd, &guard, "X", 1, 2).raw == 1, "guarded_pwrite_np");
    const xnu::iovec two[2] = {{const_cast<char*>("gh"), 2}, {const_cast<char*>("i"), 1}};
    ok(sys_guarded_writev_np(fd, &guard, two, 2).raw == 3, "guarded_writev_np");
    char text[16] = {};
    ok(sys_pread(fd, text, 16, 0).raw == 9 && str_eq(text, "abXdefghi"), "wrote what they say");
    fails(sys_guarded_write_np(fd, &other, "a", 1), xnu::EPERM, "guarded_write_np by the wrong guard: EPERM");
    fails(sys_guarded_write_np(reader, &guard, "a", 1), xnu::EBADF, "to read only: EBADF");
    fails(write(reader, "a", 1), xnu::EBADF, "write too, whatever guards it");
    fails(sys_guarded_pwrite_np(fd, &guard, "a", 1, -1), xnu::EINVAL, "guarded_pwrite_np at -1: EINVAL");
    fails(sys_guarded_writev_np(fd, &guard, two, 0), xnu::EINVAL, "guarded_writev_np of nothing: EINVAL");
    fails(sys_guarded_writev_np(fd, &guard, two, 1025), xnu::EINVAL, "of too much: EINVAL");
    fails(sys_guarded_write_np(99, &guard, "a", 1), xnu::EBADF, "of nothing: EBADF");
    const i32 plain = fd_of(open("file", O_RDWR));
    fails(sys_guarded_write_np(plain, &guard, "a", 1), xnu::EINVAL, "guarded_write_np of what has no guard: EINVAL");
    for (const i32 n : {fd, reader}) (void)sys_guarded_close_np(n, &guard);
    (void)close(plain);
}

void violated() {
    const i32 plain = fd_of(open("file", O_RDWR));
    // No child gets what guarded_open_np opened: each opens its own.
    const auto end = [](auto f) {
        return end_of([&] {
            const i32 fd = guarded("file", all & ~guard_close);
            return fd < 0 ? 100 : static_cast<i32>(f(fd));
        });
    };
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    const xnu::iovec one{const_cast<char*>("x"), 1};
    ok(end([&](i32 fd) { return sys_dup(fd).ok(); }) == xnu::SIGKILL, "dup violates GUARD_DUP: SIGKILL");
    ok(end([&](i32 fd) { return sys_dup2(fd, 77).ok(); }) == xnu::SIGKILL, "dup2");
    ok(end([&](i32 fd) { return sys_fcntl(fd, xnu::F_DUPFD, 50).ok(); }) == xnu::SIGKILL, "F_DUPFD");
    ok(end([&](i32 fd) { return sys_fcntl(fd, xnu::F_DUPFD_CLOEXEC, 50).ok(); }) == xnu::SIGKILL, "F_DUPFD_CLOEXEC");
    ok(end([&](i32 fd) { return sys_fcntl(fd, xnu::F_SETFD, 0).ok(); }) == xnu::SIGKILL, "F_SETFD without FD_CLOEXEC");
    ok(end([&](i32 fd) { return sys_fcntl(fd, xnu::F_SETFD, 1).ok(); }) == 1001, "but not with it");
    ok(end([&](i32 fd) { return write(fd, "x", 1).ok(); }) == xnu::SIGKILL, "write violates GUARD_WRITE");
    ok(end([&](i32 fd) { return sys_pwrite(fd, "x", 1, 0).ok(); }) == xnu::SIGKILL, "pwrite");
    ok(end([&](i32 fd) { return sys_writev(fd, &one, 1).ok(); }) == xnu::SIGKILL, "writev");
    ok(end([&](i32 fd) { return sys_writev(fd, &one, 0).ok(); }) == 1000, "but not writev of nothing");
    u32 name;
    ok(end([&](i32 fd) { return sys_fileport_makeport(fd, &name).ok(); }) == xnu::SIGKILL, "fileport_makeport violates GUARD_FILEPORT");
    ok(end([&](i32 fd) {
           struct {
               xnu::cmsghdr head;
               i32 fd;
           } control{{sizeof control, xnu::SOL_SOCKET, xnu::SCM_RIGHTS}, fd};
           iovec part{const_cast<char*>("x"), 1};
           const xnu::msghdr m{nullptr, 0, &part, 1, &control, sizeof control, 0};
           return sys_sendmsg(pair[0], &m, 0).ok();
       }) == xnu::SIGKILL, "SCM_RIGHTS violates GUARD_SOCKET_IPC");
    ok(end_of([&] {
           const i32 mine = guarded("file", guard_dup | guard_close);
           return mine < 0 ? 2 : close(mine).ok();
       }) == xnu::SIGKILL, "close violates GUARD_CLOSE");
    ok(end_of([&] {
           const i32 mine = guarded("file", guard_dup | guard_close);
           return mine < 0 ? 2 : sys_dup2(plain, mine).ok();
       }) == xnu::SIGKILL, "as does dup2 onto it");
    ok(end([&](i32 fd) { return sys_dup2(plain, fd).ok() && dup(fd).ok(); }) == 1001, "which without GUARD_CLOSE takes its place and its guard away");
    for (const i32 n : {plain, pair[0], pair[1]}) (void)close(n);
}

// Who asks for EXC_GUARD hears of it before the end.
struct Message {
    xnu::mach_msg_header_t header;
    u8 rest[2000];
};
i32 told[2];
xnu::mach_port_t port_of_exceptions;

void listen_for_guard(void*) {
    static Message m;
    if (mach_msg(&m.header, xnu::MACH_RCV_MSG, 0, sizeof m, port_of_exceptions, 0) != xnu::KERN_SUCCESS) return;
    const u8* p = m.rest + 4 + 24 + 8;  // behavior EXCEPTION_DEFAULT with codes of 64 bits: two ports, NDR
    (void)write(told[1], p, 24);
    struct {
        xnu::mach_msg_header_t header;
        xnu::NDR_record_t ndr;
        xnu::kern_return_t code;
    } answer{{xnu::mach_msgh_bits(xnu::MACH_MSG_TYPE_MOVE_SEND_ONCE, 0), 36, m.header.remote_port, 0, 0, m.header.id + 100}, xnu::ndr_record, 0};
    (void)mach_msg(&answer.header, xnu::MACH_SEND_MSG, 36, 0, 0, 0);
}

void heard() {
    (void)pipe(told);
    const i32 fd = fd_of(open("file", O_RDWR));  // the number that the child's will have
    (void)close(fd);
    ok(end_of([&] {
           if (guarded("file", guard_dup | guard_write) != fd) return 4;
           port_of_exceptions = new_port();
           Result failed;
           if (!thread_create(listen_for_guard, nullptr, &failed)) return 2;
           const struct {
               u32 mask, behavior;
               i32 flavor;
           } w{1u << 12, 0x80000001, 0};
           if (rpc(mach_task_self(), xnu::MIG_task_set_exception_ports, port_part(port_of_exceptions, xnu::MACH_MSG_TYPE_COPY_SEND), w, none)) return 3;
           (void)write(fd, "x", 1);
           return 0;
       }) == xnu::SIGKILL, "who handles EXC_GUARD does not save the process");
    struct {
        u32 exception, count;
        u64 code[2];
    } said{};
    (void)close(told[1]);
    ok(read(told[0], &said, 24).raw == 24 && said.exception == 12 && said.count == 2, "but hears EXC_GUARD");
    ok(said.code[0] == (u64{2} << 61 | u64{0x40} << 32 | static_cast<u32>(fd)), "its code: GUARD_TYPE_FD, kGUARD_EXC_WRITE, the descriptor");
    ok(said.code[1] == guard, "its subcode: the guard");
    (void)close(told[0]);
}

void changed() {
    const i32 fd = fd_of(open("file", O_RDWR));
    i32 flags = 77;
    fails(sys_change_fdguard_np(fd, &guard, guard_dup, &other, guard_dup, &flags), xnu::EINVAL, "change_fdguard_np from a guard that is not there: EINVAL");
    ok(flags == 0, "the old flags are told even so");
    fails(sys_change_fdguard_np(fd, nullptr, 0, nullptr, 0, nullptr), xnu::EINVAL, "from nothing to nothing: EINVAL");
    fails(sys_change_fdguard_np(fd, nullptr, 0, &zero, guard_dup, nullptr), xnu::EINVAL, "to 0: EINVAL");
    fails(sys_change_fdguard_np(fd, nullptr, 0, &guard, guard_close, nullptr), xnu::EINVAL, "without GUARD_DUP: EINVAL");
    fails(sys_change_fdguard_np(-1, nullptr, 0, &guard, guard_dup, nullptr), xnu::EBADF, "of nothing: EBADF");
    fails(sys_change_fdguard_np(fd, reinterpret_cast<u64*>(bad_pointer()), guard_dup, &guard, guard_dup, nullptr), xnu::EFAULT, "from nowhere: EFAULT");
    fails(sys_change_fdguard_np(fd, nullptr, 0, reinterpret_cast<u64*>(bad_pointer()), guard_dup, nullptr), xnu::EFAULT, "to nowhere: EFAULT");
    fails(sys_change_fdguard_np(fd, nullptr, 0, &guard, guard_dup, reinterpret_cast<i32*>(bad_pointer())), xnu::EFAULT, "flags from nowhere: EFAULT");
    flags = 77;
    ok(sys_change_fdguard_np(fd, nullptr, 0, &guard, guard_dup | guard_close, &flags).ok() && flags == 0, "change_fdguard_np guards what was open");
    ok(sys_fcntl(fd, xnu::F_GETFD, 0).raw == 1 && end_of([&] { return close(fd).ok(); }) == 1000, "which execve closes then, and no child gets");
    fails(sys_change_fdguard_np(fd, nullptr, 0, &other, guard_dup, nullptr), xnu::EINVAL, "it cannot be guarded again as if it were not: EINVAL");
    fails(sys_change_fdguard_np(fd, &zero, guard_dup, &other, guard_dup, nullptr), xnu::EPERM, "nor from 0: EPERM");
    fails(sys_change_fdguard_np(fd, &other, guard_dup | guard_close, &other, guard_dup, nullptr), xnu::EPERM, "nor from the wrong guard: EPERM");
    fails(sys_change_fdguard_np(fd, &guard, guard_dup, &other, guard_dup, nullptr), xnu::EPERM, "nor with other prohibitions than it has: EPERM");
    flags = 0;
    ok(sys_change_fdguard_np(fd, &guard, guard_dup | guard_close, &other, guard_dup, &flags).ok() && flags == 3, "another guard; the old flags were FD_CLOEXEC, FD_CLOFORK");
    ok(end_of([&] { return sys_fcntl(fd, xnu::F_GETFD, 0).ok(); }) == 1001, "without GUARD_CLOSE it is the child's again");
    fails(sys_change_fdguard_np(fd, &other, guard_dup, nullptr, guard_dup, nullptr), xnu::EINVAL, "nothing can forbid nothing: EINVAL");
    flags = 2;
    ok(sys_change_fdguard_np(fd, &other, guard_dup, nullptr, 0, &flags).ok() && flags == 1, "the guard goes");
    ok(sys_fcntl(fd, xnu::F_GETFD, 0).raw == 0 && end_of([&] { return close(fd).ok(); }) == 1000, "and the flags are those that were given, FD_CLOFORK");
    ok(close(fd), "who closes it then is nobody's enemy");
}

void confined() {
    const i32 fd = fd_of(open("file", O_RDWR | o_clofork)), plain = fd_of(open("file", O_RDWR));
    ok(end_of([&] { return close(fd).ok() * 2 + close(plain).ok(); }) == 1001, "O_CLOFORK: no child has it");
    ok(sys_fcntl(fd, F_GETCONFINED, 0).raw == 0, "F_GETCONFINED: not yet");
    fails(sys_fcntl(plain, F_SETCONFINED, 1), xnu::EBADF, "F_SETCONFINED of what a child gets: EBADF");
    const i32 copy = fd_of(dup(fd));
    fails(sys_fcntl(fd, F_SETCONFINED, 1), xnu::EAGAIN, "of what has two numbers: EAGAIN");
    (void)close(copy);
    fails(sys_fcntl(fd, F_SETCONFINED, 0), xnu::EPERM, "there is no way back: EPERM");
    ok(sys_fcntl(fd, F_SETCONFINED, 1).ok() && sys_fcntl(fd, F_GETCONFINED, 0).raw == 1, "F_SETCONFINED");
    const i32 second = fd_of(dup(fd));
    ok(sys_fcntl(second, F_GETCONFINED, 0).raw == 1 && end_of([&] { return close(second).ok(); }) == 1000, "a copy is confined as well");
    u32 name;
    fails(sys_fileport_makeport(fd, &name), xnu::EINVAL, "it makes no fileport: EINVAL");
    for (const i32 n : {fd, plain, second}) (void)close(n);
}

void fileports() {
    const i32 fd = fd_of(open("file", O_RDWR | O_TRUNC));
    u32 name = 0;
    ok(sys_fileport_makeport(fd, &name).ok() && name, "fileport_makeport");
    ok(references(name, xnu::MACH_PORT_RIGHT_SEND) == 1, "is a send right");
    (void)write(fd, "abc", 3);
    (void)close(fd);
    const i32 back = fd_of(sys_fileport_makefd(name));
    ok(back >= 0 && sys_fcntl(back, xnu::F_GETFD, 0).raw == 1, "fileport_makefd: a descriptor that execve closes");
    ok(sys_lseek(back, 0, xnu::SEEK_CUR).raw == 3, "of the same open file: its offset is where it was left");
    ok(references(name, xnu::MACH_PORT_RIGHT_SEND) == 1, "the right is still there");
    // Sent to the task's own port and received again.
    const xnu::mach_port_t port = new_port();
    struct {
        xnu::mach_msg_header_t header;
        u32 count;
        xnu::mach_msg_port_descriptor_t right;
        u8 trailer[64];
    } m{};
    m.header = {0x80000000 | xnu::mach_msgh_bits(xnu::MACH_MSG_TYPE_COPY_SEND, 0), 40, port, 0, 0, 5};
    m.count = 1;
    m.right.name = name;
    m.right.disposition = xnu::MACH_MSG_TYPE_MOVE_SEND;
    succeeds(mach_msg(&m.header, xnu::MACH_SEND_MSG, 40, 0, 0, 0), "the right goes into a message");
    fails(sys_fileport_makefd(name), xnu::EINVAL, "its name is gone: EINVAL");
    succeeds(mach_msg(&m.header, xnu::MACH_RCV_MSG, 0, sizeof m, port, 0), "and comes back");
    const i32 third = fd_of(sys_fileport_makefd(m.right.name));
    char text[4] = {};
    ok(third >= 0 && sys_pread(third, text, 4, 0).raw == 3 && str_eq(text, "abc"), "what it names is the file");
    ok(end_of([&] { return sys_fileport_makefd(m.right.name).err() == xnu::EINVAL; }) == 1001, "a child has no such right: EINVAL");
    succeeds(mach_port_deallocate(mach_task_self(), m.right.name), "the last right is given up");
    fails(sys_fileport_makefd(m.right.name), xnu::EINVAL, "there is no file any more: EINVAL");
    fails(sys_fileport_makefd(port), xnu::EINVAL, "a port that is for no file: EINVAL");
    fails(sys_fileport_makefd(0), xnu::EINVAL, "nor is no port: EINVAL");
    fails(sys_fileport_makeport(-1, &name), xnu::EBADF, "fileport_makeport of nothing: EBADF");
    fails(sys_fileport_makeport(back, reinterpret_cast<u32*>(bad_pointer())), xnu::EFAULT, "to nowhere: EFAULT");
    const i32 kq = fd_of(sys_kqueue());
    fails(sys_fileport_makeport(kq, &name), xnu::EINVAL, "of a kqueue: EINVAL");
    i32 ends[2];
    (void)pipe(ends);
    ok(sys_fileport_makeport(ends[0], &name).ok(), "of a pipe's end");
    (void)close(ends[0]);
    ok(write(ends[1], "x", 1).raw == 1, "which is open as long as the right is there");
    (void)mach_port_deallocate(mach_task_self(), name);
    ok(end_of([&] {
           return sys_fcntl(ends[1], xnu::F_SETNOSIGPIPE, 1).ok() && write(ends[1], "x", 1).err() == xnu::EPIPE;
       }) == 1001, "and not longer");
    ok(end_of([&] {
           xnu::rlimit limit;
           u32 right = 0;
           if (sys_getrlimit(xnu::RLIMIT_NOFILE, &limit).failed()) return 2;
           limit.rlim_cur = 64;
           if (sys_setrlimit(xnu::RLIMIT_NOFILE, &limit).failed() || sys_fileport_makeport(back, &right).failed()) return 3;
           while (dup(back).ok()) {}
           return static_cast<int>(sys_fileport_makefd(right).err() == xnu::EMFILE);
       }) == 1001, "no descriptor is left: EMFILE");
    (void)mach_port_destroy(mach_task_self(), port);
    for (const i32 n : {back, third, kq, ends[1]}) (void)close(n);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    opened();
    written();
    violated();
    heard();
    changed();
    confined();
    fileports();
    return done();
}
