// SPDX-License-Identifier: BSD-3-Clause
// What xnurun is stricter about under --strict; started by strict_test.py, which looks at what is said on stderr.
//   darwin_strict odd           pointers and stacks that are too odd for their types: the kernel takes them all
//   darwin_strict refused ELF SCRIPT   a program of the host cannot be executed
//   darwin_strict executed ELF SCRIPT  it can
#include "tests/conformance/darwin_mach.h"

static u32 ran;

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs* r) {
    __atomic_store_n(&ran, r->rsp % 16 == 8 ? 1 : 2, __ATOMIC_SEQ_CST);
    for (;;) call(bsd + 361, 0, 0, 0, 0);
}

static void odd() {
    alignas(16) static u8 memory[256], stack[65536];
    for (int n = 0; n < 3; n++) same(static_cast<i64>(Trap(bsd + 116, memory + 4, 0, 0).go().r.rflags & carry), 0, "gettimeofday into four bytes beside");
    check(memory[4] || memory[5] || memory[6], "which it fills");
    same(static_cast<i64>(call(bsd + 194, 8, memory + 2)), 0, "getrlimit into two bytes beside");
    same(static_cast<i64>(call(bsd + 46, 30, memory + 65, 0)), 0, "sigaction from an odd place");
    same(static_cast<i64>(call(bsd + 3, -1, memory + 1, 1)), 9, "bytes may lie anywhere");
    u32 port = reply_port();
    Buffer& b = *reinterpret_cast<Buffer*>(memory + 130);
    same(message_trap(&b, 2 | 0x100, 0, 64, port), 0x10004003, "mach_msg with a buffer that is two bytes beside: timed out, as it should");
    u64 pid;
    asm volatile("sub $4, %%rsp\n syscall\n add $4, %%rsp" : "=a"(pid) : "a"(bsd + 20) : "rcx", "rdx", "r11", "memory", "cc");
    same(static_cast<i64>(pid), static_cast<i64>(call(bsd + 20)), "a trap with an odd stack");
    call(bsd + 366, &raw_thread_entry, &raw_thread_entry, 4096, 0, 0, 0, 0);
    static Regs started;
    check(!Trap(bsd + 360, &raw_thread, &started, stack + sizeof stack - 8, 0, 0x01000000).go().failed(), "a thread on an odd stack");
    while (!__atomic_load_n(&ran, __ATOMIC_SEQ_CST)) call(mach + 60);
    same(ran, 1, "runs there");
}

static i64 spawned(const char* path) {
    i32 pid = 0, status = -1;
    const char* const words[] = {path, nullptr};
    const char* const none[] = {nullptr};
    const Trap t = Trap(bsd + 244, &pid, path, 0, words, none).go();
    if (t.failed()) return static_cast<i64>(t.r.rax);
    call(bsd + 7, pid, &status, 0, 0);
    return -status;
}

static i64 executed(const char* path) {
    const char* const words[] = {path, nullptr};
    const char* const none[] = {nullptr};
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) call(bsd + 1, call(bsd + 59, path, words, none));
    i32 status = -1;
    call(bsd + 7, child.r.rax, &status, 0, 0);
    return status >> 8 & 0xff;
}

int raw_main(int argc, char** argv) {
    if (argc == 2 && argv[1][0] == 'q') return 0;
    say("TAP version 13\n");
    if (argc < 4) {
        odd();
        return done();
    }
    const i64 expected = argv[1][0] == 'r' ? 8 : 0;  // ENOEXEC
    same(executed(argv[2]), expected, "execve of a program of the host");
    same(spawned(argv[2]), expected, "posix_spawn");
    same(executed(argv[3]), expected, "execve of a script whose interpreter is one");
    same(spawned(argv[3]), expected, "posix_spawn");
    const char* const words[] = {argv[0], "quiet", nullptr};
    i32 pid = 0, status = -1;
    same(static_cast<i64>(call(bsd + 244, &pid, argv[0], 0, words, &words[2])), 0, "a program of Darwin is another matter");
    call(bsd + 7, pid, &status, 0, 0);
    same(status, 0, "and ends well");
    return done();
}
