// SPDX-License-Identifier: BSD-3-Clause
// System V's and POSIX's ways between processes by Darwin's numbers and structures, and asynchronous I/O: bsd/kern/sysv_*.c, posix_*.c,
// kern_aio.c of xnu-11417.121.6. What a host does not give (no System V at all) is skipped.
#include "sys/darwin/aio.h"
#include "sys/darwin/ipc.h"
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr i32 creat = 0x200, excl = 0x400, nowait = 0x800, rmid = 0, stat_ = 2;

void semaphores() {
    const Result r = sys_semget(0, 3, creat | 0600);
    if (r.failed()) {
        skip("no System V semaphores", "semget");
        return;
    }
    const i32 id = static_cast<i32>(r.raw);
    xnu::semid_ds d{};
    ok(sys_semctl(id, 0, stat_, reinterpret_cast<u64>(&d)).ok() && d.sem_nsems == 3 && (d.sem_perm.mode & 0777) == 0600 && d.sem_otime == 0 && d.sem_ctime > 0,
       "IPC_STAT");
    ok(sys_semctl(id, 1, 8, 5).ok() && sys_semctl(id, 1, 5, 0).raw == 5, "SETVAL, GETVAL");
    u16 all[3] = {1, 2, 3}, got[3] = {};
    ok(sys_semctl(id, 0, 9, reinterpret_cast<u64>(all)).ok() && sys_semctl(id, 0, 6, reinterpret_cast<u64>(got)).ok() && got[2] == 3, "SETALL, GETALL");
    xnu::sembuf down{0, -1, 0}, more{0, -1, static_cast<i16>(nowait)}, up{2, 4, 0};
    ok(sys_semop(id, &down, 1).ok() && sys_semop(id, &up, 1).ok() && sys_semctl(id, 2, 5, 0).raw == 7, "semop");
    fails(sys_semop(id, &more, 1), xnu::EAGAIN, "IPC_NOWAIT");
    ok(sys_semctl(id, 2, 4, 0).raw == sys_getpid().raw && sys_semctl(id, 0, 3, 0).raw == 0 && sys_semctl(id, 0, 7, 0).raw == 0, "GETPID, GETNCNT, GETZCNT");
    fails(sys_semctl(id, 9, 5, 0), xnu::EINVAL, "no such semaphore");
    fails(sys_semctl(id, 0, 99, 0), xnu::EINVAL, "no such command");
    fails(sys_semctl(id, 0, stat_, 8), xnu::EFAULT, "to nowhere");
    fails(sys_semop(id, reinterpret_cast<xnu::sembuf*>(bad_pointer()), 1), xnu::EFAULT, "from nowhere");
    fails(sys_semop(id, &down, 6), xnu::E2BIG, "more at once than there may be");
    down.sem_num = 9;
    fails(sys_semop(id, &down, 1), xnu::EFBIG, "of no such semaphore");
    const i32 child = start_child([&] {
        xnu::sembuf wait{0, -1, 0};
        return sys_semop(id, &wait, 1).ok() ? 0 : 1;
    });
    xnu::sembuf post{0, 1, 0};
    ok(sys_semop(id, &post, 1).ok() && end_of_child(child) == 0, "between processes");
    ok(sys_semctl(id, 0, rmid, 0).ok() && sys_semctl(id, 0, 5, 0).err() == xnu::EINVAL, "IPC_RMID");
    fails(sys_semget(0x7e57'0001, 0, 0), xnu::ENOENT, "no such key");
    fails(sys_semsys(9, 0, 0, 0, 0), xnu::EINVAL, "semsys");
}

void messages() {
    const Result r = sys_msgget(0, creat | 0600);
    if (r.failed()) {
        skip("no System V messages", "msgget");
        return;
    }
    const i32 id = static_cast<i32>(r.raw);
    struct {
        i64 type;
        char text[16];
    } m{3, "hello"}, got{};
    xnu::msqid_ds d{};
    ok(sys_msgsnd(id, &m, 6, 0).ok() && sys_msgctl(id, stat_, &d).ok() && d.msg_qnum == 1 && d.msg_cbytes == 6 && d.msg_lspid == sys_getpid().raw, "msgsnd");
    fails(sys_msgrcv(id, &got, 16, 4, nowait), xnu::ENOMSG, "none of that type");
    fails(sys_msgrcv(id, &got, 2, 3, nowait), xnu::E2BIG, "too little room");
    ok(sys_msgrcv(id, &got, 2, 3, nowait | 0x1000).raw == 2 && got.type == 3 && got.text[0] == 'h', "MSG_NOERROR cuts");
    m.type = 0;
    fails(sys_msgsnd(id, &m, 6, 0), xnu::EINVAL, "a type is positive");
    fails(sys_msgsnd(id, bad_pointer(), 6, 0), xnu::EFAULT, "from nowhere");
    fails(sys_msgctl(id, 9, &d), xnu::EINVAL, "no such command");
    fails(sys_msgctl(id, stat_, reinterpret_cast<xnu::msqid_ds*>(bad_pointer())), xnu::EFAULT, "to nowhere");
    ok(sys_msgctl(id, rmid, nullptr).ok() && sys_msgsnd(id, &m, 6, 0).err() == xnu::EINVAL, "IPC_RMID");
}

void memory() {
    const Result r = sys_shmget(0, 8192, creat | 0600);
    if (r.failed()) {
        skip("no System V memory", "shmget");
        return;
    }
    const i32 id = static_cast<i32>(r.raw);
    const Result at = sys_shmat(id, nullptr, 0);
    ok(at.ok() && at.value() % 4096 == 0, "shmat");
    auto* words = reinterpret_cast<volatile i32*>(at.value());
    words[0] = 1;
    xnu::shmid_ds d{};
    ok(sys_shmctl(id, stat_, &d).ok() && d.shm_segsz == 8192 && d.shm_nattch == 1 && d.shm_cpid == sys_getpid().raw && (d.shm_perm.mode & 0777) == 0600, "IPC_STAT");
    ok(in_child([&] { words[0] = words[0] + 1; return 0; }) == 0 && words[0] == 2, "is shared with a child");
    const Result second = sys_shmat(id, nullptr, 0x1000);
    ok(second.ok() && *reinterpret_cast<volatile i32*>(second.value()) == 2 && sys_shmdt(reinterpret_cast<void*>(second.value())).ok(), "SHM_RDONLY, shmdt");
    fails(sys_shmat(id, reinterpret_cast<void*>(usize{0x12345}), 0), xnu::EINVAL, "not at a page");
    fails(sys_shmdt(reinterpret_cast<void*>(usize{0x12345000})), xnu::EINVAL, "shmdt of nothing");
    fails(sys_shmctl(id, stat_, reinterpret_cast<xnu::shmid_ds*>(bad_pointer())), xnu::EFAULT, "to nowhere");
    fails(sys_shmctl(id, 9, &d), xnu::EINVAL, "no such command");
    fails(sys_shmget(0, 0, creat | excl | 0600), xnu::EINVAL, "of no size");
    fails(sys_shmget(0x7e57'0002, 10, 0), xnu::ENOENT, "no such key");
    ok(sys_shmdt(reinterpret_cast<void*>(at.value())).ok() && sys_shmctl(id, rmid, nullptr).ok() && sys_shmat(id, nullptr, 0).err() == xnu::EINVAL, "IPC_RMID");
}

char name[32];
const char* fresh(char kind) {  // a name that no other run has
    u32 n = static_cast<u32>(sys_getpid().raw);
    memcpy(name, "/trapeze/", 9);
    name[9] = kind;
    u32 at = 10;
    for (; n; n /= 10) name[at++] = static_cast<char>('0' + n % 10);
    name[at] = 0;
    return name;
}

void posix_memory() {
    const char* path = fresh('m');
    (void)sys_shm_unlink(path);
    fails(sys_shm_open(path, O_RDWR, 0), xnu::ENOENT, "shm_open of nothing");
    const Result r = sys_shm_open(path, O_RDWR | xnu::O_CREAT | xnu::O_EXCL, 0600);
    ok(r, "shm_open makes it");
    const i32 fd = fd_of(r);
    ok(sys_fcntl(fd, xnu::F_GETFD, 0).raw == 1 && ftruncate(fd, 4096).ok(), "closed on exec; given its size");
    fails(sys_shm_open(path, O_RDWR | xnu::O_CREAT | xnu::O_EXCL, 0600), xnu::EEXIST, "O_EXCL");
    fails(sys_shm_open(path, O_RDWR | xnu::O_TRUNC, 0600), xnu::EINVAL, "O_TRUNC of what has a size");
    fails(sys_shm_open(path, O_WRONLY, 0600), xnu::EINVAL, "to write only");
    fails(sys_shm_open("", O_RDWR, 0600), xnu::EINVAL, "no name");
    fails(sys_shm_open("12345678901234567890123456789012", O_RDWR, 0600), xnu::ENAMETOOLONG, "32 characters");
    fails(sys_shm_open(bad_pointer(), O_RDWR, 0600), xnu::EFAULT, "a name nowhere");
    const i32 again = fd_of(sys_shm_open(path, O_RDWR, 0));
    const Result a = sys_mmap(nullptr, 4096, 3, xnu::MAP_SHARED, fd, 0), b = sys_mmap(nullptr, 4096, 3, xnu::MAP_SHARED, again, 0);
    ok(a.ok() && b.ok(), "mapped twice");
    *reinterpret_cast<volatile i32*>(a.value()) = 77;
    ok(*reinterpret_cast<volatile i32*>(b.value()) == 77, "it is one memory");
    ok(sys_shm_unlink(path).ok() && sys_shm_unlink(path).err() == xnu::ENOENT, "shm_unlink, once");
    (void)close(fd), (void)close(again);
}

void posix_semaphores() {
    const char* path = fresh('s');
    (void)sys_sem_unlink(path);
    fails(sys_sem_open(path, 0, 0, 0), xnu::ENOENT, "sem_open of nothing");
    fails(sys_sem_open(path, xnu::O_CREAT, 0600, 40'000), xnu::EINVAL, "more than SEM_VALUE_MAX");
    const Result r = sys_sem_open(path, xnu::O_CREAT | xnu::O_EXCL, 0600, 1);
    ok(r, "sem_open makes it");
    void* s = reinterpret_cast<void*>(r.raw);
    fails(sys_sem_open(path, xnu::O_CREAT | xnu::O_EXCL, 0600, 1), xnu::EEXIST, "O_EXCL");
    ok(sys_sem_wait(s).ok() && sys_sem_trywait(s).err() == xnu::EAGAIN, "sem_wait, sem_trywait");
    void* other = reinterpret_cast<void*>(sys_sem_open(path, 0, 0, 0).raw);
    ok(sys_sem_post(other).ok() && sys_sem_trywait(s).ok(), "one semaphore by two descriptors");
    const i32 child = start_child([&] { return sys_sem_wait(s).ok() ? 0 : 1; });
    ok(sys_sem_post(s).ok() && end_of_child(child) == 0, "between processes");
    ok(sys_sem_close(other).ok() && sys_sem_post(other).err() == xnu::EBADF, "sem_close");
    make_file("plain", "x");
    const i32 fd = fd_of(open("plain", O_RDWR));
    fails(sys_sem_wait(reinterpret_cast<void*>(static_cast<usize>(fd))), xnu::EINVAL, "a file is none");
    fails(sys_sem_close(reinterpret_cast<void*>(static_cast<usize>(fd))), xnu::EBADF, "nor is it closed as one");
    fails(sys_sem_open(bad_pointer(), 0, 0, 0), xnu::EFAULT, "a name nowhere");
    fails(sys_sem_open("12345678901234567890123456789012", 0, 0, 0), xnu::ENAMETOOLONG, "32 characters");
    ok(sys_sem_unlink(path).ok() && sys_sem_unlink(path).err() == xnu::ENOENT && sys_sem_post(s).ok() && sys_sem_close(s).ok(), "sem_unlink, once; it lives on");
    (void)close(fd);
}

void asynchronous() {
    make_file("data", "0123456789");
    const i32 fd = fd_of(open("data", O_RDWR)), reader = fd_of(open("data", O_RDONLY));
    char room[8] = {};
    xnu::aiocb a{};
    a.aio_fildes = fd, a.aio_offset = 3, a.aio_buf = room, a.aio_nbytes = 4;
    void* const list[2] = {nullptr, &a};
    const xnu::timespec long_enough{60, 0};
    ok(sys_aio_read(&a), "aio_read");
    ok(sys_aio_suspend(list, 2, &long_enough), "aio_suspend");
    ok(sys_aio_error(&a).raw == 0 && sys_aio_return(&a).raw == 4 && memcmp(room, "3456", 4) == 0, "aio_error, aio_return");
    fails(sys_aio_return(&a), xnu::EINVAL, "once");
    fails(sys_aio_error(&a), xnu::EINVAL, "it is forgotten");
    a.aio_offset = 10;
    ok(sys_aio_write(&a), "aio_write");
    ok(sys_aio_cancel(fd, &a).raw == 1 || sys_aio_cancel(fd, &a).raw == 4, "aio_cancel finds it done or under way");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS) {}
    FileInfo s{};
    ok(sys_aio_return(&a).raw == 4 && stat("data", &s).ok() && s.size == 14, "it was written");
    ok(sys_aio_fsync(xnu::O_SYNC, &a), "aio_fsync");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS) {}
    ok(sys_aio_return(&a).raw == 0, "has a result too");
    fails(sys_aio_fsync(7, &a), xnu::EINVAL, "of no known kind");
    a.aio_offset = -1;
    fails(sys_aio_read(&a), xnu::EAGAIN, "a negative place: EAGAIN, as all that is wrong with a request");
    a.aio_offset = 0, a.aio_fildes = -1;
    fails(sys_aio_read(&a), xnu::EAGAIN, "of no descriptor");
    a.aio_fildes = reader;
    fails(sys_aio_write(&a), xnu::EAGAIN, "to read only");
    i32 p[2] = {-1, -1};
    (void)pipe(p);
    a.aio_fildes = p[0];
    fails(sys_aio_read(&a), xnu::EAGAIN, "of a pipe");
    auto* const nowhere = reinterpret_cast<xnu::aiocb*>(bad_pointer());
    void* const* const no_list = reinterpret_cast<void**>(bad_pointer());
    fails(sys_aio_read(nowhere), xnu::EAGAIN, "from nowhere");
    fails(sys_aio_write(nowhere), xnu::EAGAIN, "aio_write too");
    fails(sys_aio_fsync(0, nowhere), xnu::EAGAIN, "and aio_fsync");
    fails(sys_lio_listio(1, no_list, 1, nullptr), xnu::EAGAIN, "lio_listio: a list from nowhere");
    fails(sys_lio_listio(1, list, 1, reinterpret_cast<xnu::sigevent*>(bad_pointer())), xnu::EAGAIN, "or an event");
    a = {}, a.aio_fildes = fd, a.aio_buf = room, a.aio_nbytes = 4, a.aio_sigevent.sigev_notify = 3;
    fails(sys_aio_read(&a), xnu::EAGAIN, "an event that is no signal");
    a.aio_sigevent.sigev_notify = xnu::SIGEV_SIGNAL, a.aio_sigevent.sigev_signo = xnu::SIGKILL;
    fails(sys_aio_read(&a), xnu::EAGAIN, "or none that can be caught");
    a.aio_sigevent = {};
    a.aio_nbytes = 0x80000000;
    fails(sys_aio_read(&a), xnu::EAGAIN, "more than INT_MAX bytes");
    a.aio_nbytes = 4;
    fails(sys_aio_suspend(list, 2, &long_enough), xnu::EINVAL, "aio_suspend where there is no request");
    ok(sys_aio_cancel(-1, nowhere).raw == 1, "aio_cancel of nothing: all is done");
    ok(sys_aio_read(&a), "one");
    fails(sys_aio_read(&a), xnu::EAGAIN, "the same once more, before its result was taken");
    fails(sys_aio_suspend(list, 0, nullptr), xnu::EINVAL, "a list of none");
    fails(sys_aio_suspend(no_list, 2, &long_enough), xnu::EAGAIN, "a list from nowhere");
    fails(sys_aio_suspend(list, 2, reinterpret_cast<xnu::timespec*>(bad_pointer())), xnu::EAGAIN, "a time from nowhere");
    const xnu::timespec wrong_time{0, 1000000000};
    fails(sys_aio_suspend(list, 2, &wrong_time), xnu::EINVAL, "no time at all");
    fails(syscall(xnu::SYS_aio_suspend_nocancel, list, 0, nullptr), xnu::EINVAL, "its twin");
    ok(syscall(xnu::SYS_aio_suspend_nocancel, list, 2, &long_enough), "and that which is done");
    fails(sys_aio_cancel(fd, nowhere), xnu::EAGAIN, "aio_cancel: from nowhere");
    fails(sys_aio_cancel(reader, &a), xnu::EBADF, "of another descriptor");
    fails(sys_aio_cancel(reader, nullptr), xnu::EBADF, "of a descriptor without requests");
    ok(sys_aio_cancel(fd, nullptr).raw == 1 || sys_aio_cancel(fd, nullptr).raw == 4, "of all that a descriptor has");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS) {}
    ok(sys_aio_return(&a).raw == 4, "its result");
    xnu::aiocb one{}, two{};
    one.aio_fildes = two.aio_fildes = fd;
    one.aio_buf = room, one.aio_nbytes = 2, one.aio_lio_opcode = xnu::LIO_READ;
    two.aio_buf = room + 2, two.aio_nbytes = 2, two.aio_offset = 2, two.aio_lio_opcode = xnu::LIO_READ;
    void* const both[3] = {&one, nullptr, &two};
    ok(sys_lio_listio(2, both, 3, nullptr).ok() && sys_aio_return(&one).raw == 2 && sys_aio_return(&two).raw == 2 &&
           memcmp(room, "0123", 4) == 0, "lio_listio");
    fails(sys_lio_listio(3, both, 3, nullptr), xnu::EINVAL, "in no known way");
    fails(sys_lio_listio(2, both, 17, nullptr), xnu::EINVAL, "too many");
    (void)close(fd), (void)close(reader), (void)close(p[0]), (void)close(p[1]);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    semaphores();
    messages();
    memory();
    posix_memory();
    posix_semaphores();
    asynchronous();
    return done();
}
