// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: asynchronous I/O, as 64-bit programs pass it.
// Source, xnu-11417.121.6: bsd/sys/aio.h (user64_aiocb), bsd/sys/signal.h (user64_sigevent).
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

constexpr i32 SIGEV_NONE = 0, SIGEV_SIGNAL = 1;
struct sigevent {
    i32 sigev_notify;
    i32 sigev_signo;
    u64 sigev_value;
    u64 sigev_notify_function;
    u64 sigev_notify_attributes;
};
static_assert(sizeof(sigevent) == 32 && offsetof(sigevent, sigev_value) == 8);

constexpr i32 LIO_NOP = 0, LIO_READ = 1, LIO_WRITE = 2;
struct aiocb {  // the kernel knows it by its address, until aio_return
    i32 aio_fildes;
    i64 aio_offset;
    void* aio_buf;
    usize aio_nbytes;
    i32 aio_reqprio;
    sigevent aio_sigevent;
    i32 aio_lio_opcode;
};
static_assert(sizeof(aiocb) == 80 && offsetof(aiocb, aio_offset) == 8 && offsetof(aiocb, aio_nbytes) == 24 &&
              offsetof(aiocb, aio_sigevent) == 40 && offsetof(aiocb, aio_lio_opcode) == 72);

}  // namespace trapeze::xnu
