// SPDX-License-Identifier: BSD-3-Clause
// execve: bsd/kern/kern_exec.c of xnu-3248. Everything that XNU would refuse is found before the old image goes:
// path, permissions, format, the strings. Then
//   a Mach-O is run by a new xnurun with the same options (--program=PATH, the guest's argv behind it);
//   a script (`#!`) becomes its interpreter's words, the script's path and the arguments; its interpreter is no script;
//   a program of the host runs natively, which XNU has not: so that /bin/sh and the like can be called.
// Descriptors, mask and ignored signals pass through the host's execve as they are.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/exec.h"
#include "tools/xnurun/handed.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/trace.h"

namespace trapeze {
namespace {

enum class Format : u8 { macho, script, host };

i32 errno_of(i64 host_result) { return static_cast<i32>(from_host(host_result).rax); }

bool blank(char c) { return c == ' ' || c == '\t'; }
bool end_of_line(char c) { return c == '#' || c == '\n'; }

// The file at `path`, looked at as far as exec_check_permissions and the image activators look.
i32 examine(const char* path, u8* head, Format& format) {
    i64 fd = open_own(path, lnx::O_RDONLY | lnx::O_NONBLOCK);  // of a pipe that has a name it is not the writer that is wanted
    const bool readable = !host_failed(fd);
    if (!readable) fd = open_own(path, lnx::O_PATH);
    if (host_failed(fd)) return errno_of(fd);
    const i32 failed = [&]() -> i32 {
        lnx::stat st;
        host(lnx::SYS_fstat, fd, &st);
        if ((st.st_mode & lnx::S_IFMT) != lnx::S_IFREG || !(st.st_mode & 0111)) return xnu::EACCES;
        constexpr i32 x_ok = 1, at_eaccess = 0x200;
        const i64 allowed = host(lnx::SYS_faccessat2, fd, "", x_ok, at_eaccess | lnx::AT_EMPTY_PATH);
        if (host_failed(allowed) && allowed != -lnx::ENOSYS) return errno_of(allowed);
        format = Format::host;  // executable, not readable: the kernel can read it
        if (!readable) return 0;
        memset(head, 0, exec_shell_line);
        const u64 size = static_cast<u64>(st.st_size);
        const i64 file = size ? host(lnx::SYS_mmap, nullptr, size, lnx::PROT_READ, lnx::MAP_PRIVATE, fd, 0) : -lnx::ENOEXEC;
        if (host_failed(file)) return errno_of(file);
        // Cut off meanwhile, it is as if it were empty.
        (void)copyin(head, static_cast<u64>(file), size < exec_shell_line ? size : exec_shell_line);
        i32 wrong = 0;
        if (head[0] == '#' && head[1] == '!') format = Format::script;
        else if (head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F') format = Format::host;
        else format = Format::macho, wrong = examine_macho(reinterpret_cast<const u8*>(file), size);
        host(lnx::SYS_munmap, file, size);
        return wrong;
    }();
    host(lnx::SYS_close, fd);
    return failed;
}

// exec_shell_imgact: from the first character that is no blank to the last one of the line, without a comment.
i32 interpreter_line(const u8* head, char* line) {
    u64 from = 2;
    while (from < exec_shell_line && blank(static_cast<char>(head[from]))) from++;
    if (from == exec_shell_line || end_of_line(static_cast<char>(head[from]))) return xnu::ENOEXEC;
    u64 to = from;
    while (to < exec_shell_line && !end_of_line(static_cast<char>(head[to]))) to++;
    if (to == exec_shell_line) return xnu::ENOEXEC;
    while (blank(static_cast<char>(head[to - 1]))) to--;
    memcpy(line, head + from, to - from);
    line[to - from] = 0;
    return 0;
}

bool take(ExecImage& m, u64 bytes) {
    if (m.left < bytes) return false;
    m.left -= bytes;
    return true;
}

i32 add_string(ExecImage& m, const char*& word, u64 from) {
    char* at = m.text;
    const i32 failed = copyin_string(at, from, m.left);
    if (failed) return failed == xnu::ENAMETOOLONG ? xnu::E2BIG : failed;
    const u64 size = str_len(at) + 1;
    if (!take(m, size) || !take(m, 8)) return xnu::E2BIG;
    m.text += size;
    word = at;
    return 0;
}

// A null-terminated array of the guest's, from its n-th word on; a null array is empty.
i32 add_strings(ExecImage& m, const char** to, u64& count, u64 array) {
    for (; array; array += 8) {
        u64 word;
        if (!copyin(word, array)) return xnu::EFAULT;
        if (!word) break;
        if (count + 1 >= exec_most_words) return xnu::E2BIG;
        if (const i32 failed = add_string(m, to[count], word)) return failed;
        count++;
    }
    return take(m, 8) ? 0 : xnu::E2BIG;
}

}  // namespace

i32 exec_prepare(ExecImage& m, u64 path, u64 argv_at, u64 envp_at, bool stopped, bool new_task) {
    i32 failed = exec_path(m.path, path);
    if (failed) return failed;
    Format format;
    failed = examine(m.path, m.head, format);
    if (failed) return failed;

    m.left = era >= 7195050 ? exec_arg_max : exec_arg_max / 4;
    m.text = m.strings;
    const char** argv = m.words + run_option_count + 8;  // room for the emulator's own words before it
    u64 argc = 0, array = argv_at;
    const char* program = m.path;
    if (format == Format::script) {
        failed = interpreter_line(m.head, m.interpreter_line);
        if (failed) return failed;
        for (char* p = m.interpreter_line; *p;) {
            argv[argc++] = p;
            while (*p && !blank(*p)) p++;
            const u64 size = static_cast<u64>(p - argv[argc - 1]) + 1;
            if (!take(m, size + 8)) return xnu::E2BIG;
            while (blank(*p)) *p++ = 0;
        }
        argv[argc++] = m.path;
        if (!take(m, str_len(m.path) + 1 + 8)) return xnu::E2BIG;
        u64 first = 0;
        if (array && !copyin(first, array)) return xnu::EFAULT;
        if (first) array += 8;  // the script's path stands for it
        program = argv[0];
        failed = examine(program, m.head, format);
        if (!failed && format == Format::script) failed = xnu::ENOEXEC;
        if (failed) return failed;
    }
    u64 envc = 0;
    failed = add_strings(m, argv, argc, array);
    if (!failed) failed = add_strings(m, m.envp, envc, envp_at);
    if (failed) return failed;
    argv[argc] = nullptr;
    m.envp[envc] = nullptr;

    m.file = program;
    char* option = m.text;
    m.native = format != Format::macho;
    if (m.native && strict) return xnu::ENOEXEC;
    if (!m.native) {
        constexpr char key[] = "--program=";
        memcpy(option, key, sizeof key - 1);
        memcpy(option + sizeof key - 1, program, str_len(program) + 1);
        *--argv = "--";
        *--argv = option;
        memcpy(m.mask_option, "--mask=", 8);  // its digits come last of all
        *--argv = m.mask_option;
        memcpy(m.limits_option, "--limits=", 10);
        if (limits_write(m.limits_option + 9)) *--argv = m.limits_option;
        if (stopped) *--argv = "--stopped";
        memcpy(m.socket_options, handed_options_name, sizeof handed_options_name);
        if (kept_options_write(m.socket_options + sizeof handed_options_name - 1)) *--argv = m.socket_options;
        if (kept_ports_write(m.ports, new_task)) *--argv = m.ports;
        for (u32 n = run_option_count; n-- > 0;) *--argv = run_options[n];
        *--argv = "xnurun";
        m.file = "/proc/self/exe";
    }
    m.argv = argv;
    return 0;
}

// What the guest does not ignore is at the host's default when the mask opens: a signal that comes then does what it would do to
// the new image, and none finds a handler that is about to go. (It also undoes what the host was made to ignore because XNU's
// default does: the new image must not take that for the guest's wish.) A new xnurun begins with all signals held: handlers are
// the host's execve's to take away, and only that wish is undone.
static void defaults_for_exec(bool leaving, bool native) {
    Locked hold(signal_lock);
    for (i32 n = 1; n < 32; n++) {
        if (process().actions[n].handler == xnu::SIG_IGN || n == xnu::SIGKILL || n == xnu::SIGSTOP) continue;
        if (!native && !host_ignores(n)) continue;
        const lnx::kernel_sigaction standard{};
        if (leaving) host(lnx::SYS_rt_sigaction, host_signal(n), &standard, 0, 8);
        else apply_host_action(n);
    }
}

// What the host knows of the thread's mask leaves out the signals that the emulator needs; the next image is told of all.
static u64 exec_mask(u32 mask) {
    u64 bits = 0;
    for (i32 n = 1; n < 32; n++)
        if (mask & sigbit(n) & ~unmaskable) bits |= 1ull << (host_signal(n) - 1);
    return bits;
}

i32 exec_launch(ExecImage& m, u32 mask) {
    process_tell(xnu::NOTE_EXEC);
    defaults_for_exec(true, m.native);
    if (m.native) {
        const u64 bits = exec_mask(mask) | 1ull << (host_stop - 1);
        host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &bits, 0, 8);
        limits_for_native(true);
    } else {
        char* at = m.mask_option + sizeof "--mask=" - 1;
        hex_put(at, mask, 8);
    }
    const i64 r = host(lnx::SYS_execve, m.file, m.argv, m.envp);
    if (m.native) {
        const u64 all = ~0ull;
        host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, 0, 8);
        limits_for_native(false);
    }
    defaults_for_exec(false, m.native);
    return errno_of(r);
}

