// SPDX-License-Identifier: BSD-3-Clause
// What --strict says of alignment. XNU itself copies bytes and asks for none, but for what every run here answers as it does (message
// sizes of four bytes, ulocks, pages): a pointer that is too odd for its type works there and is a program's mistake all the same,
// which its compiler may punish at any time. So it is told, on stderr, and the trap goes on:
//   - pointers to scalars and structs, by the types in the tables and the alignments of Apple's headers (some are packed to 4);
//   - the stack, where a trap is made: 8 bytes, what push and call keep;
//   - a new thread's own stack: 16 bytes, as the ABI wants it where its function begins (libpthread's start code relies on it).
// Addresses of pages and of bytes, and structs that are not in the list, are not looked at.
#include "tools/xnurun/alignment.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"

namespace trapeze {
namespace {

constexpr struct {
    const char* name;
    u32 alignment;
} structures[] = {
    {"aiocb", 8}, {"attrlist", 4}, {"fd_set", 4}, {"fsid_t", 4}, {"iovec", 8}, {"itimerval", 8}, {"kevent", 4}, {"kevent64_s", 8}, {"kevent_qos_s", 8},
    {"mach_msg_header_t", 4}, {"mach_port_options", 4}, {"mach_timebase_info", 4}, {"mach_timespec", 4}, {"msghdr", 8}, {"msqid_ds", 4},
    {"ntptimeval", 8}, {"pollfd", 4}, {"rlimit", 8}, {"rusage", 8}, {"sa_endpoints", 8}, {"sembuf", 2}, {"sf_hdtr", 8}, {"shmid_ds", 4}, {"sigaction_in", 8},
    {"sigaction_out", 8}, {"sigevent", 8}, {"siginfo_t", 8}, {"stack_t", 8}, {"stat", 8}, {"stat64", 8}, {"statfs", 4}, {"statfs64", 4}, {"timespec", 8},
    {"timeval", 8}, {"timex", 8}, {"timezone", 4}, {"ucontext64", 8},
};

u32 alignment_of(const CallArg& a) {
    if (a.kind == Kind::strv) return 8;
    if (a.kind != Kind::in && a.kind != Kind::out && a.kind != Kind::inout) return 1;
    if (a.structure) {
        for (const auto& s : structures)
            if (str_eq(s.name, a.structure)) return s.alignment;
        return 1;
    }
    switch (a.target) {
    case Kind::none: case Kind::u8: return 1;
    case Kind::u16: case Kind::i16: return 2;
    case Kind::i64: case Kind::u64: case Kind::x64: case Kind::size: case Kind::ssize: case Kind::off:
    case Kind::ptr: case Kind::addr: case Kind::code: case Kind::str: case Kind::strv: return 8;
    default: return 4;
    }
}

// The program's places, and the calls made there, that something was said of: who comes to a full list is silent.
u64 told[64];
bool first_time(u64 rip, u32 rax) {
    const u64 place = rip ^ u64{rax} << 32;
    for (u64& t : told) {
        u64 none = 0;
        if (__atomic_compare_exchange_n(&t, &none, place, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return true;
        if (none == place) return false;
    }
    return false;
}

void say(const Trap& trap, const Call& call, const char* what, u64 value, u32 alignment) {
    const auto& regs = trap.context.uc_mcontext;
    const u64 rip = regs.rip - 2;
    if (first_time(rip, static_cast<u32>(regs.rax))) eprint("xnurun: ", call.name, " at rip ", hex(rip), ": ", what, " is ", hex(value), ", no multiple of ", alignment, "\n");
}

}  // namespace

void check_alignment(const Trap& trap, const Call& call, const Answer& a) {
    if (a.kind == Answer::error && a.rax == xnu::EFAULT) return;  // no pointer at all
    const u64 rsp = trap.context.uc_mcontext.rsp;
    if (rsp % 8) return say(trap, call, "rsp", rsp, 8);
    constexpr u32 gettimeofday = 116;  // whose third argument is garbage of old callers: bsd_proc.cpp
    const bool old_time = trap.klass == TrapClass::bsd && trap.number == gettimeofday && !era && trap.args_valid > 2;
    for (u32 n = 0; n < (old_time ? 2 : trap.args_valid); n++) {  // an error can come before a pointer is looked at
        const u32 wanted = alignment_of(call.args[n]);
        if (trap.w(static_cast<int>(n)) % wanted) return say(trap, call, call.args[n].name, trap.w(static_cast<int>(n)), wanted);
    }
    constexpr u32 bsdthread_create = 360;
    const bool own_stack = trap.klass == TrapClass::bsd && trap.number == bsdthread_create && trap.u(4) & xnu::PTHREAD_START_CUSTOM;
    if (own_stack && trap.w(2) % 16) say(trap, call, "the new thread's stack", trap.w(2), 16);
}

}  // namespace trapeze
