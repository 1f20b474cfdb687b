// SPDX-License-Identifier: BSD-3-Clause
// Fileports: a send right that stands for an open file (xnu-3248.60.10 bsd/kern/kern_descrip.c fileport_makeport, fileport_makefd).
// The emulator holds a copy of the descriptor, under a number of its own, until the
// last send right is gone. Rights reach no other process here, so it is a way to keep a file open by a right. Closing the copy drops the
// process's record locks on the file, as every close does on the host.
#include "sys/darwin/errno.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/ports.h"

namespace trapeze {
namespace {

constexpr u32 numbers = 1 << 16;
u64 kept[numbers / 64];  // which numbers are copies; under ports_lock

i32 copy_of(const Port* port) { return static_cast<i32>(reinterpret_cast<u64>(port->object)); }

void mark(i32 fd, bool on) {
    const u32 n = static_cast<u32>(fd);
    if (n >= numbers) return;
    const u64 bit = 1ull << n % 64;
    kept[n / 64] = on ? kept[n / 64] | bit : kept[n / 64] & ~bit;
}

}  // namespace

void fileport_gone_locked(Port* port) {
    mark(copy_of(port), false);
    close_hidden(copy_of(port));
    receive_right_dies_locked(port);
}

void fork_child_fileports() {
    for (u64& word : kept)
        for (; word; word &= word - 1) close_hidden(static_cast<i32>(static_cast<u64>(&word - kept) * 64) + __builtin_ctzll(word));
}

Answer bsd_fileport_makeport(Trap& trap) {
    const i32 fd = trap.i(0);
    if (hidden(fd) || kind_of(fd) == FdKind::closed) return fail(xnu::EBADF);
    if (is_kqueue(fd) || confined(fd)) return fail(xnu::EINVAL);
    if (guarded(fd, guard_fileport)) guard_violated(trap, fd, violated_fileport);
    const i32 copy = hidden_made(lnx::SYS_dup, static_cast<u64>(fd));
    if (copy < 0) return fail(xnu::EAGAIN);
    descriptor_copied(fd, copy);
    Port* port;
    const u32 name = port_make_kernel(PortKind::fileport, reinterpret_cast<void*>(static_cast<u64>(copy)), port);
    if (!name) {
        close_hidden(copy);
        return fail(xnu::EINVAL);
    }
    {
        Locked hold(ports_lock);
        mark(copy, true);
    }
    if (copyout(name, trap.w(1))) return ok();
    (void)port_release_send(name);
    return fail(xnu::EFAULT);
}

Answer bsd_fileport_makefd(Trap& trap) {
    Port* port;
    if (port_lookup_send(trap.u(0), port)) return fail(xnu::EINVAL);
    Answer a = fail(xnu::EINVAL);
    i32 copy = -1;
    {
        Locked hold(ports_lock);
        if (port->kind == PortKind::fileport && !port->dead) {
            copy = copy_of(port);
            const i64 r = host(lnx::SYS_fcntl, copy, lnx::F_DUPFD_CLOEXEC, 0);
            a = from_host(r);
        }
        port_unref_locked(port);
    }
    if (a.kind == Answer::value) descriptor_copied(copy, static_cast<i32>(a.rax));
    return a;
}

}  // namespace trapeze
