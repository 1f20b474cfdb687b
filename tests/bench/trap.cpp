// SPDX-License-Identifier: BSD-3-Clause
// What a trap costs: one source for both kernels, so that Darwin's program under xnurun stands beside Linux's own.
//   trap [CASE]    prints "case value" lines, nanoseconds a trap
// getpid: nothing but the way in and out; time: a result in memory (gettimeofday by trap); wake: a wake-up that nobody waits for
// (a futex's, a Mach semaphore's); read1: one byte of /dev/zero; file1: of a
// regular file, the program's own.
#include "trapeze.h"

#include "sys/args.h"
#include "sys/calls.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "trap.h"

using namespace trapeze;

static constexpr i64 rounds = 100'000;

template <class F>
static void measure(const char* name, const char* only, F trap) {
    if (only && !str_eq(name, only)) return;
    for (i64 n = 0; n < 100; n++) trap();  // a site that is rewritten when it is hot is so by now
    const i64 begin = nanotime();
    for (i64 n = 0; n < rounds; n++) trap();
    print(name, " ", (nanotime() - begin) / rounds, "\n");
}

int main() {
    const char* only = argc() > 1 ? argv()[1] : nullptr;
    const i32 zero = static_cast<i32>(open("/dev/zero", 0).value());
    const i32 own = static_cast<i32>(open(argv()[0], 0).value());
    char byte;
    measure("getpid", only, [] { (void)sys_getpid(); });
    measure("time", only, trap_time);
    measure("wake", only, trap_wake);
    measure("read1", only, [&] { (void)sys_read(zero, &byte, 1); });
    measure("file1", only, [&] { (void)pread(own, &byte, 1, 0); });
}
