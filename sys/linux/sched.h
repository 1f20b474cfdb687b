// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: threads and scheduling as the calls take them. Source: include/uapi/linux/{sched,futex,rseq}.h,
// include/uapi/linux/sched/types.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

struct sched_param {
    i32 sched_priority;
};
static_assert(sizeof(sched_param) == 4);

struct sched_attr {  // sched_setattr, sched_getattr
    u32 size;  // 48 before Linux 5.3, which has no util
    u32 sched_policy;
    u64 sched_flags;
    i32 sched_nice;
    u32 sched_priority;
    u64 sched_runtime, sched_deadline, sched_period;
    u32 sched_util_min, sched_util_max;
};
static_assert(sizeof(sched_attr) == 56 && offsetof(sched_attr, sched_nice) == 16 && offsetof(sched_attr, sched_runtime) == 24 &&
              offsetof(sched_attr, sched_util_min) == 48);

struct clone_args {  // clone3; its size goes with it
    u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
static_assert(sizeof(clone_args) == 88 && offsetof(clone_args, stack) == 40 && offsetof(clone_args, set_tid) == 64);

struct robust_list {
    robust_list* next;
};
struct robust_list_head {
    robust_list list;
    i64 futex_offset;
    robust_list* list_op_pending;
};
static_assert(sizeof(robust_list_head) == 24 && offsetof(robust_list_head, list_op_pending) == 16);

struct futex_waitv {  // futex_waitv, futex_requeue
    u64 val;
    u64 uaddr;
    u32 flags;  // FUTEX2_*: 2 for 32 bits, or'ed with FUTEX_PRIVATE_FLAG
    u32 reserved;
};
static_assert(sizeof(futex_waitv) == 24 && offsetof(futex_waitv, flags) == 16);

struct rseq {  // must start at a multiple of 32
    alignas(32) u32 cpu_id_start;
    u32 cpu_id;
    u64 rseq_cs;
    u32 flags;
    u32 node_id;  // since Linux 6.3, as mm_cid
    u32 mm_cid;
    u32 pad;
};
static_assert(sizeof(rseq) == 32 && alignof(rseq) == 32 && offsetof(rseq, rseq_cs) == 8 && offsetof(rseq, mm_cid) == 24);

}  // namespace trapeze::lnx
