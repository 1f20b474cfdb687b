// SPDX-License-Identifier: BSD-3-Clause
// select: what is ready, how long it waits, descriptors beyond a fd_set, what it refuses; never restarted after a signal.
#include "tests/sys/net_tools.h"

#include "sys/process.h"
#include "sys/signals.h"

using namespace trapeze;

namespace {

constexpr bool linux = kernel::AF_INET6 == 10;
constexpr u32 most = 2048;

struct Set {
    alignas(8) u8 bits[most / 8] = {};
    Set& add(i32 fd) {
        bits[fd / 8] = static_cast<u8>(bits[fd / 8] | 1 << fd % 8);
        return *this;
    }
    bool has(i32 fd) const { return bits[fd / 8] >> fd % 8 & 1; }
    kernel::fd_set* at() { return reinterpret_cast<kernel::fd_set*>(bits); }
};

Result look(i32 nd, Set* in, Set* out, Set* special, kernel::timeval* time) {
    return sys_select(nd, in ? in->at() : nullptr, out ? out->at() : nullptr, special ? special->at() : nullptr, time);
}
kernel::timeval time_of(i64 seconds, i32 us) {
    kernel::timeval t{};
    t.tv_sec = seconds;
    t.tv_usec = us;
    return t;
}

i32 came;
void on_alarm(i32, SignalInfo*, SignalContext*) { came++; }
void alarm_in(i32 ms) {
    kernel::itimerval t{};
    t.it_value.tv_usec = ms * 1000;
    (void)sys_setitimer(0, &t, nullptr);
}

void ready() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    const i32 a = pair[0], b = pair[1], nd = (a > b ? a : b) + 1;
    kernel::timeval now = time_of(0, 0);
    Set in, out;
    ok(look(nd, &in.add(a), &out.add(a), nullptr, &now).raw == 1 && !in.has(a) && out.has(a), "an empty one is writable, not readable");
    ok(write(b, "x", 1), "a byte");
    in.add(a), in.add(b), out.add(b);
    ok(look(nd, &in, &out, nullptr, &now).raw == 3 && in.has(a) && !in.has(b) && out.has(a) && out.has(b), "each bit that is set counts once");
    ok(look(a, &in, nullptr, nullptr, &now).raw == 0 && !in.has(a), "nd bounds what is looked at; the rest of its word is cleared");
    ok(look(0, nullptr, nullptr, nullptr, &now).raw == 0, "of nothing");
    char c;
    ok(read(a, &c, 1), "read");
    i64 start = nanotime();
    kernel::timeval little = time_of(0, 30'000);
    ok(look(nd, &in.add(a), nullptr, nullptr, &little).raw == 0 && !in.has(a) && nanotime() - start >= 30'000'000, "the time passes, and no bit is left");
    ok(linux ? little.tv_usec == 0 : little.tv_usec == 30'000, "Linux writes back what is left of it, Darwin does not");
    ok(close(b).ok() && look(nd, &in.add(a), nullptr, nullptr, nullptr).raw == 1 && in.has(a), "an end is readable");
    (void)close(a);

    const i32 lonely = number(socket(AF_INET, SOCK_STREAM));
    in = {}, out = {};
    now = time_of(0, 20'000);
    start = nanotime();
    const Result r = look(lonely + 1, &in.add(lonely), &out.add(lonely), nullptr, &now);
    ok(linux ? r.raw == 2 : r.raw == 0 && nanotime() - start >= 20'000'000, "a socket that never had a peer: ready for all on Linux, for nothing on Darwin");
    (void)close(lonely);

    i32 ends[2];
    if (!tcp_pair(ends)) return;
    Set special;
    now = time_of(5, 0);
    ok(send(ends[0], "!", 1, kernel::MSG_OOB).ok() && look(ends[1] + 1, nullptr, nullptr, &special.add(ends[1]), &now).raw == 1 && special.has(ends[1]), "urgent data are exceptional");
    for (const i32 fd : ends) (void)close(fd);
}

void beyond() {
    constexpr i32 high = 1500;
    kernel::rlimit before{}, more{};
    (void)sys_getrlimit(kernel::RLIMIT_NOFILE, &before);
    more = before;
    more.rlim_cur = more.rlim_max < 2000 ? more.rlim_max : 2000;
    (void)sys_setrlimit(kernel::RLIMIT_NOFILE, &more);
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    const Result copy = sys_fcntl(pair[0], 0, high);
    if (copy.failed()) return skip("descriptors are limited", "beyond a fd_set");
    Set in;
    kernel::timeval now = time_of(0, 0);
    const i32 fd = number(copy);
    ok(fd >= high && look(fd + 1, &in.add(fd), nullptr, nullptr, &now).raw == 0 && !in.has(fd), "a descriptor beyond a fd_set: nothing to read");
    ok(write(pair[1], "x", 1).ok() && look(fd + 1, &in.add(fd), nullptr, nullptr, &now).raw == 1 && in.has(fd), "a byte");
    for (const i32 n : {fd, pair[0], pair[1]}) (void)close(n);
    ok(look(0x7fffffff, nullptr, nullptr, nullptr, &now).raw == 0, "nd is cut to what the table holds");
    (void)sys_setrlimit(kernel::RLIMIT_NOFILE, &before);
}

void refused() {
    Set in;
    kernel::timeval now = time_of(0, 0), wrong = time_of(0, -1);
    fails(look(-1, nullptr, nullptr, nullptr, &now), kernel::EINVAL, "nd below 0: EINVAL");
    fails(look(1, nullptr, nullptr, nullptr, &wrong), kernel::EINVAL, "a negative time: EINVAL");
    wrong = time_of(-1, 0);
    fails(look(1, nullptr, nullptr, nullptr, &wrong), kernel::EINVAL, "of seconds too");
    wrong = time_of(0, 1'000'000);
    const Result r = look(0, nullptr, nullptr, nullptr, linux ? &now : &wrong);
    ok(linux ? r.ok() : r.err() == kernel::EINVAL, "a million microseconds: EINVAL on Darwin");
    const i32 fd = number(open(argv()[0], O_RDONLY));
    (void)close(fd);
    fails(look(fd + 1, &in.add(fd), nullptr, nullptr, &now), kernel::EBADF, "one that is not open: EBADF");
    fails(sys_select(8, nowhere<kernel::fd_set>(), nullptr, nullptr, &now), kernel::EFAULT, "bits nowhere: EFAULT");
    fails(sys_select(8, nullptr, nowhere<kernel::fd_set>(), nullptr, &now), kernel::EFAULT, "for writing too");
    fails(sys_select(8, nullptr, nullptr, nowhere<kernel::fd_set>(), &now), kernel::EFAULT, "and the rest");
    fails(sys_select(0, nullptr, nullptr, nullptr, nowhere<kernel::timeval>()), kernel::EFAULT, "a time nowhere: EFAULT");
}

void interrupted() {
    for (const u64 flags : {u64{0}, u64{kernel::SA_RESTART}}) {
        ok(signal_handle(kernel::SIGALRM, on_alarm, flags), flags ? "a handler with SA_RESTART" : "a handler");
        came = 0;
        alarm_in(20);
        fails(look(0, nullptr, nullptr, nullptr, nullptr), kernel::EINTR, "EINTR");
        ok(came == 1, "when it had run");
    }
}

}  // namespace

int main() {
    print("TAP version 13\n");
    ready();
    beyond();
    refused();
    interrupted();
    return done();
}
