// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/resource.h, and sysctl.
#include "sys/resource.h"

#include "sys/calls.h"
#include "sys/mem.h"

namespace trapeze {

Usage usage_of(const xnu::rusage& r) {
    auto ns = [](const xnu::timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * i64{1000}; };
    return {ns(r.ru_utime), ns(r.ru_stime), r.ru_maxrss, r.ru_minflt, r.ru_majflt, r.ru_nvcsw, r.ru_nivcsw};
}

Result setlimit(Limit which, Limits limits) {
    const xnu::rlimit raw = {limits.soft, limits.hard};
    return sys_setrlimit(static_cast<i32>(which) | xnu::RLIMIT_POSIX_FLAG, &raw);
}

// Not by the trampoline: its Result cannot hold a nice value below 0.
Result getpriority(i32 which, u32 who, i32* nice) {
    u64 rax = 0x2000000 + 100;
    u64 rdx;
    bool failed;
    asm volatile("syscall" : "+a"(rax), "=d"(rdx), "=@ccc"(failed) : "D"(u64{static_cast<u32>(which)}), "S"(u64{who}) : "rcx", "r11", "memory");
    if (failed) return Result::error(static_cast<i32>(rax));
    *nice = static_cast<i32>(rax);
    return {0};
}

Result setpriority(i32 which, u32 who, i32 nice) { return sys_setpriority(which, who, nice); }

namespace xnu {

Result sysctl(const i32* name, u32 names, void* value, usize* size, const void* fresh, usize fresh_size) {
    return sys_sysctl(name, names, value, size, fresh, fresh_size);
}

// The trap that takes a name came with xnu-2782; the number {0, 3}, which every release has, gives the numbers of a name.
Result sysctl(const char* name, void* value, usize* size, const void* fresh, usize fresh_size) {
    const i32 numbers_of_name[2] = {0, 3};
    i32 numbers[12];
    usize bytes = sizeof numbers;
    Result r = sys_sysctl(numbers_of_name, 2, numbers, &bytes, name, str_len(name));
    if (r.failed()) return r;
    return sys_sysctl(numbers, static_cast<u32>(bytes / sizeof(i32)), value, size, fresh, fresh_size);
}

}  // namespace xnu

}  // namespace trapeze
