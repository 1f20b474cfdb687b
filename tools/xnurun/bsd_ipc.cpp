// SPDX-License-Identifier: BSD-3-Clause
// System V's semaphores, messages and shared memory on the host's own: the flags have the same numbers, commands and structures
// are translated both ways (bsd/sys/{ipc,sem,msg,shm}.h; bsd/kern/sysv_*.c of xnu-11417.121.6). The host's limits hold, which are
// wider. semsys, msgsys and shmsys cannot carry a pointer of 64 bits and are EINVAL.
#include "sys/darwin/errno.h"
#include "sys/darwin/ipc.h"
#include "sys/linux/ipc.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/memory.h"

namespace trapeze {
namespace {

constexpr i32 IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2;

xnu::ipc_perm perm_to_guest(const lnx::ipc64_perm& p) {
    return {p.uid, p.gid, p.cuid, p.cgid, static_cast<u16>(p.mode), p.seq, p.key};
}

template <class T>
Answer give(i64 r, const T& v, u64 to) {
    if (host_failed(r)) return from_host(r);
    return copyout(v, to) ? ok() : fail(xnu::EFAULT);
}

Answer stat_semaphores(i32 id, u64 to) {
    lnx::semid_ds h{};
    const i64 r = host(lnx::SYS_semctl, id, 0, IPC_STAT, &h);
    xnu::semid_ds d{};
    d.sem_perm = perm_to_guest(h.sem_perm);
    d.sem_nsems = static_cast<u16>(h.sem_nsems);
    d.sem_otime = h.sem_otime;
    d.sem_ctime = h.sem_ctime;
    return give(r, d, to);
}

Answer stat_memory(i32 id, u64 to) {
    lnx::shmid_ds h{};
    const i64 r = host(lnx::SYS_shmctl, id, IPC_STAT, &h);
    xnu::shmid_ds d{};
    d.shm_perm = perm_to_guest(h.shm_perm);
    d.shm_segsz = h.shm_segsz;
    d.shm_lpid = h.shm_lpid;
    d.shm_cpid = h.shm_cpid;
    d.shm_nattch = static_cast<i16>(h.shm_nattch);
    d.shm_atime = h.shm_atime;
    d.shm_dtime = h.shm_dtime;
    d.shm_ctime = h.shm_ctime;
    return give(r, d, to);
}

Answer stat_messages(i32 id, u64 to) {
    lnx::msqid_ds h{};
    const i64 r = host(lnx::SYS_msgctl, id, IPC_STAT, &h);
    xnu::msqid_ds d{};
    d.msg_perm = perm_to_guest(h.msg_perm);
    d.msg_cbytes = h.msg_cbytes;
    d.msg_qnum = h.msg_qnum;
    d.msg_qbytes = h.msg_qbytes;
    d.msg_lspid = h.msg_lspid;
    d.msg_lrpid = h.msg_lrpid;
    d.msg_stime = h.msg_stime;
    d.msg_rtime = h.msg_rtime;
    d.msg_ctime = h.msg_ctime;
    return give(r, d, to);
}

void set_perm(lnx::ipc64_perm& to, const xnu::ipc_perm& from) {
    to.uid = from.uid;
    to.gid = from.gid;
    to.mode = from.mode;
}

}  // namespace

Answer bsd_semget(Trap& trap) { return from_host(host(lnx::SYS_semget, trap.i(0), trap.i(1), trap.i(2))); }
Answer bsd_semop(Trap& trap) {
    if (trap.i(2) < 0 || trap.i(2) > 5) return fail(xnu::E2BIG);  // seminfo.semopm
    return from_host(host_blocking(lnx::SYS_semop, trap.i(0), trap.w(1), trap.i(2)));  // never restarted
}
Answer bsd_semctl(Trap& trap) {
    const i32 id = trap.i(0), number = trap.i(1);
    constexpr i32 host_command[10] = {0, 1, 2, 14, 11, 12, 13, 15, 16, 17};
    switch (const i32 command = trap.i(2)) {
    case IPC_RMID: return from_host(host(lnx::SYS_semctl, id, 0, IPC_RMID, 0));
    case IPC_STAT: return stat_semaphores(id, trap.w(3));
    case IPC_SET: {
        xnu::semid_ds d;
        if (!copyin(d, trap.w(3))) return fail(xnu::EFAULT);
        lnx::semid_ds h{};
        set_perm(h.sem_perm, d.sem_perm);
        return from_host(host(lnx::SYS_semctl, id, 0, IPC_SET, &h));
    }
    case 3: case 4: case 5: case 6: case 7: case 9: return from_host(host(lnx::SYS_semctl, id, number, host_command[command], trap.w(3)));
    case 8: return from_host(host(lnx::SYS_semctl, id, number, host_command[8], trap.i(3)));
    default: return fail(xnu::EINVAL);
    }
}

Answer bsd_msgget(Trap& trap) { return from_host(host(lnx::SYS_msgget, trap.i(0), trap.i(1))); }
Answer bsd_msgsnd(Trap& trap) { return from_host(host_blocking(lnx::SYS_msgsnd, trap.i(0), trap.w(1), trap.w(2), trap.i(3))); }
Answer bsd_msgrcv(Trap& trap) {
    return from_host(host_blocking(lnx::SYS_msgrcv, trap.i(0), trap.w(1), trap.w(2), trap.w(3), trap.i(4) & 0x1800));
}
Answer bsd_msgctl(Trap& trap) {
    switch (trap.i(1)) {
    case IPC_RMID: return from_host(host(lnx::SYS_msgctl, trap.i(0), IPC_RMID, 0));
    case IPC_STAT: return stat_messages(trap.i(0), trap.w(2));
    case IPC_SET: {
        xnu::msqid_ds d;
        if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
        if (d.msg_qbytes == 0) return fail(xnu::EINVAL);
        lnx::msqid_ds h{};
        set_perm(h.msg_perm, d.msg_perm);
        h.msg_qbytes = d.msg_qbytes;
        return from_host(host(lnx::SYS_msgctl, trap.i(0), IPC_SET, &h));
    }
    default: return fail(xnu::EINVAL);
    }
}

Answer bsd_shmget(Trap& trap) { return from_host(host(lnx::SYS_shmget, trap.i(0), trap.w(1), trap.i(2))); }
Answer bsd_shmat(Trap& trap) {
    constexpr i32 read_only = 0x1000, rounds = 0x2000;
    u64 at = trap.w(1);
    if (trap.i(2) & rounds) at &= ~4095ull;
    lnx::shmid_ds h{};
    const i64 found = host(lnx::SYS_shmctl, trap.i(0), IPC_STAT, &h);
    if (host_failed(found) && found != -lnx::EACCES) return from_host(found);
    if (at & 4095) return fail(xnu::EINVAL);
    if (at && hits_emulator(at, h.shm_segsz)) return fail(xnu::ENOMEM);
    const i64 r = host(lnx::SYS_shmat, trap.i(0), at, trap.i(2) & read_only);
    return at && r == -lnx::EINVAL ? fail(xnu::ENOMEM) : from_host(r);  // something is there
}
Answer bsd_shmdt(Trap& trap) { return from_host(host(lnx::SYS_shmdt, trap.w(0))); }
Answer bsd_shmctl(Trap& trap) {
    switch (trap.i(1)) {
    case IPC_RMID: return from_host(host(lnx::SYS_shmctl, trap.i(0), IPC_RMID, 0));
    case IPC_STAT: return stat_memory(trap.i(0), trap.w(2));
    case IPC_SET: {
        xnu::shmid_ds d;
        if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
        lnx::shmid_ds h{};
        set_perm(h.shm_perm, d.shm_perm);
        return from_host(host(lnx::SYS_shmctl, trap.i(0), IPC_SET, &h));
    }
    default: return fail(xnu::EINVAL);
    }
}

}  // namespace trapeze
