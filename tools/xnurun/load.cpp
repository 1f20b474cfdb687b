// SPDX-License-Identifier: BSD-3-Clause
// Maps what the plan says. Each mapping takes its exact address or fails: what
// is there already is the emulator's or the host's, never the guest's.
//
// XNU does not zero the rest of a segment's last file page; neither do we, so a
// program that forgot to pad shows its fault here as there. A program without
// slide is what most are; one that allows a slide gets slide 0, as posix_spawn
// gives it without ASLR.
#include "tools/xnurun/load.h"

#include "sys/darwin/errno.h"
#include "sys/xlat.h"
#include "tools/xnurun/host.h"
#include "tools/xnurun/load_parts.h"
#include "tools/xnurun/macho_file.h"

namespace trapeze {

using macho::Line;
using macho::page_down;
using macho::page_up;

namespace {

i32 to_xnu(i64 r) {
    i32 err = errno_lnx_to_xnu(static_cast<i32>(-r));
    return err ? err : xnu::EIO;
}

i64 map_at(u64 at, u64 size, i32 prot, i32 flags, i32 fd, u64 offset) {
    i64 r = host(lnx::SYS_mmap, at, size, prot, flags | lnx::MAP_PRIVATE | lnx::MAP_FIXED_NOREPLACE, fd, offset);
    if (host_failed(r) || static_cast<u64>(r) == at) return r;
    host(lnx::SYS_munmap, r, size);  // a kernel before 4.17 took the address for a hint
    return -lnx::EEXIST;
}

constexpr i32 rlimit_nofile = 7;
constexpr i32 anonymous = lnx::MAP_ANON | lnx::MAP_NORESERVE;

// A small program is brought in at once: a page fault costs more than to copy a page.
i32 at_once(u64 size) { return size <= 0x8000 ? lnx::MAP_POPULATE : 0; }

// Why `size` bytes at `at` could not be mapped.
void say_why(Line& line, i64 r, u64 at, u64 size, bool executable_file) {
    ((line << "cannot map ").hex(at) << " to ").hex(at + size) << ": ";
    if (-r == lnx::EEXIST) line << "the emulator or the host's kernel is in these addresses";
    else if ((-r == lnx::EPERM || -r == lnx::EACCES) && at < 0x10000)
        line << "Linux forbids addresses this low to this user; allow them with: sysctl -w vm.mmap_min_addr=4096";
    else if (-r == lnx::EPERM && executable_file) line << "its file system is mounted noexec; copy the program elsewhere";
    else if (-r == lnx::ENOMEM) line << "out of memory or mappings (see ulimit -v, vm.overcommit_memory, vm.max_map_count)";
    else (line << "Linux errno ").dec(static_cast<u64>(-r));
}

class Loader {
public:
    Loader(const char* path, Guest& guest, Line& line) : path_(path), guest_(guest), line_(line) {}

    i32 run(const char* const* argv, const char* const* envp) {
        i32 err = open();
        if (!err) err = read_plan();
        for (usize i = 0; !err && i < guest_.plan.nsegments; i++) err = map_segment(guest_.plan.segments[i]);
        if (fd_ >= 0) host(lnx::SYS_close, fd_);
        if (!err) err = stack(argv, envp);
        return err;
    }

private:
    static const char* why_not_opened(i64 e) {
        switch (e) {
        case lnx::ENOENT: return "no such file";
        case lnx::EACCES: return "permission denied; the emulator must be able to read it";
        case lnx::ELOOP: return "too many symbolic links";
        case lnx::ENOTDIR: return "its path goes through what is no folder";
        case lnx::ENAMETOOLONG: return "its name is too long";
        case lnx::EMFILE: case lnx::ENFILE: return "no descriptor is left to open it by (see ulimit -n)";
        default: return nullptr;
        }
    }
    static const char* what_else(u32 kind) {
        switch (kind) {
        case lnx::S_IFDIR: return "a folder";
        case lnx::S_IFIFO: return "a fifo";
        case lnx::S_IFCHR: case lnx::S_IFBLK: return "a device";
        default: return "something else";
        }
    }
    // What people give by mistake, beside what parse_macho knows.
    static const char* other_format(const u8* file, u64 size) {
        if (size >= 2 && file[0] == '#' && file[1] == '!') return "a script, not a Mach-O file; name the Mach-O program that interprets it before it";
        if (size >= 4 && file[0] == 0x7f && file[1] == 'E' && file[2] == 'L' && file[3] == 'F')
            return "a program of Linux (ELF), not a Mach-O file; run it without xnurun";
        return nullptr;
    }

