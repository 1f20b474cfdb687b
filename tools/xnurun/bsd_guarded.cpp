// SPDX-License-Identifier: BSD-3-Clause
// Guarded descriptors: xnu-3248.60.10 and xnu-11417.121.6 bsd/kern/kern_guarded.c. A guard is 64 bits, never 0, that the calls
// here must name, and a set of things that nobody else may do to the number: the call that does is EPERM, and on its way out
// EXC_GUARD goes to who has asked for it (task or host; its answer changes nothing), then SIGKILL ends the process. A wrong guard is
// EPERM alone. A guarded descriptor is always closed by execve; no child of fork gets what was opened with its guard, or has GUARD_CLOSE.
//
// fdguard_lock guards the table, which is there once there is a guard; guard_of looks without it, since who races with a change may
// see either.
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/signal.h"

namespace trapeze {

HostLock fdguard_lock;

namespace {

constexpr u32 numbers = 1 << 16;
constexpr u32 every_guard = guard_close | guard_dup | guard_socket_ipc | guard_fileport | guard_write;
constexpr i32 fd_cloexec = 1, fd_clofork = 2, o_clofork = 0x8000000;

struct Guard {
    u64 value;
    u32 attributes;
};
Guard* guards;

bool put_guard(i32 fd, u64 value, u32 attributes) {
    if (static_cast<u32>(fd) >= numbers) return false;
    if (!guards) __atomic_store_n(&guards, static_cast<Guard*>(host_pages(numbers * sizeof(Guard))), __ATOMIC_RELEASE);
    guards[fd].value = value;
    __atomic_store_n(&guards[fd].attributes, attributes, __ATOMIC_RELEASE);
    return true;
}

// The guard and attributes that something new gets: 0 or an errno. GUARD_DUP is a must.
i32 take_guard(u64 at, u32 attributes, u64& value) {
    if (!(attributes & guard_dup) || attributes & ~every_guard) return xnu::EINVAL;
    if (!copyin(value, at)) return xnu::EFAULT;
    return value ? 0 : xnu::EINVAL;
}

// fp_lookup_guarded: 0, EFAULT, EBADF, EINVAL (not guarded) or EPERM (by another).
i32 check_guard(i32 fd, u64 at) {
    u64 value;
    if (!copyin(value, at)) return xnu::EFAULT;
    if (hidden(fd) || host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))) return xnu::EBADF;
    Locked hold(fdguard_lock);
    if (!guard_of(fd)) return xnu::EINVAL;
    return guards[fd].value == value ? 0 : xnu::EPERM;
}

Answer guard_new(Answer made, u64 value, u32 attributes) {
    if (made.kind != Answer::value) return made;
    const i32 fd = static_cast<i32>(made.rax);
    Locked hold(fdguard_lock);
    if (put_guard(fd, value, attributes)) return made;
    host(lnx::SYS_close, fd);  // there is no room for a guard of so high a number
    return fail(xnu::ENOMEM);
}

Answer open_guarded(Trap& trap, u32 mode) {
    const u32 attributes = trap.u(2);
    const i32 flags = trap.i(3);
    if (!(flags & xnu::O_CLOEXEC)) return fail(xnu::EINVAL);
    u64 value;
    if (const i32 wrong = take_guard(trap.w(1), attributes, value)) return fail(wrong);
    return guard_new(open_path(trap, lnx::AT_FDCWD, trap.w(0), flags | o_clofork, mode & 0777), value, attributes);
}

// A write by who knows the guard: the arguments without it are those of write and its like.
Answer write_guarded(Trap& trap, Answer (*write)(Trap&)) {
    if (const i32 wrong = check_guard(trap.i(0), trap.w(1))) return fail(wrong);
    for (int n = 1; n < 4; n++) trap.arg[n] = trap.arg[n + 1];
    return write(trap);
}

void set_flag(i32 fd, bool close_on_exec) { host(lnx::SYS_fcntl, fd, lnx::F_SETFD, close_on_exec ? fd_cloexec : 0); }

