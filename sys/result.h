// SPDX-License-Identifier: BSD-3-Clause
// What a trap returns: a value, or an error number of the kernel that runs the program.
//
// One representation serves both kernels: raw is the value, or -errno in -4095..-1. Linux returns just that. The BSD
// class reports errors by the carry flag with a positive errno; the generated trampolines (tools/abi asm) turn it into
// -errno, which is the one place where Darwin's convention is decoded, as failed() here is the one for the range test.
// Trivially copyable and one register wide, so a trampoline can return it as it stands.
#pragma once
#include "sys/types.h"

namespace trapeze {

struct [[nodiscard]] Result {
    i64 raw;

    bool failed() const { return static_cast<u64>(raw) > static_cast<u64>(-4096); }
    bool ok() const { return !failed(); }
    i64 value() const { return raw; }                              // meaningful if ok()
    i32 err() const { return failed() ? static_cast<i32>(-raw) : 0; }  // errno of the running kernel, 0 if ok()
    static Result error(i32 errno_number) { return {-static_cast<i64>(errno_number)}; }
};

// BSD-class calls with a second result (pipe, fork): rax and rdx.
struct [[nodiscard]] Result2 {
    i64 raw;
    i64 second;

    bool failed() const { return Result{raw}.failed(); }
    bool ok() const { return !failed(); }
    i64 value() const { return raw; }
    i32 err() const { return Result{raw}.err(); }
};

}  // namespace trapeze