    i32 open() {
        i64 fd = host(lnx::SYS_open, path_, lnx::O_RDONLY | lnx::O_CLOEXEC | lnx::O_NONBLOCK, 0);  // a fifo must not keep us waiting
        if (fd == -lnx::EMFILE) {  // whoever executed it has used up its limit, which stops no exec
            u64 limit[2];
            host(lnx::SYS_prlimit64, 0, rlimit_nofile, 0, limit);
            const u64 lifted[2] = {limit[1], limit[1]};
            host(lnx::SYS_prlimit64, 0, rlimit_nofile, lifted, 0);
            fd = host(lnx::SYS_open, path_, lnx::O_RDONLY | lnx::O_CLOEXEC | lnx::O_NONBLOCK, 0);
            host(lnx::SYS_prlimit64, 0, rlimit_nofile, limit, 0);
        }
        if (host_failed(fd)) {
            if (const char* why = why_not_opened(-fd)) line_ << why;
            else (line_ << "cannot be opened, Linux errno ").dec(static_cast<u64>(-fd));
            return to_xnu(fd);
        }
        fd_ = static_cast<i32>(fd);
        lnx::stat st;
        i64 r = host(lnx::SYS_fstat, fd, &st);
        if (host_failed(r)) return line_ << "cannot be examined", to_xnu(r);
        if ((st.st_mode & lnx::S_IFMT) != lnx::S_IFREG) return line_ << what_else(st.st_mode & lnx::S_IFMT) << ", not a regular file", xnu::EACCES;
        if (!(st.st_mode & 0111)) return line_ << "not executable; allow it with chmod +x", xnu::EACCES;
        size_ = static_cast<u64>(st.st_size);
        return 0;
    }

    // A page holds the commands of most programs, and to read it costs a fifth of what a mapping does. What is longer, or fat, is mapped
    // whole to be parsed: no limit on its commands.
    i32 read_plan() {
        if (!size_) return line_ << "an empty file", xnu::ENOEXEC;
        alignas(4096) static u8 page[4096];
        const i64 n = host(lnx::SYS_pread64, fd_, page, sizeof page, 0);
        if (host_failed(n)) return (line_ << "cannot be read, Linux errno ").dec(static_cast<u64>(-n)), to_xnu(n);
        const ByteView head{page, static_cast<usize>(n)};
        if (const u64 needed = macho_head_size(head); needed && needed <= head.size) return plan(head, {0, "", 0, size_});
        const i64 at = host(lnx::SYS_mmap, nullptr, size_, lnx::PROT_READ, lnx::MAP_PRIVATE, fd_, 0);
        if (host_failed(at)) return (line_ << "cannot be read, Linux errno ").dec(static_cast<u64>(-at)), to_xnu(at);
        const ByteView file{reinterpret_cast<const u8*>(at), size_};
        const i32 err = plan(file, macho_slice(file, size_));
        host(lnx::SYS_munmap, at, size_);
        return err;
    }
    i32 plan(ByteView file, const MachoSlice& slice) {
        if (const char* other = other_format(file.data, file.size)) return line_ << other, xnu::ENOEXEC;
        if (slice.err) return line_ << slice.reason, slice.err;
        guest_.plan = parse_macho({file.data + slice.offset, slice.offset ? slice.size : file.size}, slice.size, slice.offset, size_);
        if (guest_.plan.err) line_ << guest_.plan.reason;
        return guest_.plan.err;
    }

    i32 map_segment(const MachoSegment& s) {
        // XNU's and Linux's protection bits are the same. Executable memory is readable on x86 under XNU, but need not
        // be under Linux, which has protection keys.
        i32 prot = static_cast<i32>(s.initprot & 4 ? s.initprot | 1 : s.initprot);
        u64 from_file = page_up(s.filesize), all = page_up(s.vmsize);
        i64 r = 0;
        u64 at = s.vmaddr, size = from_file;
        if (size) r = map_at(at, size, prot, at_once(size), fd_, s.fileoff);
        if (!host_failed(r) && all > from_file) {
            at = s.vmaddr + from_file, size = all - from_file;
            r = map_at(at, size, prot, (prot & lnx::PROT_WRITE ? lnx::MAP_ANON : anonymous) | at_once(size), -1, 0);
        }
        if (!host_failed(r)) return 0;
        (line_ << "segment ").name(s.name, 16) << ": ";
        say_why(line_, r, at, size, at == s.vmaddr && prot & 4);
        return xnu::ENOMEM;
    }

    // RLIMIT_STACK, which an execve hands on; a host without such a limit, or with a larger one, gives what XNU gives by default.
    static u64 stack_size() {
        constexpr i32 limit_stack = 3;
        u64 limit[2] = {};
        if (host_failed(host(lnx::SYS_prlimit64, 0, limit_stack, 0, limit)) || limit[0] > guest_stack_reserve) return guest_stack_size;
        const u64 size = page_up(limit[0]);
        return size < 0x10000 ? 0x10000 : size;  // the arguments must fit somewhere
    }

