// SPDX-License-Identifier: BSD-3-Clause
// See watch.h.
#include "watch.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace fuzz {

bool Emulator::read(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat s {};
    if (fd < 0 || fstat(fd, &s)) return false;
    std::vector<char> file(static_cast<size_t>(s.st_size));
    const bool whole = ::read(fd, file.data(), file.size()) == s.st_size;
    close(fd);
    if (!whole || file.size() < sizeof(Elf64_Ehdr)) return false;
    const auto* head = reinterpret_cast<const Elf64_Ehdr*>(file.data());
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(file.data() + head->e_shoff);
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(file.data() + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD) continue;
        if (!begin || segments[i].p_vaddr < begin) begin = segments[i].p_vaddr;
        if (segments[i].p_vaddr + segments[i].p_memsz > end) end = segments[i].p_vaddr + segments[i].p_memsz;
    }
    for (int i = 0; i < head->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const char* names = file.data() + sections[sections[i].sh_link].sh_offset;
        const auto* symbols = reinterpret_cast<const Elf64_Sym*>(file.data() + sections[i].sh_offset);
        for (size_t n = 0; n < sections[i].sh_size / sizeof(Elf64_Sym); n++) {
            if (!strcmp(names + symbols[n].st_name, "host_call_begin")) sleep_begin = symbols[n].st_value;
            if (!strcmp(names + symbols[n].st_name, "host_call_end")) sleep_end = symbols[n].st_value;
        }
    }
    return sleep_end > sleep_begin;
}

namespace {

// One look at a thread: rip 0, it is in the guest or may wait; else where it is, and in which host call, or -1.
struct Place {
    unsigned long rip = 0;
    long call = -1;
    unsigned long first = 0;
};
Place look(pid_t tid, const Emulator& e) {
    Place where;
    if (ptrace(PTRACE_SEIZE, tid, 0, 0)) return where;
    int status;
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0 && waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status)) {
        user_regs_struct r{};
        iovec io{&r, sizeof r};
        if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) == 0 && r.rip >= e.begin && r.rip < e.end &&
            !(r.rip >= e.sleep_begin && r.rip <= e.sleep_end) && r.orig_rax != SYS_rt_sigtimedwait)  // sigwait, which only its own signals end
            where = {r.rip, static_cast<long>(r.orig_rax), r.rdi};
        // A signal that was on its way is handed on.
        const int signal = status >> 16 ? 0 : WSTOPSIG(status);
        ptrace(PTRACE_DETACH, tid, 0, signal);
    }
    return where;
}

// A thread's state and the hundredths of a second that it has run.
bool times(pid_t pid, pid_t tid, char& state, unsigned long& ticks) {
    FILE* f = fopen(("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/stat").c_str(), "r");
    unsigned long user = 0, system = 0;
    const bool read = f && fscanf(f, "%*d (%*[^)]) %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system) == 3;
    if (f) fclose(f);
    ticks = user + system;
    return read;
}

// A thread of the emulator's own, which runs no guest code and waits for its work, blocks every signal; no other blocks SIGSEGV.
bool servant(pid_t pid, pid_t tid) {
    FILE* f = fopen(("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/status").c_str(), "r");
    char line[200];
    unsigned long blocked = 0;
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "SigBlk:", 7)) blocked = strtoul(line + 7, nullptr, 16);
    if (f) fclose(f);
    return blocked >> 10 & 1;
}

struct Seen {
    int looks = 0, asleep = 0;  // how often in the emulator; and asleep in the same host call
    unsigned long first_ticks = 0, last_ticks = 0;
    Place place;
};

}  // namespace

std::string hangs(pid_t pid, const Emulator& e) {
    constexpr int looks = 14, early = 3;
    std::map<pid_t, Seen> all;
    for (int i = 0; i < looks; i++) {
        DIR* d = opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
        if (!d) return "";
        bool suspicious = false;
        while (const dirent* entry = readdir(d)) {
            const pid_t tid = atoi(entry->d_name);
            char state = 0;
            unsigned long ticks = 0;
            if (tid <= 0 || !times(pid, tid, state, ticks) || servant(pid, tid)) continue;
            const Place where = look(tid, e);
            if (!where.rip) continue;
            Seen& s = all[tid];
            if (!s.looks) s.first_ticks = ticks;
            const bool same = !s.looks || (where.rip == s.place.rip && where.call == s.place.call && where.first == s.place.first);
            if (same && (state == 'S' || state == 'D')) s.asleep++;
            s.looks++, s.last_ticks = ticks, s.place = where;
            suspicious = suspicious || s.looks == i + 1;
        }
        closedir(d);
        if (i >= early && !suspicious) return "";
        usleep(80'000);
    }
    // A thread that is merely never given the processor neither sleeps nor runs.
    for (const auto& [tid, s] : all) {
        const bool sleeps = s.asleep == looks, spins = s.looks == looks && s.last_ticks - s.first_ticks >= 15;
        if (!sleeps && !spins) continue;
        char text[200];
        snprintf(text, sizeof text, "thread %d %s in the emulator, at rip 0x%lx, host call %ld of 0x%lx", tid, sleeps ? "stays asleep" : "spins",
                 s.place.rip, s.place.call, s.place.first);
        return text;
    }
    return "";
}

}  // namespace fuzz
