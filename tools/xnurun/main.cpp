// SPDX-License-Identifier: BSD-3-Clause
// xnurun [OPTIONS] PROGRAM [ARGS]: runs a static Darwin/amd64 program on Linux. This file: options, start, end.
//
// Without options nothing is printed unless the run cannot go on. The environment goes to the program as it is, and
// none of it means anything to the emulator.
#include "sys/args.h"
#include "sys/auxv_linux.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/exec_ports.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/handed.h"
#include "tools/xnurun/inject.h"
#include "tools/xnurun/limits.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/socket_options.h"
#include "tools/xnurun/sysctl.h"
#include "tools/xnurun/tally.h"
#include "tools/xnurun/trace.h"

namespace trapeze {

const char* run_options[max_run_options];
u32 run_option_count;
bool strict;

namespace {

const char* program_path;  // --program
const char* kept_ports;    // what the image before this one leaves
bool start_stopped, watched;  // watched: each trap is somebody's business
u32 fast_after;               // --fast: how many traps make a place hot; 0: none is
bool reported;
u32 handed_mask;                          // --mask, if handed_on
bool handed_on;

constexpr const char help[] =
    "usage: xnurun [OPTIONS] PROGRAM [ARGS]\n"
    "Runs a static Darwin/amd64 program on Linux/amd64, as XNU does.\n"
    "A test instrument, not a sandbox: the program can do what you can.\n"
    "\n"
    "  --trace[=CLASS,...]   traps and signals, a line each, to stderr; CLASS:\n"
    "                        bsd, mach, machdep, messages, signals\n"
    "  --trace-file=PATH     the same, appended to PATH; children write there too\n"
    "  --inject=TRAP:RESULT[:WHEN]  such traps fail unexecuted, with an errno or a\n"
    "                        kern_return_t; WHEN: N the N-th alone, N+ from it on,\n"
    "                        P%SEED P of 100 at random; may be given again\n"
    "  --xnu=ERA             as 10.5, 10.6, 10.11, 10.13, 12, 13, 14 or 15 answers;\n"
    "                        else all calls are there, and the rest is as in 10.11\n"
    "  --fast[=N]            traps that never sleep by no host signal, from places\n"
    "                        that made N (16); not with --trace or --inject\n"
    "  --strict              a host's ELF cannot be executed; odd pointers and rights\n"
    "                        that are left are told\n"
    "  --stats               at the end: each trap's count, ports, threads, memory\n"
    "  --program=PATH        the file to run; what follows is all of its argv\n"
    "  --help, --version\n"
    "\n"
    "Status: the program's own, or its signal. 2 wrong usage, 125 the emulator\n"
    "cannot go on (it says why), 126 PROGRAM cannot be run, 127 it is not there.\n";

constexpr const char version[] = "xnurun 0.1.0 (Trapeze)\n";

bool starts(const char* s, const char* with) {
    while (*with && *s == *with) s++, with++;
    return !*with;
}

// Decimal, 1 to 999,999; else 0.
u32 number(const char* text) {
    u32 n = 0;
    if (str_len(text) > 6) return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return 0;
        n = n * 10 + static_cast<u32>(*text - '0');
    }
    return n;
}

[[noreturn]] void usage(const char* what, const char* option) {
    eprint("xnurun: ", what, " ", option, " (xnurun --help tells more)\n");
    exit_run(status_usage);
}

// Opens it. The option as the next image is to get it: that may begin in another folder.
const char* trace_file(const char* option) {
    static char text[8200];
    constexpr usize key = sizeof "--trace-file=" - 1;
    const char* path = option + key;
    if (!*path || trace_to(path)) usage("cannot open the file of", option);
    if (!tracing) tracing = ~0u;
    if (*path == '/') return option;
    memcpy(text, option, key);
    const i64 r = host(lnx::SYS_getcwd, text + key, 4096);
    if (host_failed(r) || str_len(path) > 4000) usage("too long a name in", option);
    usize at = key + static_cast<usize>(r) - 1;
    text[at++] = '/';
    memcpy(text + at, path, str_len(path) + 1);
    return text;
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
        if (starts(a, "--limits=")) {  // of execve and posix_spawn: bsd_limits.cpp
            limits_read(a + 9);
            continue;
        }
        if (starts(a, "--mask=")) {  // of execve and posix_spawn, eight digits: all signals are held until the program begins
            const char* digits = a + 7;
            handed_mask = static_cast<u32>(hex_get(digits, 8));
            handed_on = true;
            continue;
        }
        if (starts(a, handed_options_name)) {
            kept_options_read(a + sizeof handed_options_name - 1);
            continue;
        }
        if (starts(a, kept_ports_option)) {
            kept_ports = a + sizeof kept_ports_option - 1;
            continue;
        }
        if (run_option_count == max_run_options) usage("too many options, from", a);
        run_options[run_option_count++] = a;
        if (str_eq(a, "--trace")) {
            tracing = ~0u;
        } else if (starts(a, "--trace=")) {
            if (!trace_choose(a + 8)) usage("no such class (bsd, mach, machdep, messages, signals) in", a);
        } else if (starts(a, "--trace-file=")) {
            run_options[run_option_count - 1] = trace_file(a);
        } else if (str_eq(a, "--strict")) {
            strict = true;
        } else if (str_eq(a, "--stats")) {
            tallying = true;
            tally_begin();
        } else if (starts(a, "--xnu=")) {
            if (!era_choose(a + 6)) usage("unknown era in", a);
        } else if (starts(a, "--inject=")) {
            if (const char* wrong = inject_parse(a + 9)) usage(wrong, a);
            watched = true;
        } else if (str_eq(a, "--fast")) {
            fast_after = 16;
        } else if (starts(a, "--fast=")) {
            fast_after = number(a + 7);
            if (!fast_after) usage("no number of traps in", a);
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

void bring_in(const u8* from, const u8* to, i32 advice) {
    const u64 begin = as_word(from) & ~4095ull;
    host(lnx::SYS_madvise, begin, ((as_word(to) + 4095) & ~4095ull) - begin, advice);
}

}  // namespace

void report_end() {
    if ((!tallying && !strict) || (threads_living && process().vforked) || __atomic_exchange_n(&reported, true, __ATOMIC_RELAXED)) return;
    if (tallying) tally_report();
    const PortCount n = port_count();
    if (strict && n.names) {
        eprint("xnurun: rights left: receive ", n.receive, ", send ", n.send, ", send-once ", n.send_once, ", dead ", n.dead, "\n");
        report_rights();
    }
    if (tallying)
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
    // Every page fault here costs what ten host calls do: code, tables and variables come in at once.
    bring_in(__executable_start, edata, lnx::MADV_POPULATE_READ);
    bring_in(edata, end, lnx::MADV_POPULATE_WRITE);
    init_host_pages(128ull << 20);  // names of ports may take 48 MiB of it
    init_descriptors();
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
    if (!handed_on) host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, 0, &mask, 8);
    thread.mask = (handed_on ? handed_mask : darwin_mask_of(mask)) & ~unmaskable;
    thread.is_main = true;
    process().pid = thread.tid = static_cast<i32>(host(lnx::SYS_gettid));
    use_fsgsbase = auxval(lnx::AT_HWCAP2) & 2;
    guest_user_stack = guest.stack_top ? guest_stack_top : guest.regs.rsp;
    remember_program(guest, program_path ? program_path : argv[program]);
    init_guest_memory(guest.plan.pagezero_end, guest.plan.high);
    init_stack_limit(guest.stack_low ? guest_stack_top - guest.stack_low : 0);
    init_ports();
    if (kept_ports) kept_ports_read(kept_ports);
    find_vdso();
    thread_list_add(thread);
    init_signals();
    if (fast_after && !watched && !tracing) init_fast(guest.plan, fast_after);

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
