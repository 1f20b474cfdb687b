// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: System V's messages, semaphores and shared memory, as 64-bit programs pass them: packed to 4 bytes, or wholly.
// semctl's fourth argument is an address of one of these or a number.
// Source, xnu-11417.121.6: bsd/sys/{ipc,msg,sem}.h, sem_internal.h, shm_internal.h.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

#pragma pack(push, 4)
struct ipc_perm {
    u32 uid, gid, cuid, cgid;
    u16 mode;
    u16 seq;
    i32 key;
};
static_assert(sizeof(ipc_perm) == 24 && offsetof(ipc_perm, mode) == 16 && offsetof(ipc_perm, key) == 20);

struct msqid_ds {
    ipc_perm msg_perm;
    i32 msg_first, msg_last;
    u64 msg_cbytes, msg_qnum, msg_qbytes;
    i32 msg_lspid, msg_lrpid;
    i64 msg_stime;
    i32 pad1;
    i64 msg_rtime;
    i32 pad2;
    i64 msg_ctime;
    i32 pad3;
    i32 pad4[4];
};
static_assert(sizeof(msqid_ds) == 116 && offsetof(msqid_ds, msg_cbytes) == 32 && offsetof(msqid_ds, msg_lspid) == 56 &&
              offsetof(msqid_ds, msg_rtime) == 76 && offsetof(msqid_ds, msg_ctime) == 88);

struct semid_ds {
    ipc_perm sem_perm;
    i32 sem_base;
    u16 sem_nsems;
    i64 sem_otime;
    i32 pad1;
    i64 sem_ctime;
    i32 pad2;
    i32 pad3[4];
};
static_assert(sizeof(semid_ds) == 72 && offsetof(semid_ds, sem_nsems) == 28 && offsetof(semid_ds, sem_otime) == 32 &&
              offsetof(semid_ds, sem_ctime) == 44);

struct shmid_ds {
    ipc_perm shm_perm;
    u64 shm_segsz;
    i32 shm_lpid, shm_cpid;
    i16 shm_nattch;
    i64 shm_atime, shm_dtime, shm_ctime;
    u64 shm_internal;
};
static_assert(sizeof(shmid_ds) == 76 && offsetof(shmid_ds, shm_lpid) == 32 && offsetof(shmid_ds, shm_nattch) == 40 &&
              offsetof(shmid_ds, shm_atime) == 44 && offsetof(shmid_ds, shm_ctime) == 60);
#pragma pack(pop)

struct sembuf {
    u16 sem_num;
    i16 sem_op;
    i16 sem_flg;
};
static_assert(sizeof(sembuf) == 6);

}  // namespace trapeze::xnu
