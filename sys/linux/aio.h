// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: what asynchronous I/O and io_uring's setup take and give. The ring's own entries are a protocol of their own and not here.
// Source: include/uapi/linux/{aio_abi,io_uring}.h; fs/aio.c for __aio_sigset.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr u16 IOCB_CMD_PREAD = 0, IOCB_CMD_PWRITE = 1, IOCB_CMD_FSYNC = 2, IOCB_CMD_FDSYNC = 3, IOCB_CMD_POLL = 5, IOCB_CMD_NOOP = 6,
              IOCB_CMD_PREADV = 7, IOCB_CMD_PWRITEV = 8;
constexpr u32 IOCB_FLAG_RESFD = 1, IOCB_FLAG_IOPRIO = 2;

struct iocb {
    u64 aio_data;  // comes back in io_event
    u32 aio_key;
    i32 aio_rw_flags;  // RWF_*
    u16 aio_lio_opcode;
    i16 aio_reqprio;
    u32 aio_fildes;
    u64 aio_buf;
    u64 aio_nbytes;
    i64 aio_offset;
    u64 reserved;
    u32 aio_flags;
    u32 aio_resfd;
};
static_assert(sizeof(iocb) == 64 && offsetof(iocb, aio_lio_opcode) == 16 && offsetof(iocb, aio_buf) == 24 && offsetof(iocb, aio_flags) == 56);

struct io_event {
    u64 data;
    u64 obj;
    i64 res;
    i64 res2;
};
static_assert(sizeof(io_event) == 32);

struct __aio_sigset {
    const u64* sigmask;
    usize sigsetsize;  // 8
};
static_assert(sizeof(__aio_sigset) == 16);

struct io_sqring_offsets {
    u32 head, tail, ring_mask, ring_entries, flags, dropped, array, reserved;
    u64 user_addr;
};
struct io_cqring_offsets {
    u32 head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved;
    u64 user_addr;
};
struct io_uring_params {
    u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd;
    u32 reserved[3];
    io_sqring_offsets sq_off;
    io_cqring_offsets cq_off;
};
static_assert(sizeof(io_uring_params) == 120 && offsetof(io_uring_params, sq_off) == 40 && offsetof(io_uring_params, cq_off) == 80 &&
              offsetof(io_cqring_offsets, cqes) == 20 && offsetof(io_sqring_offsets, array) == 24);

}  // namespace trapeze::lnx
