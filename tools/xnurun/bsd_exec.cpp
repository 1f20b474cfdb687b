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
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/trace.h"

namespace trapeze {
namespace {

constexpr u64 arg_max = 256 << 10;  // NCARGS before xnu-7195: strings of argv and envp with their pointers
constexpr u64 path_max = 1024, shell_line = 512;
constexpr u64 most_words = arg_max / 9 + 600;  // a word takes its pointer and at least a byte

// What the new image is started with. All in one host mapping.
struct Image {
    char path[path_max];
    char interpreter_line[shell_line];
    u8 head[shell_line];
    u64 left;                 // of arg_max
    char* text;               // the next free byte of strings
    const char* argv[most_words + max_run_options + 8];
    const char* envp[most_words];
    char strings[arg_max + path_max + 16];  // the program's path as an option comes last
};

i32 errno_of(i64 host_result) { return static_cast<i32>(from_host(host_result).rax); }

enum class Format : u8 { macho, script, host };

bool blank(char c) { return c == ' ' || c == '\t'; }
bool end_of_line(char c) { return c == '#' || c == '\n'; }

// The file at `path`, looked at as far as exec_check_permissions and the image activators look.
i32 examine(const char* path, u8* head, Format& format) {
    const i64 fd = host(lnx::SYS_open, path, lnx::O_PATH | lnx::O_CLOEXEC, 0);
    if (host_failed(fd)) return errno_of(fd);
    lnx::stat st;
    host(lnx::SYS_fstat, fd, &st);
    host(lnx::SYS_close, fd);
    if ((st.st_mode & lnx::S_IFMT) != lnx::S_IFREG || !(st.st_mode & 0111)) return xnu::EACCES;
    constexpr i32 x_ok = 1, at_eaccess = 0x200;
    const i64 allowed = host(lnx::SYS_faccessat2, lnx::AT_FDCWD, path, x_ok, at_eaccess);
    if (host_failed(allowed) && allowed != -lnx::ENOSYS) return errno_of(allowed);

    const i64 file = host(lnx::SYS_open, path, lnx::O_RDONLY | lnx::O_CLOEXEC, 0);
    if (host_failed(file)) {
        format = Format::host;  // executable, not readable: the kernel can read it
        return file == -lnx::EACCES ? 0 : errno_of(file);
    }
    memset(head, 0, shell_line);
    host(lnx::SYS_read, file, head, shell_line);
    i32 failed = 0;
    if (head[0] == '#' && head[1] == '!') format = Format::script;
    else if (head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F') format = Format::host;
    else format = Format::macho, failed = examine_macho(static_cast<i32>(file), static_cast<u64>(st.st_size));
    host(lnx::SYS_close, file);
    return failed;
}

// exec_shell_imgact: from the first character that is no blank to the last one of the line, without a comment.
i32 interpreter_line(const u8* head, char* line) {
    u64 from = 2;
    while (from < shell_line && blank(static_cast<char>(head[from]))) from++;
    if (from == shell_line || end_of_line(static_cast<char>(head[from]))) return xnu::ENOEXEC;
    u64 to = from;
    while (to < shell_line && !end_of_line(static_cast<char>(head[to]))) to++;
    if (to == shell_line) return xnu::ENOEXEC;
    while (blank(static_cast<char>(head[to - 1]))) to--;
    memcpy(line, head + from, to - from);
    line[to - from] = 0;
    return 0;
}

bool take(Image& m, u64 bytes) {
    if (m.left < bytes) return false;
    m.left -= bytes;
    return true;
}

i32 add_string(Image& m, const char*& word, u64 from) {
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
i32 add_strings(Image& m, const char** to, u64& count, u64 array) {
    for (; array; array += 8) {
        u64 word;
        if (!copyin(word, array)) return xnu::EFAULT;
        if (!word) break;
        if (count + 1 >= most_words) return xnu::E2BIG;
        if (const i32 failed = add_string(m, to[count], word)) return failed;
        count++;
    }
    return take(m, 8) ? 0 : xnu::E2BIG;
}

// Signals that the guest has at their default and that do nothing there, but end a process here, are ignored by the host:
// the new image must not take them for ignored ones.
void defaults_for_exec(bool leaving) {
    Locked hold(signal_lock);
    for (i32 n = 1; n < 32; n++) {
        if (guest_actions[n].handler != xnu::SIG_DFL || n == xnu::SIGKILL || n == xnu::SIGSTOP) continue;
        if (xnu_signal_action[n] != SignalAction::ignore) continue;
        const lnx::kernel_sigaction standard{};
        if (leaving) host(lnx::SYS_rt_sigaction, host_signal(n), &standard, 0, 8);
        else apply_host_action(n);
    }
}

i32 execute(Trap& trap, Image& m) {
    i32 failed = copyin_string(m.path, trap.w(0), path_max);
    if (failed) return failed;
    Format format;
    failed = examine(m.path, m.head, format);
    if (failed) return failed;

    m.left = arg_max;
    m.text = m.strings;
    const char** argv = m.argv + run_option_count + 3;  // room for the emulator's own words before it
    u64 argc = 0, array = trap.w(1);
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
    if (!failed) failed = add_strings(m, m.envp, envc, trap.w(2));
    if (failed) return failed;
    argv[argc] = nullptr;
    m.envp[envc] = nullptr;

    const char* file = program;
    char* option = m.text;
    if (format == Format::macho) {
        constexpr char key[] = "--program=";
        memcpy(option, key, sizeof key - 1);
        memcpy(option + sizeof key - 1, program, str_len(program) + 1);
        *--argv = "--";
        *--argv = option;
        for (u32 n = run_option_count; n-- > 0;) *--argv = run_options[n];
        *--argv = "xnurun";
        file = "/proc/self/exe";
    }
    if (tracing) trace_flush(trap.thread);
    defaults_for_exec(true);
    const i64 r = host(lnx::SYS_execve, file, argv, m.envp);
    defaults_for_exec(false);
    return errno_of(r);
}

}  // namespace

Answer bsd_execve(Trap& trap) {
    const i64 r = host(lnx::SYS_mmap, 0, sizeof(Image), lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (host_failed(r)) return fail(xnu::ENOMEM);
    const i32 failed = execute(trap, *reinterpret_cast<Image*>(r));
    host(lnx::SYS_munmap, r, sizeof(Image));
    return fail(failed);
}

}  // namespace trapeze
