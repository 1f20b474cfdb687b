// SPDX-License-Identifier: BSD-3-Clause
// xnurun [OPTIONS] PROGRAM [ARGS]: runs a static Darwin/amd64 program on Linux. This file: options, start, end.
//
// Without options nothing is printed unless the run cannot go on. The environment goes to the program as it is, and
// none of it means anything to the emulator.
#include "sys/args.h"
#include "sys/auxv_linux.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/inject.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/sysctl.h"
#include "tools/xnurun/trace.h"

namespace trapeze {

const char* run_options[max_run_options];
u32 run_option_count;

namespace {

const char* program_path;  // --program
bool want_stats, start_stopped;
bool reported;

constexpr const char help[] =
    "usage: xnurun [OPTIONS] PROGRAM [ARGS]\n"
    "Runs a static Darwin/amd64 Mach-O (LC_UNIXTHREAD) on Linux/amd64 and answers its traps as XNU does\n"
    "A test instrument, not a sandbox: the program can do what you can.\n"
    "\n"
    "  --trace                      every trap on a line of stderr, decoded\n"
    "  --inject=TRAP:RESULT[:WHEN]  such traps fail with an errno or a kern_return_t (name or number), unexecuted;\n"
    "                               WHEN: N the N-th alone, N+ from the N-th on, P%SEED P of 100 at random; repeatable\n"
    "  --xnu=ERA                    just the release 10.5, 10.6, 10.11, 10.13, 12, 13, 14 or 15: its calls, its kern.osrelease,\n"
    "                               mach_msg or (from 13 on) mach_msg2, gettimeofday by registers or memory; without it the\n"
    "                               calls of every era are there, and what cannot be both ways is as in 10.11\n"
    "  --program=PATH               the file to run; what follows is its argv, the first word too\n"
    "  --stats                      at the end, one line of stderr: ports, semaphores, threads, mapped bytes\n"
    "  --help, --version\n"
    "\n"
    "Status: the program's own; a signal that ends it ends xnurun alike. 2 wrong usage; 125 the emulator cannot go on\n"
    "(a trap that XNU has and it has not: the message names it); 126 PROGRAM is found but cannot be run; 127 not found.\n";

constexpr const char version[] = "xnurun 0.1.0 (Trapeze)\n";

bool starts(const char* s, const char* with) {
    while (*with && *s == *with) s++, with++;
    return !*with;
}

[[noreturn]] void usage(const char* what, const char* option) {
    eprint("xnurun: ", what, " ", option, " (xnurun --help tells more)\n");
    exit_run(status_usage);
}

// The index of PROGRAM; with --program, of its argv, which may be empty.
i32 options(i32 argc, char** argv) {
    for (i32 n = 1; n < argc; n++) {
        const char* a = argv[n];
        if (a[0] != '-') return n;
        if (str_eq(a, "--")) {
            if (n + 1 < argc || program_path) return n + 1;
            break;
        }
        if (starts(a, "--program=")) {
            program_path = a + 10;
            continue;
        }
        if (str_eq(a, "--stopped")) {  // posix_spawn's START_SUSPENDED
            start_stopped = true;
            continue;
        }
        if (run_option_count == max_run_options) usage("too many options, from", a);
        run_options[run_option_count++] = a;
        if (str_eq(a, "--trace")) {
            tracing = true;
        } else if (str_eq(a, "--stats")) {
            want_stats = true;
        } else if (starts(a, "--xnu=")) {
            if (!era_choose(a + 6)) usage("unknown era in", a);
        } else if (starts(a, "--inject=")) {
            if (const char* wrong = inject_parse(a + 9)) usage(wrong, a);
        } else if (str_eq(a, "--help")) {
            print(help);
            exit_run(0);
        } else if (str_eq(a, "--version")) {
            print(version);
            exit_run(0);
        } else {
            usage("unknown option", a);
        }
    }
    if (program_path) return argc;
    usage("PROGRAM is missing:", "xnurun [OPTIONS] PROGRAM [ARGS]");
}

// For those who ask about processes: the arguments on the stack, and the name, which the host's /proc shows too.
void remember_program(const Guest& guest, const char* path) {
    constexpr i32 pr_set_name = 15;
    const char* name = path;
    for (const char* p = path; *p; p++)
        if (*p == '/' && p[1]) name = p + 1;
    host(lnx::SYS_prctl, pr_set_name, name);
    if (!guest.stack_top) return;
    const u64* word = reinterpret_cast<const u64*>(guest.regs.rsp);
    const u64 argc = *word;
    word += 1 + argc + 1;
    while (*word) word++;
    sysctl_remember_arguments(word[1], argc);
}

}  // namespace

void report_end() {
    if (!want_stats || __atomic_exchange_n(&reported, true, __ATOMIC_RELAXED)) return;
    const PortCount n = port_count();
    eprint("xnurun: ports ", n.names, " (receive ", n.receive, ", send ", n.send, ", send-once ", n.send_once, ", dead ",
           n.dead, "), semaphores ", semaphores_living(), ", threads started ", threads_started, " living ",
           threads_living, ", mapped bytes ", guest_mapped_bytes, "\n");
}

void exit_run(i32 status) {
    report_end();
    for (;;) host(lnx::SYS_exit_group, status);
}

}  // namespace trapeze

