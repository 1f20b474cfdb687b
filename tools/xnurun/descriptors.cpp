// SPDX-License-Identifier: BSD-3-Clause
// See descriptors.h. The tables are of the first 64 Ki numbers; atomic, since any thread opens and closes. What a call asks lies
// together, two bytes a number: small programs touch one page of it. What a fork looks through is a bit set.
#include "tools/xnurun/descriptors.h"

#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/process.h"

namespace trapeze {

HostLock limit_lock;

namespace {

constexpr u32 numbers = 1 << 16;
enum Flag : u8 {
    no_socket = 1,  // clear at first: what was inherited may be anything
    own = 2,
    without_sigpipe = 4,
    kept_in = 8,
};
struct State {
    u8 kind;   // sort, domain << 2, type << 6; domains to 15, types to 3
    u8 flags;
};
State* state;
u64 not_for_children[numbers / 64];

bool get(Flag flag, i32 fd) {
    return static_cast<u32>(fd) < numbers && __atomic_load_n(&state[fd].flags, __ATOMIC_RELAXED) & flag;
}
void put(Flag flag, i32 fd, bool on) {
    if (static_cast<u32>(fd) >= numbers) return;
    if (flag != own && process().vforked) return;  // the parent's are in the same memory and none of that child's business
    if (on) __atomic_fetch_or(&state[fd].flags, flag, __ATOMIC_RELAXED);
    else __atomic_fetch_and(&state[fd].flags, static_cast<u8>(~flag), __ATOMIC_RELAXED);
}

constexpr i32 f_dupfd_cloexec = 1030, rlimit_nofile = 7;

}  // namespace

void init_descriptors() { state = static_cast<State*>(host_pages(numbers * sizeof(State))); }

bool may_be_socket(i32 fd) { return !get(no_socket, fd); }
void set_socket(i32 fd, bool maybe) {
    put(no_socket, fd, !maybe);
    know(fd, {});
}

Known known(i32 fd) {
    if (static_cast<u32>(fd) >= numbers || process().vforked) return {};
    const u8 k = __atomic_load_n(&state[fd].kind, __ATOMIC_RELAXED);
    return {static_cast<Known::Sort>(k & 3), static_cast<u8>(k >> 2 & 15), static_cast<u8>(k >> 6)};
}
void know(i32 fd, Known k) {
    if (static_cast<u32>(fd) >= numbers || process().vforked || (k.sort == Known::socket && (k.domain > 15 || k.type > 3))) return;
    __atomic_store_n(&state[fd].kind, static_cast<u8>(k.sort | k.domain << 2 | k.type << 6), __ATOMIC_RELAXED);
}
bool hidden(i32 fd) { return get(own, fd); }

// The guest may have used up its limit of descriptors, or lowered it below our numbers: it is lifted for the moment, as far as the
// hard limit goes, and a little beyond it for who may do that.
class Lifted {
public:
    Lifted() : hold_(limit_lock) {
        host(lnx::SYS_prlimit64, 0, rlimit_nofile, 0, was_);
        const u64 all[2] = {was_[1], was_[1]}, more[2] = {was_[1] + 8, was_[1] + 8};
        if (was_[0] < was_[1] || host_failed(host(lnx::SYS_prlimit64, 0, rlimit_nofile, more, 0)))
            host(lnx::SYS_prlimit64, 0, rlimit_nofile, all, 0);
    }
    ~Lifted() { host(lnx::SYS_prlimit64, 0, rlimit_nofile, was_, 0); }
    Lifted(const Lifted&) = delete;

private:
    Locked hold_;
    u64 was_[2];
};

i64 open_own(const char* path, i32 flags, i32 directory) {
    const i64 r = host(lnx::SYS_openat, directory, path, flags | lnx::O_CLOEXEC, 0);
    if (r != -lnx::EMFILE) return r;
    const Lifted lifted;
    return host(lnx::SYS_openat, directory, path, flags | lnx::O_CLOEXEC, 0);
}

// Under the lifted limit what lies highest is taken.
i32 hidden_made(u64 number, u64 a, u64 b, u64 c, u64 d) {
    i64 made = host(number, a, b, c, d), r = host_failed(made) ? made : host(lnx::SYS_fcntl, made, f_dupfd_cloexec, hidden_from);
    if (made == -lnx::EMFILE || (!host_failed(made) && host_failed(r))) {
        const Lifted lifted;
        if (host_failed(made)) r = made = host(number, a, b, c, d);
        if (!host_failed(made)) r = -lnx::EMFILE;
        for (i64 from = hidden_from; !host_failed(made) && host_failed(r) && from >= 3; from /= 2)
            r = host(lnx::SYS_fcntl, made, f_dupfd_cloexec, from);
    }
    if (!host_failed(made)) host(lnx::SYS_close, made);
    if (!host_failed(r)) put(own, static_cast<i32>(r), true);
    return static_cast<i32>(r);
}

i32 hidden_copy(i32 fd) {
    const i64 r = host(lnx::SYS_fcntl, fd, f_dupfd_cloexec, hidden_from);
    if (host_failed(r)) return hidden_made(lnx::SYS_dup, static_cast<u64>(fd));
    put(own, static_cast<i32>(r), true);
    return static_cast<i32>(r);
}

void close_hidden(i32 fd) {
    if (fd < 0) return;
    put(own, fd, false);
    host(lnx::SYS_close, fd);
}

bool close_on_fork(i32 fd) {
    const u32 n = static_cast<u32>(fd);
    return n < numbers && __atomic_load_n(&not_for_children[n / 64], __ATOMIC_RELAXED) >> n % 64 & 1;
}
void set_close_on_fork(i32 fd, bool on) {
    const u32 n = static_cast<u32>(fd);
    if (n >= numbers || process().vforked || on == close_on_fork(fd)) return;
    __atomic_fetch_xor(&not_for_children[n / 64], 1ull << n % 64, __ATOMIC_RELAXED);
}
bool confined(i32 fd) { return get(kept_in, fd); }
void set_confined(i32 fd) { put(kept_in, fd, true); }

void vfork_child_descriptors() {
    for (u32 word = 0; word < numbers / 64; word++)
        for (u64 bits = not_for_children[word]; bits; bits &= bits - 1) host(lnx::SYS_close, word * 64 + static_cast<u32>(__builtin_ctzll(bits)));
}

void fork_child_descriptors() {
    for (u32 word = 0; word < numbers / 64; word++)
        while (const u64 bits = not_for_children[word]) {
            const i32 fd = static_cast<i32>(word * 64 + static_cast<u32>(__builtin_ctzll(bits)));
            descriptor_closing(fd);
            host(lnx::SYS_close, fd);
        }
}

bool quiet(i32 fd) { return get(without_sigpipe, fd); }
void set_quiet(i32 fd) { put(without_sigpipe, fd, true); }

void descriptor_closing(i32 fd) {
    if (process().vforked) return;
    know(fd, {});
    put(without_sigpipe, fd, false);
    set_close_on_fork(fd, false);
    put(kept_in, fd, false);
    guard_forget(fd);
    kqueue_descriptor_closing(fd);
}

void descriptor_copied(i32 from, i32 to) {
    set_socket(to, may_be_socket(from));
    know(to, known(from));
    if (from != to) {
        put(without_sigpipe, to, quiet(from));
        put(kept_in, to, confined(from));
        set_close_on_fork(to, confined(from));
    }
    kqueue_descriptor_copied(from, to);
}

}  // namespace trapeze
