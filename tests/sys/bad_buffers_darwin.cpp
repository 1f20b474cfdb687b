// SPDX-License-Identifier: BSD-3-Clause
// Writes whose memory ends in the midst of them: EFAULT, and nothing of them is left in a file, a pipe or a stream but whole pieces; a
// read that ends so has gone over whole pages only. Facts: xnu-3248.60.10 bsd/kern/sys_generic.c dofilewrite, sys_pipe.c pipe_write,
// uipc_socket.c sosend, bsd/hfs/hfs_readwrite.c hfs_vnop_write (IO_UNIT), osfmk/vm/bsd_vm.c memory_object_control_uiomove.
#include "sys/darwin/aio.h"
#include "sys/memory.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/net_tools.h"

namespace {

using tools::fd_of, tools::make_file, tools::Workplace;

constexpr u64 good_size = 40 * 4096;
u8* edge;          // behind good memory; nothing is here
u8 room[1 << 17];

i64 size_of(i32 fd) {
    FileInfo s{};
    (void)fstat(fd, &s);
    return s.size;
}
i64 place(i32 fd) { return lseek(fd, 0, SEEK_CUR).raw; }

void files() {
    make_file("file", "0123456789");
    const i32 fd = fd_of(open("file", O_RDWR));
    const auto as_before = [&](const char* sentence) {
        ok(size_of(fd) == 10 && place(fd) == 4 && pread(fd, room, 100, 0).raw == 10 && memcmp(room, "0123456789", 10) == 0, sentence);
    };
    (void)lseek(fd, 4, SEEK_SET);
    fails(write(fd, edge - 6000, 8000), xnu::EFAULT, "write");
    as_before("of which nothing is left");
    fails(pwrite(fd, edge - 6000, 8000, 2), xnu::EFAULT, "pwrite");
    as_before("nor of this");
    xnu::iovec v[3] = {{edge - 100, 100}, {edge - 6000, 6000}, {edge - 1, 2}};
    fails(syscall(121, fd, v, 3), xnu::EFAULT, "writev");
    as_before("nor of this");
    v[2] = {edge, 5};
    fails(syscall(541, fd, v, 3, 1), xnu::EFAULT, "pwritev");
    as_before("nor of this");
    xnu::aiocb c{};
    c.aio_fildes = fd, c.aio_buf = edge - 6000, c.aio_nbytes = 8000;
    ok(syscall(319, &c).ok() && syscall(317, &c).raw == xnu::EFAULT && syscall(314, &c).raw == -1, "aio_write, whose error it is");
    as_before("nor of this");
    fails(pwrite(fd, edge - 6000, 8000, -5), xnu::EINVAL, "a negative offset is said first");
    v[1] = {edge - 6000, 0x7fffffffffffffff};
    fails(syscall(121, fd, v, 3), xnu::EINVAL, "and lengths that are too long in all");
    ok(write(fd, edge - 6000, 6000).raw == 6000 && size_of(fd) == 6004, "up to the edge all is well");
    fails(pwrite(fd, edge - 5000, 5001, 0), xnu::EFAULT, "over bytes that were there");
    ok(pread(fd, room, 4, 0).raw == 4 && memcmp(room, "0123", 4) == 0 && size_of(fd) == 6004, "which are still there");
    (void)close(fd);
    const i32 end = fd_of(open("file", O_WRONLY | O_APPEND)), in = fd_of(open("file", O_RDONLY));
    fails(write(end, edge - 6000, 8000), xnu::EFAULT, "at the end");
    ok(size_of(end) == 6004, "where nothing is added");
    fails(write(in, edge - 6000, 8000), xnu::EBADF, "a file that was opened for reading");
    fails(read(in, edge - 5000, 6000), xnu::EFAULT, "a read");
    ok(place(in) == 4096, "goes over the page that it could read whole");
    (void)lseek(in, 10, SEEK_SET);
    xnu::iovec w[3] = {{edge - 50, 50}, {edge - 30, 30}, {edge - 20, 40}};
    fails(syscall(120, in, w, 3), xnu::EFAULT, "a read into vectors");
    ok(place(in) == 90, "over those before the bad one");
    ok(pread(in, edge - 2004, 6000, 4000).raw == 2004, "where the file ends first, no bad memory is met");
    const i32 null = fd_of(open("/dev/null", O_WRONLY));
    ok(write(null, edge - 6000, 8000).raw == 8000, "/dev/null looks at nothing");
    for (const i32 f : {end, in, null}) (void)close(f);
}

i64 waiting(i32 fd) {
    i32 n = -1;
    (void)syscall(54, fd, 0x4004667f, &n);  // FIONREAD
    return n;
}

void pipes() {
    i32 p[2];
    (void)pipe(p);
    fails(write(p[1], edge - 6000, 8000), xnu::EFAULT, "to a pipe");
    ok(waiting(p[0]) == 0, "which has got nothing");
    xnu::iovec v[2] = {{edge - 10, 10}, {edge - 1, 2}};
    fails(syscall(121, p[1], v, 2), xnu::EFAULT, "writev");
    ok(waiting(p[0]) == 0, "nor of this");
    ok(write(p[1], edge - 5000, 5000).raw == 5000 && read(p[0], room, 8000).raw == 5000, "up to the edge all is well");
    fails(pwrite(p[1], edge - 6000, 8000, 0), xnu::ESPIPE, "a pipe has no places");
    fails(write(p[0], edge - 6000, 8000), xnu::EBADF, "the wrong end");
    (void)sys_fcntl(p[1], 4, xnu::O_NONBLOCK);
    ok(write(p[1], edge - 70000, 80000).raw == 65536 && waiting(p[0]) == 65536, "of more than it holds, what it holds");
    (void)close(p[0]);
    fails(write(p[1], edge - 6000, 8000), xnu::EPIPE, "nobody reads");
    (void)close(p[1]);
}

void streams() {
    i32 u[2] = {-1, -1}, t[2], d[2];
    (void)sys_socketpair(AF_UNIX, SOCK_STREAM, 0, u);
    if (!tcp_pair(t)) return;
    const auto each = [&](i32 from, i32 to, const char* name) {
        xnu::iovec v[2] = {{edge - 10, 10}, {edge - 1, 2}};
        xnu::msghdr h{nullptr, 0, v, 2, nullptr, 0, 0};
        ok(write(from, edge - 6000, 8000).err() == xnu::EFAULT && syscall(133, from, edge - 6000, 8000, 0, 0, 0).err() == xnu::EFAULT &&
           syscall(121, from, v, 2).err() == xnu::EFAULT && syscall(28, from, &h, 0).err() == xnu::EFAULT, name);
        ok(syscall(29, to, room, 8000, MSG_DONTWAIT, 0, 0).err() == xnu::EAGAIN, "nothing has come of it");
    };
    each(u[0], u[1], "a stream of this machine: write, sendto, writev, sendmsg");
    each(t[0], t[1], "of the internet");
    fails(write(u[0], edge - 9000, 9001), xnu::EFAULT, "of two pieces the second is bad");
    ok(syscall(29, u[1], room, 20000, MSG_DONTWAIT, 0, 0).raw == 8192, "the first has come");
    (void)sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, d);
    fails(write(d[0], edge - 1000, 2000), xnu::EFAULT, "a datagram");
    fails(syscall(29, d[1], room, 8000, MSG_DONTWAIT, 0, 0), xnu::EAGAIN, "is not sent");
    (void)close(u[1]);
    fails(syscall(133, u[0], edge - 6000, 8000, 0, 0, 0), xnu::EPIPE, "nobody is there");
    fails(write(fd_of(socket(AF_INET, SOCK_STREAM)), edge - 6000, 8000), xnu::ENOTCONN, "nor ever was");
    for (const i32 f : {u[0], t[0], t[1], d[0], d[1]}) (void)close(f);
}

}  // namespace

int main() {
    Workplace here;
    void* base = nullptr;
    if (const Result r = mmap(nullptr, good_size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0); r.ok()) base = reinterpret_cast<void*>(r.raw);
    edge = static_cast<u8*>(base) + good_size;
    (void)mprotect(edge, 4096, PROT_NONE);
    (void)signal_ignore(xnu::SIGPIPE);
    files();
    pipes();
    streams();
    return done();
}
