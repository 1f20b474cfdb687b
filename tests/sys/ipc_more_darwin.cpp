// SPDX-License-Identifier: BSD-3-Clause
// System V's ways between processes and asynchronous I/O, field by field and limit by limit: what IPC_SET changes and IPC_STAT tells, signals
// of requests that have ended (bsd/kern/sysv_*.c, kern_aio.c of xnu-11417.121.6).
#include "sys/darwin/aio.h"
#include "sys/darwin/ipc.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr i32 creat = 0x200, nowait = 0x800, rmid = 0, set = 1, stat_ = 2;
constexpr u32 stranger = 12345;
const i32 key = 0x7d000000 | static_cast<i32>(sys_getpid().raw);

// Who made it and how, as IPC_STAT says.
bool mine(const xnu::ipc_perm& p, u32 mode) {
    const u32 uid = static_cast<u32>(geteuid()), gid = static_cast<u32>(getegid());
    return p.uid == uid && p.gid == gid && p.cuid == uid && p.cgid == gid && (p.mode & 0777) == mode && p.key == key;
}
// For IPC_SET: a stranger's if the superuser asks, 0640.
xnu::ipc_perm given(xnu::ipc_perm p) {
    if (root()) p.uid = stranger, p.gid = stranger + 1;
    p.mode = 0640;
    return p;
}
bool was_given(const xnu::ipc_perm& p) {
    const u32 uid = static_cast<u32>(geteuid()), gid = static_cast<u32>(getegid());
    return p.uid == (root() ? stranger : uid) && p.gid == (root() ? stranger + 1 : gid) && p.cuid == uid && p.cgid == gid && (p.mode & 0777) == 0640;
}

void semaphores() {
    const Result r = sys_semget(key, 6, creat | 0600);
    if (r.failed()) return skip("no System V semaphores", "semctl");
    const i32 id = static_cast<i32>(r.raw);
    xnu::semid_ds d{};
    const u64 at = reinterpret_cast<u64>(&d);
    ok(sys_semctl(id, 0, stat_, at).ok() && mine(d.sem_perm, 0600), "semctl IPC_STAT: whose, and by which key");
    d.sem_perm = given(d.sem_perm);
    ok(sys_semctl(id, 0, set, at), "semctl IPC_SET");
    d = {};
    ok(sys_semctl(id, 0, stat_, at).ok() && was_given(d.sem_perm), "changes owner, group and mode");
    fails(sys_semctl(id, 0, set, 8), xnu::EFAULT, "from nowhere: EFAULT");
    fails(sys_semctl(id, 0, -1, 0), xnu::EINVAL, "a command below all: EINVAL");
    fails(sys_semctl(id, 0, 10, 0), xnu::EINVAL, "or above: EINVAL");
    xnu::sembuf ups[6] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 1, 0}, {5, 1, 0}};
    ok(sys_semop(id, ups, 5).ok() && sys_semctl(id, 4, 5, 0).raw == 1, "five at once");
    fails(sys_semop(id, ups, 6), xnu::E2BIG, "six are too many: E2BIG");
    fails(sys_semop(id, ups, -1), xnu::E2BIG, "as is less than none");
    ok(sys_semctl(id, 0, stat_, at).ok() && d.sem_otime > 1'600'000'000 && d.sem_ctime > 1'600'000'000, "when it was used");
    (void)sys_semctl(id, 0, rmid, 0);
}

