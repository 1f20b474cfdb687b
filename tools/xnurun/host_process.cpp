// SPDX-License-Identifier: BSD-3-Clause
// See host_process.h. Linux's Documentation/filesystems/proc.rst: stat and status.
#include "tools/xnurun/host_process.h"

#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/host.h"

namespace trapeze {
namespace {

constexpr u64 ticks_per_second = 100, page = 4096;

u64 read_file(i32 pid, const char* name, char* to, u64 room) {
    char path[48] = "/proc/", digits[12];
    u64 n = 6, d = 0;
    for (u32 v = static_cast<u32>(pid); v || !d; v /= 10) digits[d++] = static_cast<char>('0' + v % 10);
    while (d) path[n++] = digits[--d];
    path[n++] = '/';
    memcpy(path + n, name, str_len(name) + 1);
    const i64 fd = open_own(path, lnx::O_RDONLY);
    if (host_failed(fd)) return 0;
    const i64 r = host(lnx::SYS_read, fd, to, room - 1);
    host(lnx::SYS_close, fd);
    if (host_failed(r)) return 0;
    to[r] = 0;
    return static_cast<u64>(r);
}

class Numbers {
public:
    explicit Numbers(const char* p) : p_(p) {}
    bool more() {
        while (*p_ == ' ' || *p_ == '\t') p_++;
        return *p_ == '-' || (*p_ >= '0' && *p_ <= '9');
    }
    i64 next() {
        if (!more()) return 0;
        const bool negative = *p_ == '-';
        if (negative) p_++;
        u64 v = 0;
        while (*p_ >= '0' && *p_ <= '9') v = v * 10 + static_cast<u64>(*p_++ - '0');
        return static_cast<i64>(negative ? -v : v);
    }
    void skip(int n) { while (n--) (void)next(); }

private:
    const char* p_;
};

const char* line_of(const char* text, const char* key) {
    const usize n = str_len(key);
    for (const char* p = text; *p; p++)
        if ((p == text || p[-1] == '\n') && memcmp(p, key, n) == 0) return p + n;
    return nullptr;
}

// When the host began, in the wall's time. Looked at once: a process begins at one time, as often as it is asked for.
i64 booted_us() {
    static i64 booted;  // atomic; two threads may both look
    i64 us = __atomic_load_n(&booted, __ATOMIC_RELAXED);
    if (us) return us;
    lnx::timespec up{};
    host(lnx::SYS_clock_gettime, lnx::CLOCK_BOOTTIME, &up);
    us = static_cast<i64>(wall_ns() / 1000) - up.tv_sec * 1000000 - up.tv_nsec / 1000;
    __atomic_store_n(&booted, us, __ATOMIC_RELAXED);
    return us;
}

}  // namespace

bool host_process(i32 pid, HostProcess& p) {
    p = {};
    char text[2048];
    if (pid <= 0) return false;
    u64 size = read_file(pid, "stat", text, sizeof text);
    const char *open = text, *close = text + size;
    while (*open && *open != '(') open++;
    while (close > open && *close != ')') close--;
    if (!size || close <= open) return false;
    for (u64 i = 0; open + 1 + i < close && i < 16; i++) p.name[i] = open[1 + i];
    p.pid = pid;
    p.state = close[2];
    Numbers n(close + 3);
    p.ppid = static_cast<i32>(n.next());
    p.group = static_cast<i32>(n.next());
    p.session = static_cast<i32>(n.next());
    const u32 tty = static_cast<u32>(n.next());
    p.terminal = tty ? (tty >> 8 & 0xfff) << 24 | (tty & 0xff) | (tty >> 12 & 0xfff00) : ~0u;
    p.terminal_group = static_cast<i32>(n.next());
    n.skip(5);  // flags, faults
    p.user_ns = static_cast<u64>(n.next()) * (1000000000 / ticks_per_second);
    p.system_ns = static_cast<u64>(n.next()) * (1000000000 / ticks_per_second);
    n.skip(3);  // of children; priority
    p.nice = static_cast<i32>(n.next());
    p.threads = static_cast<u32>(n.next());
    n.skip(1);
    const i64 started = n.next();
    p.mapped = static_cast<u64>(n.next());
    p.resident = static_cast<u64>(n.next()) * page;
    p.start_us = booted_us() + started * (1000000 / static_cast<i64>(ticks_per_second));

    size = read_file(pid, "status", text, sizeof text);
    if (!size) return false;
    if (const char* at = line_of(text, "Uid:")) {
        Numbers ids(at);
        for (u32& id : p.uid) id = static_cast<u32>(ids.next());
    }
    if (const char* at = line_of(text, "Gid:")) {
        Numbers ids(at);
        for (u32& id : p.gid) id = static_cast<u32>(ids.next());
    }
    p.groups[p.group_count++] = p.gid[1];
    if (const char* at = line_of(text, "Groups:"))
        for (Numbers ids(at); ids.more() && p.group_count < 16;) {
            const u32 id = static_cast<u32>(ids.next());
            if (id != p.gid[1]) p.groups[p.group_count++] = id;
        }
    return true;
}

HostProcesses::HostProcesses() : fd_(open_own("/proc", lnx::O_RDONLY | lnx::O_DIRECTORY)) {}
HostProcesses::~HostProcesses() {
    if (!host_failed(fd_)) host(lnx::SYS_close, fd_);
}

i32 HostProcesses::next() {
    for (;;) {
        if (at_ >= filled_) {
            at_ = 0;
            filled_ = host_failed(fd_) ? 0 : host(lnx::SYS_getdents64, fd_, buffer_, sizeof buffer_);
            if (filled_ <= 0) return 0;
        }
        const u8* entry = buffer_ + at_;  // struct linux_dirent64: ino, off, u16 size, u8 type, name
        at_ += entry[16] | entry[17] << 8;
        i32 pid = 0;
        const u8* c = entry + 19;
        while (*c >= '0' && *c <= '9') pid = pid * 10 + (*c++ - '0');
        if (pid && !*c) return pid;
    }
}

}  // namespace trapeze
