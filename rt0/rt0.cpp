// SPDX-License-Identifier: BSD-3-Clause
// From the kernel's entry to the program's main, in the heritage's order: check, args, osinit, schedinit, static
// constructors, the main goroutine.
//
// The scheduler is linked only into programs that use it: schedinit and schedstart are weak here and do the least, sched
// brings the real ones along with go(). So a program without goroutines runs main on the kernel's stack and carries
// no scheduler. With one, constructors and main run as goroutine 1, on the same stack.
// Rejected: a registration table walked at start (bytes for everyone, and an order to define), and a weak reference
// (Mach-O has none without dyld).
#include "rt0/rt0.h"

#include "sys/args.h"
#include "sys/os.h"
#include "sys/panic.h"

int main(int argc, char** argv, char** envp) asm(TRAPEZE_MAIN);

namespace trapeze {

// Layouts are asserted at compile time, next to each structure. What only a run can show is the compiler's atomics on
// this CPU, and a stack that is aligned as calls expect it.
static void check() {
    u64 word = 1;
    u64 expected = 1;
    const bool swapped = __atomic_compare_exchange_n(&word, &expected, 2, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (!swapped || __atomic_fetch_add(&word, 3, __ATOMIC_SEQ_CST) != 2 || word != 5) throw_("check: atomics do not work");
    if (reinterpret_cast<uptr>(__builtin_frame_address(0)) % 16) throw_("check: the stack is not aligned");
}

extern "C" {

[[gnu::weak]] void schedinit() {}

[[gnu::weak]] void schedstart() {}

[[noreturn, gnu::cold]] void rt0_start(i32 count, char** vector) {
    check();
    args(count, vector);
    osinit();
    schedinit();
    for (const Constructor* c = constructors_begin(); c != constructors_end(); c++) (*c)(argc(), argv(), envp());
    schedstart();
    exit_process(main(argc(), argv(), envp()));
}

}  // extern "C"

}  // namespace trapeze