// No signal may fall between the trap and the new image: from here on the host keeps them. True: one was recorded before, and
// unless it is masked its handler must run first; one that is masked is handed back to the host, to be pending in the new image.
bool exec_keep_signals(Thread& t, u64& host_mask_before) {
    const u64 all = ~0ull;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &host_mask_before, 8);
    const u32 pending = __atomic_load_n(&t.pending, __ATOMIC_ACQUIRE);
    return pending & ~t.mask;
}
void exec_hand_back(Thread& t) {
    for (u32 left = t.pending & t.mask; left; left &= left - 1)
        host(lnx::SYS_tgkill, own_pid(), t.tid, host_signal(__builtin_ctz(left) + 1));
}

void exec_trace_flush(Thread& t) {
    if (t.trace.used) trace_flush(t);
}

ExecImage* exec_image_new() {
    const i64 r = host(lnx::SYS_mmap, 0, sizeof(ExecImage), lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    return host_failed(r) ? nullptr : reinterpret_cast<ExecImage*>(r);
}
void exec_image_free(ExecImage* m) { host(lnx::SYS_munmap, m, sizeof(ExecImage)); }

Answer bsd_execve(Trap& trap) {
    ExecImage* m = exec_image_new();
    if (!m) return fail(xnu::ENOMEM);
    i32 failed = exec_prepare(*m, trap.w(0), trap.w(1), trap.w(2), false, era >= era_10_12);
    if (!failed) {
        u64 mask;
        if (exec_keep_signals(trap.thread, mask)) failed = -1;
        else {
            exec_trace_flush(trap.thread);
            exec_hand_back(trap.thread);
            const bool assumed = trap.thread.assumed;  // the new image is the process's, whoever its thread was
            const Identity before = assumed ? identity_here() : Identity{};
            identity_of_process(trap.thread);
            trap.thread.image = m;
            failed = exec_launch(*m, trap.thread.mask);
            trap.thread.image = nullptr;
            if (assumed) identity_again(before);
        }
        host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &mask, 0, 8);
    }
    exec_image_free(m);
    return failed < 0 ? begin_again() : fail(failed);
}

}  // namespace trapeze