void messages() {
    const Result r = sys_msgget(key, creat | 0600);
    if (r.failed()) return skip("no System V messages", "msgctl");
    const i32 id = static_cast<i32>(r.raw), me = static_cast<i32>(sys_getpid().raw);
    xnu::msqid_ds d{};
    ok(sys_msgctl(id, stat_, &d).ok() && mine(d.msg_perm, 0600) && d.msg_qbytes > 0 && d.msg_ctime > 1'600'000'000, "msgctl IPC_STAT: whose, and by which key");
    ok(d.msg_stime == 0 && d.msg_rtime == 0 && d.msg_lspid == 0 && d.msg_lrpid == 0, "nobody has sent or received");
    d.msg_perm = given(d.msg_perm);
    d.msg_qbytes = 1000;
    ok(sys_msgctl(id, set, &d), "msgctl IPC_SET");
    d = {};
    ok(sys_msgctl(id, stat_, &d).ok() && was_given(d.msg_perm) && d.msg_qbytes == 1000, "changes owner, group, mode and size");
    d.msg_qbytes = 0;
    fails(sys_msgctl(id, set, &d), xnu::EINVAL, "no size: EINVAL");
    fails(sys_msgctl(id, set, reinterpret_cast<xnu::msqid_ds*>(bad_pointer())), xnu::EFAULT, "from nowhere: EFAULT");
    struct {
        i64 type;
        char text[16];
    } m{1, "hello"};
    ok(sys_msgsnd(id, &m, 6, nowait).ok() && sys_msgrcv(id, &m, 16, 0, nowait).raw == 6, "a message");
    ok(sys_msgctl(id, stat_, &d).ok() && d.msg_lspid == me && d.msg_lrpid == me && d.msg_stime > 1'600'000'000 && d.msg_rtime > 1'600'000'000 &&
           d.msg_qnum == 0 && d.msg_cbytes == 0, "who sent and received, and when");
    (void)sys_msgctl(id, rmid, nullptr);
}

void memory() {
    const Result r = sys_shmget(key, 8192, creat | 0600);
    if (r.failed()) return skip("no System V memory", "shmctl");
    const i32 id = static_cast<i32>(r.raw), me = static_cast<i32>(sys_getpid().raw);
    xnu::shmid_ds d{};
    ok(sys_shmctl(id, stat_, &d).ok() && mine(d.shm_perm, 0600) && d.shm_atime == 0 && d.shm_dtime == 0 && d.shm_ctime > 1'600'000'000 && d.shm_lpid == 0,
       "shmctl IPC_STAT: whose, by which key, not yet attached");
    d.shm_perm = given(d.shm_perm);
    ok(sys_shmctl(id, set, &d), "shmctl IPC_SET");
    d = {};
    ok(sys_shmctl(id, stat_, &d).ok() && was_given(d.shm_perm), "changes owner, group and mode");
    fails(sys_shmctl(id, set, reinterpret_cast<xnu::shmid_ds*>(bad_pointer())), xnu::EFAULT, "from nowhere: EFAULT");
    const u64 free_place = static_cast<u64>(syscall(xnu::SYS_mmap, 0, 16384, 3, 0x1002, -1, 0).raw);
    (void)syscall(xnu::SYS_munmap, free_place, 16384);
    const Result at = sys_shmat(id, reinterpret_cast<void*>(free_place + 4096 + 77), 0x2000);
    ok(at.ok() && static_cast<u64>(at.raw) == free_place + 4096, "SHM_RND: at the page that an address lies in");
    ok(sys_shmctl(id, stat_, &d).ok() && d.shm_atime > 1'600'000'000 && d.shm_lpid == me && d.shm_nattch == 1, "when, and by whom");
    ok(sys_shmdt(reinterpret_cast<void*>(at.raw)).ok() && sys_shmctl(id, stat_, &d).ok() && d.shm_dtime > 1'600'000'000 && d.shm_nattch == 0, "and left");
    fails(sys_shmat(id, reinterpret_cast<void*>(usize{0x7ffffffff000}), 0), xnu::ENOMEM, "where no program's memory is: ENOMEM");
    const u64 taken = static_cast<u64>(syscall(xnu::SYS_mmap, 0, 16384, 3, 0x1002, -1, 0).raw);
    fails(sys_shmat(id, reinterpret_cast<void*>(taken), 0), xnu::ENOMEM, "or where something is");
    (void)sys_shmctl(id, rmid, nullptr);
}

volatile i32 came;

void asynchronous() {
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) { came = came + 1; }, SA_ONSTACK);
    make_file("data", "0123456789");
    const i32 fd = fd_of(open("data", O_RDWR));
    char room[8] = {};
    xnu::aiocb a{}, b{};
    a.aio_fildes = b.aio_fildes = fd, a.aio_buf = b.aio_buf = room, a.aio_nbytes = 4, b.aio_nbytes = 2;
    a.aio_sigevent.sigev_notify = xnu::SIGEV_SIGNAL, a.aio_sigevent.sigev_signo = xnu::SIGUSR1;
    const auto await_signal = [](i32 n) {  // a time limit of the test's own is meson's
        while (came < n) {}
        return came == n;
    };
    ok(sys_aio_read(&a).ok() && await_signal(1), "a request that has ended sends its signal");
    ok(sys_aio_read(&b).ok() && sys_aio_error(&b).ok(), "a second one");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS || sys_aio_error(&b).raw == xnu::EINPROGRESS) {}
    ok(sys_aio_return(&a).raw == 4 && sys_aio_error(&b).raw == 0 && sys_aio_return(&b).raw == 2, "each has its own result");
    for (const i32 how : {0, xnu::O_DSYNC}) {
        b = {}, b.aio_fildes = fd;
        ok(sys_aio_fsync(how, &b), "aio_fsync");
        while (sys_aio_error(&b).raw == xnu::EINPROGRESS) {}
        ok(sys_aio_return(&b).raw == 0, "and its end");
    }
    i32 ends[2] = {-1, -1};
    (void)pipe(ends);
    a = {}, b = {};
    a.aio_fildes = b.aio_fildes = fd, a.aio_buf = b.aio_buf = room, a.aio_nbytes = b.aio_nbytes = 4;
    a.aio_lio_opcode = xnu::LIO_READ, b.aio_lio_opcode = 99;
    void* const both[2] = {&b, &a};
    xnu::sigevent tell{};
    tell.sigev_notify = xnu::SIGEV_SIGNAL, tell.sigev_signo = xnu::SIGUSR1;
    fails(sys_lio_listio(2, both, 2, nullptr), xnu::EAGAIN, "lio_listio with one that is wrong: EAGAIN");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS) {}
    ok(sys_aio_return(&a).raw == 4, "and the other is begun all the same");
    ok(sys_lio_listio(1, both + 1, 1, &tell).ok() && await_signal(2), "LIO_NOWAIT: a signal when all have ended");
    const xnu::timespec at_once{0, 0}, times[2] = {{-1, 0}, {0, -1}};
    void* const strangers[2] = {&b, nullptr};
    fails(sys_aio_suspend(strangers, 2, &at_once), xnu::EAGAIN, "aio_suspend for what is no request, until its time is over: EAGAIN");
    for (const xnu::timespec& t : times) fails(sys_aio_suspend(both, 2, &t), xnu::EINVAL, "a time below 0: EINVAL");
    static void* many[17];
    many[0] = &a;
    fails(sys_aio_suspend(many, 17, &at_once), xnu::EINVAL, "a list of 17: EINVAL, though what it names has ended");
    ok(sys_aio_suspend(many, 16, &at_once), "16 are not too many");
    b.aio_fildes = ends[0];
    fails(sys_aio_cancel(fd, &b), xnu::EBADF, "aio_cancel of a request of another descriptor: EBADF");
    while (sys_aio_error(&a).raw == xnu::EINPROGRESS) {}
    ok(sys_aio_return(&a).raw == 4, "the result");
    for (const i32 n : {fd, ends[0], ends[1]}) (void)close(n);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    semaphores(), messages(), memory(), asynchronous();
    return done();
}
