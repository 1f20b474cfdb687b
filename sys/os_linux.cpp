// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/os.h.
#include "sys/os.h"

#include "sys/args.h"
#include "sys/auxv_linux.h"
#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

static Tls first_block;

u64 auxval(u64 type) {
    for (u64* a = static_cast<u64*>(after_envp()); a[0] != lnx::AT_NULL; a += 2)
        if (a[0] == type) return a[1];
    return 0;
}

void exit_process(i32 status) { sys_exit_group(status); }

void set_thread_block(Tls* block) {
    block->self = block;
    Result r = sys_arch_prctl(lnx::ARCH_SET_FS, reinterpret_cast<u64>(block));
    if (r.failed()) die_errno("arch_prctl(ARCH_SET_FS)", r);
}

void osinit() {
    // AT_RANDOM: 16 random bytes from the kernel. The canary's lowest byte is 0, so that no string runs over it.
    if (const u64* random = reinterpret_cast<const u64*>(auxval(lnx::AT_RANDOM))) first_block.canary = *random & ~0xffull;
    set_thread_block(&first_block);
}

Result pages_map(usize n) {
    return sys_mmap(nullptr, n, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE, -1, 0);
}

Result pages_unmap(void* at, usize n) { return sys_munmap(at, n); }

}  // namespace trapeze
