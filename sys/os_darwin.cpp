// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/os.h.
#include "sys/os.h"

#include "sys/args.h"
#include "sys/calls.h"
#include "sys/darwin/release.h"

// clang's -fstack-protector code for macOS compares with this symbol (on Linux it looks into the thread's block).
extern "C" {
trapeze::uptr __stack_chk_guard;
}

namespace trapeze {

static Tls first_block;

void exit_process(i32 status) { sys_exit(status); }

// Machdep call 3 cannot fail; it returns a segment selector (osfmk/i386/bsd_i386_native.c).
void set_thread_block(Tls* block) {
    block->self = block;
    (void)sys_thread_fast_set_cthread_self64(reinterpret_cast<u64>(block));
}

// XNU passes random bytes in apple[] (bsd/kern/kern_exec.c exec_add_apple_strings, from xnu-1699): "stack_guard=0x...".
// Kernels before that give none: then the canary is the time stamp counter, which at least differs from run to run.
static u64 random_word() {
    u64 v = 0;
    for (char** apple = static_cast<char**>(after_envp()); *apple; apple++) {
        const char* p = *apple;
        const char* key = "stack_guard=0x";
        while (*key && *p == *key) p++, key++;
        if (*key) continue;
        for (; *p; p++) v = v << 4 | static_cast<u64>(*p <= '9' ? *p - '0' : (*p | 32) - 'a' + 10);
        return v;
    }
    return __builtin_ia32_rdtsc();
}

[[gnu::weak]] void release_init() {}

void osinit() {
    __stack_chk_guard = random_word() & ~0xffull;
    set_thread_block(&first_block);
    release_init();
}

Result pages_map(usize n) {
    return sys_mmap(nullptr, n, xnu::PROT_READ | xnu::PROT_WRITE, xnu::MAP_PRIVATE | xnu::MAP_ANON | xnu::MAP_NORESERVE, -1, 0);
}

Result pages_unmap(void* at, usize n) { return sys_munmap(at, n); }

Result pages_guard(void* at, usize n) { return sys_mprotect(at, n, xnu::PROT_NONE); }

i32 cpu_count() {
    i32 name[2] = {6, 3};  // CTL_HW, HW_NCPU (bsd/sys/sysctl.h)
    i32 n = 0;
    usize size = sizeof n;
    Result r = sys_sysctl(name, 2, &n, &size, nullptr, 0);
    return r.ok() && n > 0 ? n : 1;
}

}  // namespace trapeze