    i32 stack(const char* const* argv, const char* const* envp) {
        const u64 accessible = stack_size();
        EntryStack entry{path_, argv, envp, guest_stack_top, accessible, guest_stack_top - guest_stack_reserve,
                         guest_stack_reserve, {}};
        host(lnx::SYS_getrandom, entry.random, sizeof entry.random, 0);
        u64 lowest = guest_stack_top - accessible;
        u64 own = guest_.plan.regs.rsp;
        if (own) {  // the program's own: XNU allocates nothing and only puts the arguments there
            entry.top = page_down(own);
            entry.size = entry.alloc = entry.alloc_size = 0;
            lowest = writable_below(entry.top);
            host(lnx::SYS_munmap, guest_stack_top - guest_stack_reserve, guest_stack_reserve);
        } else {
            i32 prot = lnx::PROT_READ | lnx::PROT_WRITE | (guest_.plan.exec_stack ? lnx::PROT_EXEC : 0);
            i64 r = host(lnx::SYS_mprotect, lowest, accessible, prot);
            if (host_failed(r)) {
                say_why(line_, r, lowest, accessible, false);
                return xnu::ENOMEM;
            }
        }
        u64 rsp = 0;
        i32 err = write_entry_stack(entry, lowest, rsp);
        if (err == xnu::E2BIG) line_ << "arguments and environment are longer than 1 MiB";
        else if (err == xnu::ENAMETOOLONG) line_ << "its path is longer than 1023 bytes";
        else if (err) (line_ << "no room for the arguments in the stack that the program brings, below ").hex(entry.top);
        if (err) return err;

        constexpr u64 IF = 0x200, IOPL = 0x3000, NT = 0x4000, RF = 0x10000;  // EFL_USER_SET, EFL_USER_CLEAR
        guest_.regs = guest_.plan.regs;
        guest_.regs.rsp = rsp;
        guest_.regs.rflags = (guest_.regs.rflags & ~(IOPL | NT | RF)) | IF;
        guest_.regs.cs = 0x2b;
        guest_.stack_low = own ? 0 : lowest;
        guest_.stack_top = own ? 0 : entry.top;
        return 0;
    }

    // How far down from `top` the guest's memory can be written; `top` itself if not at all.
    u64 writable_below(u64 top) const {
        for (usize i = 0; i < guest_.plan.nsegments; i++) {
            const MachoSegment& s = guest_.plan.segments[i];
            if (s.initprot & 2 && s.vmaddr < top && top <= s.vmaddr + page_up(s.vmsize)) return s.vmaddr;
        }
        return top;
    }

    const char* path_;
    Guest& guest_;
    Line& line_;
    i32 fd_ = -1;
    u64 size_ = 0;
};

// True: after an execve of our own, the host's stack will lie elsewhere. Containers often forbid the personality; then
// the next throw of the dice does it.
bool another_layout() {
    constexpr u64 query = 0xffffffff, ADDR_NO_RANDOMIZE = 0x40000;
    i64 now = host(lnx::SYS_personality, query);
    if (host_failed(now) || static_cast<u64>(now) & ADDR_NO_RANDOMIZE) return false;
    if (!host_failed(host(lnx::SYS_personality, static_cast<u64>(now) | ADDR_NO_RANDOMIZE))) return true;
    char randomised = '0';
    i64 fd = host(lnx::SYS_open, "/proc/sys/kernel/randomize_va_space", lnx::O_RDONLY | lnx::O_CLOEXEC, 0);
    if (host_failed(fd)) return false;
    host(lnx::SYS_read, fd, &randomised, 1);
    host(lnx::SYS_close, fd);
    return randomised != '0';
}

}  // namespace

bool reserve_guest_areas(char* const* host_argv, char* const* host_envp, char* message, usize message_size) {
    const struct {
        const char* name;
        u64 at, size;
    } areas[] = {
        {"the guest's stack", guest_stack_top - guest_stack_reserve, guest_stack_reserve},
        {"the commpage", guest_commpage, guest_commpage_size},
    };
    for (auto& area : areas) {
        i64 r = map_at(area.at, area.size, lnx::PROT_NONE, anonymous, -1, 0);
        if (!host_failed(r)) continue;
        if (-r == lnx::EEXIST && another_layout()) host(lnx::SYS_execve, "/proc/self/exe", host_argv, host_envp);
        Line line(message, message_size);
        line << area.name << ": ";
        say_why(line, r, area.at, area.size, false);
        return false;
    }
    return true;
}

i32 examine_macho(const u8* file, u64 size) {
    const MachoSlice slice = macho_slice({file, size}, size);
    return slice.err ? slice.err : parse_macho({file + slice.offset, slice.size}, slice.size, slice.offset, size).err;
}

i32 load_guest(const char* path, const char* const* argv, const char* const* envp, Guest& guest, char* message,
               usize message_size) {
    Line line(message, message_size);
    line.name(path, message_size) << ": ";
    return Loader(path, guest, line).run(argv, envp);
}

}  // namespace trapeze
