// SPDX-License-Identifier: BSD-3-Clause
// Asynchronous I/O: bsd/kern/kern_aio.c of xnu-11417.121.6. A request is carried out before the call that makes it returns, which a
// request may always be: it is finished when it is first asked about, and nothing is left to cancel or to wait for. Only of regular
// files, which do not keep anybody waiting; of others EAGAIN, as when the kernel has no room for one more. A finished request is
// known by the address of its aiocb until aio_return. A signal goes to the calling thread.
#include "sys/darwin/aio.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/writes.h"

namespace trapeze {

HostLock aio_lock;
u32 aio_done_count;

namespace {

constexpr u32 most = 90;  // kern.aiomax; of a list 16 (AIO_LISTIO_MAX)
constexpr i32 list_max = 16;
enum Kind_of_request : i32 { nop = 0, reads = 1, writes = 2, syncs = 3 };

struct Done {
    u64 control;
    i32 fd, error;
    i64 result;
};
Done done_requests[most];  // under aio_lock

Done* find(u64 control) {
    for (u32 i = 0; i < aio_done_count; i++)
        if (done_requests[i].control == control) return &done_requests[i];
    return nullptr;
}

i32 check_signal(const xnu::sigevent& s) {
    if (s.sigev_notify == xnu::SIGEV_NONE) return 0;
    const i32 n = s.sigev_signo;
    return s.sigev_notify == xnu::SIGEV_SIGNAL && n >= 1 && n < 32 && n != xnu::SIGKILL && n != xnu::SIGSTOP ? 0 : xnu::EINVAL;
}

// 0 or the errno of the call; what the I/O itself says is the request's.
// aio_create_queue_entry, aio_validate: whatever is wrong with a request, EAGAIN is all that XNU says of it.
bool start(Trap& trap, u64 at, i32 what, bool of_list) {
    xnu::aiocb c;
    if (!copyin(c, at)) return false;
    if (of_list) {
        what = c.aio_lio_opcode;
        if (what == nop) return true;
        if (what != reads && what != writes) return false;
    }
    if (what != syncs && (c.aio_nbytes > 0x7fffffff || !c.aio_buf || c.aio_offset < 0)) return false;
    if (check_signal(c.aio_sigevent)) return false;
    const i64 mode = host(lnx::SYS_fcntl, c.aio_fildes, lnx::F_GETFL);
    if (host_failed(mode) || (mode & lnx::O_ACCMODE) == (what == reads ? lnx::O_WRONLY : lnx::O_RDONLY)) return false;
    lnx::stat s{};
    if (host_failed(host(lnx::SYS_fstat, c.aio_fildes, &s)) || (s.st_mode & lnx::S_IFMT) != lnx::S_IFREG) return false;
    Locked hold(aio_lock);
    if (aio_done_count == most || find(at)) return false;
    Answer a{};
    if (what != writes || !write_stopped(trap, c.aio_fildes, {as_word(c.aio_buf), c.aio_nbytes, 0, 1}, c.aio_offset, -1, false, a))
        a = from_host(what == syncs ? host(lnx::SYS_fsync, c.aio_fildes)
                                    : host(what == reads ? lnx::SYS_pread64 : lnx::SYS_pwrite64, c.aio_fildes, c.aio_buf, c.aio_nbytes, c.aio_offset));
    const bool failed = a.kind == Answer::error;
    done_requests[aio_done_count++] = {at, c.aio_fildes, failed ? static_cast<i32>(a.rax) : 0, failed ? -1 : a.rax};
    if (c.aio_sigevent.sigev_notify == xnu::SIGEV_SIGNAL) raise_here(trap.thread, c.aio_sigevent.sigev_signo);
    return true;
}

Answer started(bool good) { return good ? ok() : fail(xnu::EAGAIN); }

}  // namespace

Answer bsd_aio_read(Trap& trap) { return started(start(trap, trap.w(0), reads, false)); }
Answer bsd_aio_write(Trap& trap) { return started(start(trap, trap.w(0), writes, false)); }
Answer bsd_aio_fsync(Trap& trap) {
    if (trap.i(0) != xnu::O_SYNC && trap.i(0) != xnu::O_DSYNC && trap.i(0) != 0) return fail(xnu::EINVAL);
    return started(start(trap, trap.w(1), syncs, false));
}
Answer bsd_aio_error(Trap& trap) {
    Locked hold(aio_lock);
    const Done* d = find(trap.w(0));
    return d ? ok(d->error) : fail(xnu::EINVAL);
}
Answer bsd_aio_return(Trap& trap) {
    Locked hold(aio_lock);
    Done* d = find(trap.w(0));
    if (!d) return fail(xnu::EINVAL);
    const i64 r = d->result;
    *d = done_requests[--aio_done_count];
    return ok(r);
}
// Without any request: EINVAL, whatever else is wrong.
Answer bsd_aio_suspend(Trap& trap) {
    const i32 count = trap.i(1);
    Locked hold(aio_lock);
    if (!aio_done_count || count < 1 || count > list_max) return fail(xnu::EINVAL);
    xnu::timespec t;
    if (trap.w(2)) {
        if (!copyin(t, trap.w(2))) return fail(xnu::EAGAIN);
        if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000) return fail(xnu::EINVAL);
    }
    u64 list[list_max];
    if (!copyin(list, trap.w(0), static_cast<u64>(count) * 8)) return fail(xnu::EAGAIN);
    for (i32 i = 0; i < count; i++)
        if (list[i] && find(list[i])) return ok();
    return fail(trap.w(2) ? xnu::EAGAIN : xnu::EINVAL);  // nothing that it names will ever end
}
// Without any request nothing is looked at. AIO_ALLDONE 1.
Answer bsd_aio_cancel(Trap& trap) {
    Locked hold(aio_lock);
    if (!aio_done_count) return ok(1);
    xnu::aiocb c;
    if (trap.w(1)) {
        if (!copyin(c, trap.w(1))) return fail(xnu::EAGAIN);
        if (c.aio_fildes != trap.i(0)) return fail(xnu::EBADF);
    }
    for (u32 i = 0; i < aio_done_count; i++)
        if (done_requests[i].fd == trap.i(0) && (!trap.w(1) || done_requests[i].control == trap.w(1))) return ok(1);
    return fail(xnu::EBADF);
}
Answer bsd_lio_listio(Trap& trap) {
    const i32 mode = trap.i(0), count = trap.i(2);
    if (mode != 1 && mode != 2) return fail(xnu::EINVAL);  // LIO_NOWAIT, LIO_WAIT
    if (count < 1 || count > list_max) return fail(xnu::EINVAL);
    u64 list[list_max];
    if (!copyin(list, trap.w(1), static_cast<u64>(count) * 8)) return fail(xnu::EAGAIN);
    xnu::sigevent s{};
    if (trap.w(3) && !copyin(s, trap.w(3))) return fail(xnu::EAGAIN);
    bool good = true;  // the others are begun all the same
    for (i32 i = 0; i < count; i++)
        if (list[i] && !start(trap, list[i], nop, true)) good = false;
    if (s.sigev_notify == xnu::SIGEV_SIGNAL && mode == 1) raise_here(trap.thread, s.sigev_signo);
    return started(good);
}

}  // namespace trapeze
