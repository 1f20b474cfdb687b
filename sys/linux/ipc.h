// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: System V's messages, semaphores and shared memory, and POSIX message queues, as the calls take them.
// The structs are those of IPC_64, the only ones that 64-bit programs get; semctl's fourth argument is an address of one of them or a
// number. Source: include/uapi/asm-generic/{ipcbuf,msgbuf,shmbuf}.h, arch/x86/include/uapi/asm/sembuf.h, include/uapi/linux/{sem,mqueue}.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

struct ipc64_perm {
    i32 key;
    u32 uid, gid, cuid, cgid;
    u32 mode;
    u16 seq;
    u16 pad;
    u64 unused[2];
};
static_assert(sizeof(ipc64_perm) == 48 && offsetof(ipc64_perm, mode) == 20 && offsetof(ipc64_perm, unused) == 32);

struct msqid_ds {
    ipc64_perm msg_perm;
    i64 msg_stime, msg_rtime, msg_ctime;
    u64 msg_cbytes, msg_qnum, msg_qbytes;
    i32 msg_lspid, msg_lrpid;
    u64 unused[2];
};
static_assert(sizeof(msqid_ds) == 120 && offsetof(msqid_ds, msg_stime) == 48 && offsetof(msqid_ds, msg_qbytes) == 88 &&
              offsetof(msqid_ds, msg_lspid) == 96);

struct sembuf {
    u16 sem_num;
    i16 sem_op;
    i16 sem_flg;
};
static_assert(sizeof(sembuf) == 6);

struct semid_ds {
    ipc64_perm sem_perm;
    i64 sem_otime;
    u64 unused1;
    i64 sem_ctime;
    u64 unused2;
    u64 sem_nsems;
    u64 unused3[2];
};
static_assert(sizeof(semid_ds) == 104 && offsetof(semid_ds, sem_ctime) == 64 && offsetof(semid_ds, sem_nsems) == 80);

struct shmid_ds {
    ipc64_perm shm_perm;
    u64 shm_segsz;
    i64 shm_atime, shm_dtime, shm_ctime;
    i32 shm_cpid, shm_lpid;
    u64 shm_nattch;
    u64 unused[2];
};
static_assert(sizeof(shmid_ds) == 112 && offsetof(shmid_ds, shm_atime) == 56 && offsetof(shmid_ds, shm_cpid) == 80 &&
              offsetof(shmid_ds, shm_nattch) == 88);

struct mq_attr {
    i64 mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs;
    i64 reserved[4];
};
static_assert(sizeof(mq_attr) == 64 && offsetof(mq_attr, mq_curmsgs) == 24);

}  // namespace trapeze::lnx