// change_fdguard_np, the arguments being here. 0 or an errno.
i32 change(Trap& trap, u64 old_guard, u64 new_guard, i32 flags) {
    const i32 fd = trap.i(0);
    const u32 attributes = trap.u(2), new_attributes = trap.u(4);
    const u32 is = guard_of(fd);
    if (is) {
        if (!trap.w(1) || !attributes) return xnu::EINVAL;
        if (!old_guard) return xnu::EPERM;
    } else if (trap.w(1) || attributes) {
        return xnu::EINVAL;
    }
    const bool matches = is && guards[fd].value == old_guard && is == attributes;
    if (!trap.w(3)) {
        if (!is || new_attributes) return xnu::EINVAL;
        if (!matches) return xnu::EPERM;
        put_guard(fd, 0, 0);
        set_close_on_fork(fd, flags & fd_clofork || confined(fd));
        set_flag(fd, flags & fd_cloexec);
        return 0;
    }
    if (!new_guard || !(new_attributes & guard_dup) || new_attributes & ~every_guard) return xnu::EINVAL;
    if (is && !matches) return xnu::EPERM;
    if (!put_guard(fd, new_guard, new_attributes)) return xnu::ENOMEM;
    const bool stays = is ? !(is & guard_close) && close_on_fork(fd) : close_on_fork(fd);
    set_close_on_fork(fd, stays || new_attributes & guard_close || (is && flags & fd_clofork) || confined(fd));
    if (!is) set_flag(fd, true);
    return 0;
}

}  // namespace

u32 guard_of(i32 fd) {
    const Guard* all = __atomic_load_n(&guards, __ATOMIC_ACQUIRE);
    return all && static_cast<u32>(fd) < numbers ? __atomic_load_n(&all[fd].attributes, __ATOMIC_ACQUIRE) : 0;
}

void guard_forget(i32 fd) {
    if (!guard_of(fd)) return;
    Locked hold(fdguard_lock);
    put_guard(fd, 0, 0);
}

void guard_violated(Trap& trap, i32 fd, u32 how) {
    constexpr i64 type_fd = 2;
    u64 value;
    {
        Locked hold(fdguard_lock);
        value = guards[fd].value;
    }
    eprint("xnurun: descriptor ", fd, " is guarded by ", hex(value), " against what was done to it (", how,
           "): EPERM, EXC_GUARD, SIGKILL\n");
    trap.context.uc_mcontext.rax = xnu::EPERM;  // the call is over when the exception comes
    trap.context.uc_mcontext.eflags |= 1;
    (void)exception_notify(trap.thread, trap.context, exc_guard, type_fd << 61 | i64{how} << 32 | fd, static_cast<i64>(value));
    die_by_signal(xnu::SIGKILL);
}

Answer bsd_guarded_open_np(Trap& trap) { return open_guarded(trap, trap.u(4)); }
Answer bsd_guarded_open_dprotected_np(Trap& trap) {
    constexpr u32 raw = 3;  // O_DP_GETRAWENCRYPTED, O_DP_GETRAWUNENCRYPTED: for reading alone
    if (trap.u(5) & raw && trap.i(3) & xnu::O_ACCMODE) return fail(xnu::EINVAL);
    return open_guarded(trap, trap.u(6));
}

Answer bsd_guarded_kqueue_np(Trap& trap) {
    u64 value;
    if (const i32 wrong = take_guard(trap.w(0), trap.u(1), value)) return fail(wrong);
    const Answer a = guard_new(from_host(kqueue_new()), value, trap.u(1));
    if (a.kind == Answer::value) set_close_on_fork(static_cast<i32>(a.rax), true);  // as every kqueue: its guard goes there too
    return a;
}

Answer bsd_guarded_close_np(Trap& trap) {
    if (const i32 wrong = check_guard(trap.i(0), trap.w(1))) return fail(wrong);
    return close_descriptor(trap.i(0));
}

Answer bsd_guarded_write_np(Trap& trap) { return write_guarded(trap, write_bytes); }
Answer bsd_guarded_pwrite_np(Trap& trap) { return write_guarded(trap, write_bytes_at); }
Answer bsd_guarded_writev_np(Trap& trap) {
    if (trap.i(3) <= 0 || trap.i(3) > 1024) return fail(xnu::EINVAL);
    return write_guarded(trap, write_vectors);
}

Answer bsd_change_fdguard_np(Trap& trap) {
    u64 old_guard = 0, new_guard = 0;
    i32 flags = 0;
    if (trap.w(1) && !copyin(old_guard, trap.w(1))) return fail(xnu::EFAULT);
    if (trap.w(3) && !copyin(new_guard, trap.w(3))) return fail(xnu::EFAULT);
    if (trap.w(5) && !copyin(flags, trap.w(5))) return fail(xnu::EFAULT);
    const i32 fd = trap.i(0);
    const i64 had = hidden(fd) ? -lnx::EBADF : host(lnx::SYS_fcntl, fd, lnx::F_GETFD);
    if (host_failed(had)) return fail(xnu::EBADF);
    const i32 before = (had & 1 ? fd_cloexec : 0) | (close_on_fork(fd) ? fd_clofork : 0);
    if (trap.w(5) && !copyout(before, trap.w(5))) return fail(xnu::EFAULT);
    Locked hold(fdguard_lock);
    const i32 wrong = change(trap, old_guard, new_guard, flags);
    return wrong ? fail(wrong) : ok();
}

}  // namespace trapeze