// Compiled freestanding, where main is a function like any other: rt0 wants it by this name.
int main(int argc, char** argv, char** envp) asm("main");

int main(int argc, char** argv, char** envp) {
    using namespace trapeze;
    const i32 program = options(argc, argv);
    char message[512];
    if (!reserve_guest_areas(argv, envp, message, sizeof message)) {
        eprint("xnurun: ", Str{message, str_len(message)}, "\n");
        exit_run(status_cannot_go_on);
    }
    static Guest guest;
    if (const i32 failed = load_guest(program_path ? program_path : argv[program], argv + program, envp, guest, message, sizeof message)) {
        eprint("xnurun: ", Str{message, str_len(message)}, "\n");
        exit_run(failed == xnu::ENOENT || failed == xnu::ENOTDIR ? status_not_found : status_cannot_load);
    }

    Thread* first = thread_new();
    if (!first) give_up("no memory for the first thread");
    Thread& thread = *first;
    host(lnx::SYS_arch_prctl, lnx::ARCH_SET_FS, &thread);
    u64 mask = 0;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, 0, &mask, 8);
    thread.mask = darwin_mask_of(mask) & ~unmaskable;
    thread.is_main = true;
    use_fsgsbase = auxval(lnx::AT_HWCAP2) & 2;
    guest_user_stack = guest.stack_top ? guest_stack_top : guest.regs.rsp;
    remember_program(guest, program_path ? program_path : argv[program]);
    init_guest_memory(guest.plan.high);
    init_stack_limit(guest.stack_low ? guest_stack_top - guest.stack_low : 0);
    init_ports();
    thread_list_add(thread);
    init_signals();

    static HostContext context;
    init_host_context(thread, context);
    lnx::sigcontext& regs = context.uc_mcontext;
    const MachoRegs& r = guest.regs;
    regs.rax = r.rax, regs.rbx = r.rbx, regs.rcx = r.rcx, regs.rdx = r.rdx, regs.rdi = r.rdi, regs.rsi = r.rsi;
    regs.rbp = r.rbp, regs.rsp = r.rsp, regs.r8 = r.r8, regs.r9 = r.r9, regs.r10 = r.r10, regs.r11 = r.r11;
    regs.r12 = r.r12, regs.r13 = r.r13, regs.r14 = r.r14, regs.r15 = r.r15, regs.rip = r.rip;
    regs.eflags = (r.rflags & 0xcd5) | 0x200;
    arm_thread(thread);
    if (start_stopped) host(lnx::SYS_tgkill, host(lnx::SYS_getpid), thread.tid, lnx::SIGSTOP);
    enter_guest(&context);
}
