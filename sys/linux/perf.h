// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: what perf_event_open takes. Source: include/uapi/linux/perf_event.h, as of Linux 6.3 (config3).
// The bit-field of the kernel's struct is one word here: C++ leaves the order of bits to the compiler.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr u32 PERF_TYPE_HARDWARE = 0, PERF_TYPE_SOFTWARE = 1, PERF_TYPE_TRACEPOINT = 2, PERF_TYPE_HW_CACHE = 3, PERF_TYPE_RAW = 4;

struct perf_event_attr {
    u32 type;
    u32 size;  // of this struct: 64 in the first kernels, 136 here
    u64 config;
    u64 sample_period;  // or a frequency
    u64 sample_type;
    u64 read_format;
    u64 flags;  // from bit 0: disabled, inherit, pinned, exclusive, exclude_user, exclude_kernel, exclude_hv, exclude_idle, ...
    u32 wakeup_events;
    u32 bp_type;
    u64 config1;
    u64 config2;
    u64 branch_sample_type;
    u64 sample_regs_user;
    u32 sample_stack_user;
    i32 clockid;
    u64 sample_regs_intr;
    u32 aux_watermark;
    u16 sample_max_stack;
    u16 reserved2;
    u32 aux_sample_size;
    u32 reserved3;
    u64 sig_data;
    u64 config3;
};
static_assert(sizeof(perf_event_attr) == 136 && offsetof(perf_event_attr, flags) == 40 && offsetof(perf_event_attr, config1) == 56 &&
              offsetof(perf_event_attr, clockid) == 92 && offsetof(perf_event_attr, sample_max_stack) == 108 &&
              offsetof(perf_event_attr, sig_data) == 120);

}  // namespace trapeze::lnx
