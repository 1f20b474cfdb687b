// SPDX-License-Identifier: BSD-3-Clause
// Each call that sleeps, and a signal's handler meanwhile: EINTR without SA_RESTART; with it XNU begins anew what it has not made
// EINTR of itself (ERESTART in xnu-3248.60.10 bsd/kern/uipc_syscalls.c, sys_generic.c, sysv_*.c, posix_sem.c, kern_event.c, bsd/vfs/
// vfs_syscalls.c). Every case is a process of its own that a timer signals; all sleep at the same time. By number: the library begins
// many of them anew itself.
#include "sys/darwin/file_calls.h"
#include "sys/darwin/ipc.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/semaphore.h"
#include "sys/memory.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

namespace {

enum : i32 { interrupted = 1, restarted = 2, otherwise = 3 };
volatile i32 seen;
bool wants_restart;

void on_alarm(i32, SignalInfo*, SignalContext*) {
    seen = seen + 1;
    if (wants_restart && seen == 3) exit_process(restarted);  // it sleeps still
}

i32 ends[2], full[2], pair[2], listening, locked, other_lock;
i64 sem_id = -1, msg_id = -1, posix_sem = -1;
char room[16];
struct Vector {
    void* base;
    u64 size;
};

// What the call in the child comes to.
template <class F>
i32 asleep(bool restart, F f) {
    return start_child([&] {
        wants_restart = restart;
        (void)signal_handle(xnu::SIGALRM, on_alarm, restart ? xnu::SA_RESTART : 0);
        (void)setitimer(ITIMER_REAL, {15'000'000, 15'000'000});
        const Result r = f();
        return r.err() == xnu::EINTR ? interrupted : otherwise;
    });
}

struct Case {
    const char* name;
    i32 plain, restarting;
    bool restarts;
};
Case cases[64];
u32 count;

template <class F>
void row(const char* name, bool restarts, F f) {
    cases[count++] = {name, asleep(false, f), asleep(true, f), restarts};
}
void row(const char* name, bool restarts, u32 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
    row(name, restarts, [=] { return syscall(number, a, b, c, d, e, f); });
}

u64 word(const void* p) { return reinterpret_cast<u64>(p); }
u64 word(i64 v) { return static_cast<u64>(v); }

void prepare() {
    (void)pipe(ends), (void)pipe(full), (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    (void)sys_fcntl(full[1], 4, 4);
    while (sys_write(full[1], room, sizeof room).ok()) {}
    (void)sys_fcntl(full[1], 4, 0);
    listening = fd_of(socket(AF_INET, SOCK_STREAM));
    u8 name[16] = {16, 2, 0, 0, 127, 0, 0, 1};
    (void)sys_bind(listening, name, 16), (void)sys_listen(listening, 1);
    make_file("lock");
    locked = fd_of(open("lock", O_RDWR)), other_lock = fd_of(open("lock", O_RDWR));
    (void)sys_flock(locked, 2);
    (void)sys_mkfifo("fifo", 0600);
    sem_id = sys_semget(0, 1, 0600 | 0x200).raw, msg_id = sys_msgget(0, 0600 | 0x200).raw;
    char text[24] = "/asleep-";
    u64 pid = static_cast<u64>(getpid());
    for (u32 n = 8; pid; pid /= 10) text[n++] = static_cast<char>('0' + pid % 10);
    posix_sem = sys_sem_open(text, 0x200 | 0x800, 0600, 0).raw;
    (void)sys_sem_unlink(text);
}

void start() {
    static Vector v{room, 8};
    static struct {
        u64 name, name_size;
        void* vectors;
        u64 count, control, control_size;
    } message{0, 0, &v, 1, 0, 0};
    static u32 in[32];
    in[ends[0] / 32] = 1u << ends[0] % 32;
    static struct {
        i32 fd;
        i16 events, revents;
    } poll_one;
    poll_one = {ends[0], 1, 0};
    static xnu::sembuf down{0, -1, 0};
    static struct {
        i64 type;
        char text[8];
    } m{1, ""};
    static u32 word_waited;
    const u64 e = word(ends[0]), f = word(full[1]), p = word(pair[0]), to = word(room), nd = e + 1;
    row("read", true, 3, e, to, 8);
    row("read_nocancel", true, 396, e, to, 8);
    row("readv", true, 120, e, word(&v), 1);
    row("readv_nocancel", true, 411, e, word(&v), 1);
    row("write", true, 4, f, to, 8);
    row("write_nocancel", true, 397, f, to, 8);
    row("writev", true, 121, f, word(&v), 1);
    row("writev_nocancel", true, 412, f, word(&v), 1);
    row("recvfrom", true, 29, p, to, 8);
    row("recvfrom_nocancel", true, 403, p, to, 8);
    row("recvmsg", true, 27, p, word(&message));
    row("recvmsg_nocancel", true, 401, p, word(&message));
    row("accept", true, 30, word(listening));
    row("accept_nocancel", true, 404, word(listening));
    row("flock", true, 131, word(other_lock), 2);
    const auto lock_wait = [](u32 number) {
        return [number] {  // the parent's record lock is another process's
            xnu::flock l{0, 0, 0, xnu::F_WRLCK, 0};
            return syscall(number, locked, xnu::F_SETLKW, &l);
        };
    };
    row("fcntl F_SETLKW", true, lock_wait(92));
    row("fcntl_nocancel F_SETLKW", true, lock_wait(406));
    row("open of a fifo", false, 5, word("fifo"), 0);
    row("open_nocancel of a fifo", false, 398, word("fifo"), 0);
    row("openat of a fifo", false, 463, word(xnu::AT_FDCWD), word("fifo"), 0);
    const auto wait_for = [](u32 number) {
        return [number] {
            const i64 me = getpid();
            const i32 child = start_child([me] {  // ends soon after who waits for it
                while (getppid() == me) sleep_thread(20'000'000);
                return 0;
            });
            alignas(8) static u8 info[104];
            return number == 7 || number == 400 ? syscall(number, child, 0, 0, 0) : syscall(number, 1, child, info, 4);
        };
    };
    row("wait4", true, wait_for(7));
    row("wait4_nocancel", true, wait_for(400));
    row("waitid", true, wait_for(173));
    row("waitid_nocancel", true, wait_for(416));
    row("select", false, 93, nd, word(in), 0, 0, 0);
    row("select_nocancel", false, 407, nd, word(in), 0, 0, 0);
    row("pselect", false, 394, nd, word(in), 0, 0, 0, 0);
    row("pselect_nocancel", false, 395, nd, word(in), 0, 0, 0, 0);
    row("poll", false, 230, word(&poll_one), 1, word(-1));
    row("poll_nocancel", false, 417, word(&poll_one), 1, word(-1));
    row("sigsuspend", false, 111, 0);
    row("sigsuspend_nocancel", false, 410, 0);
    row("kevent", false, [] {  // queues are not inherited
        u8 event[32];
        return syscall(363, fd_of(syscall(362)), 0, 0, event, 1, 0);
    });
    row("kevent64", false, [] {
        u8 event[48];
        return syscall(369, fd_of(syscall(362)), 0, 0, event, 1, 0, 0);
    });
    row("kevent_qos", false, [] {
        u8 event[64];
        return syscall(374, fd_of(syscall(362)), 0, 0, event, 1, 0, 0, 0);
    });
    const auto semaphore_wait_in = [](u32 number) {
        return [number] {
            xnu::mach_port_t s = 0;
            if (semaphore_create(mach_task_self(), &s, SYNC_POLICY_FIFO, 0)) return Result::error(xnu::EINVAL);
            return syscall(number, s, 0, 0, 0, i64{0}, 0);
        };
    };
    row("__semwait_signal", false, semaphore_wait_in(334));
    row("__semwait_signal_nocancel", false, semaphore_wait_in(423));
    row("ulock_wait", false, 515, 1, word(&word_waited), 0, 0);
    row("ulock_wait2", false, 544, 1, word(&word_waited), 0, 0);
    if (posix_sem > 0) {
        row("sem_wait", false, 271, word(posix_sem));
        row("sem_wait_nocancel", false, 420, word(posix_sem));
    }
    if (sem_id >= 0) row("semop", false, 256, word(sem_id), word(&down), 1);
    if (msg_id >= 0) {
        row("msgrcv", false, 261, word(msg_id), word(&m), 8, 0, 0);
        row("msgrcv_nocancel", false, 419, word(msg_id), word(&m), 8, 0, 0);
    }
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    prepare();
    xnu::flock whole{0, 0, 0, xnu::F_WRLCK, 0};
    (void)sys_fcntl(locked, xnu::F_SETLK, reinterpret_cast<u64>(&whole));
    start();
    for (u32 n = 0; n < count; n++) {
        const Case& c = cases[n];
        const i32 plain = end_of_child(c.plain), restarting = end_of_child(c.restarting);
        ok(plain == interrupted && restarting == (c.restarts ? restarted : interrupted), c.name);
        if (plain != interrupted) print("# without SA_RESTART: ", plain, "\n");
        if (restarting != (c.restarts ? restarted : interrupted)) print("# with SA_RESTART: ", restarting, "\n");
    }
    if (sem_id >= 0) (void)sys_semctl(static_cast<i32>(sem_id), 0, 0, 0);
    if (msg_id >= 0) (void)sys_msgctl(static_cast<i32>(msg_id), 0, nullptr);
    return done();
}
