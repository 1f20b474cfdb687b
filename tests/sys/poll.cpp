// SPDX-License-Identifier: BSD-3-Clause
// poll: what is ready, what has hung up, what is not open; deadlines.
#include "tests/sys/net_tools.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    const i64 start = nanotime();
    ok(poll(nullptr, 0, start + 30'000'000).raw == 0 && nanotime() - start >= 30'000'000, "without descriptors it sleeps, never too short");
    ok(poll(nullptr, 0, 0).raw == 0 && poll(nullptr, 0, start).raw == 0, "a deadline in the past only looks");
    fails(poll(nowhere<pollfd>(), 1, 0), kernel::EFAULT, "a bad list is EFAULT");
    fails(poll(nullptr, 1u << 30, 0), kernel::EINVAL, "too long a list is EINVAL");
    pollfd closed[2] = {{1 << 20, POLLIN, 0}, {-1, POLLIN, 77}};
    ok(poll(closed, 2).raw == 1 && closed[0].revents == POLLNVAL && closed[1].revents == 0, "not open is POLLNVAL, at once; negative is nothing");

    if (!answered("sockets")) {
        skip("sockets", "poll of sockets");
        return done();
    }
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    pollfd two[2] = {{pair[0], POLLIN | POLLOUT, 0}, {pair[1], POLLIN, 0}};
    ok(poll(two, 2, 0).raw == 1 && two[0].revents == POLLOUT && two[1].revents == 0, "writable, not readable");
    ok(write(pair[0], "x", 1).raw == 1 && poll(two, 2, 0).raw == 2 && two[1].revents == POLLIN, "a byte makes the other end readable");
    ok(poll(two, 2).raw == 2 && two[1].revents == POLLIN, "and it stays so while the byte is there");
    char c;
    ok(read(pair[1], &c, 1).raw == 1 && poll(two + 1, 1, nanotime() + 5'000'000).raw == 0 && two[1].revents == 0, "no more");
    ok(shutdown(pair[0], SHUT_WR).ok() && poll(two + 1, 1).raw == 1 && two[1].revents & POLLIN, "the peer's end is readable");
    const bool darwin = kernel::AF_INET6 == 30;
    ok(((two[1].revents & POLLHUP) != 0) == darwin, "with POLLHUP on Darwin, without on Linux");
    (void)close(pair[0]);
    ok(poll(two + 1, 1).raw == 1 && two[1].revents == (POLLIN | POLLHUP), "a closed peer is POLLIN and POLLHUP");
    two[1].events = POLLOUT;
    ok(poll(two + 1, 1).raw == 1 && (two[1].revents & POLLHUP), "also for who wants to write");
    (void)close(pair[1]);

    i32 ends[2];
    if (tcp_pair(ends)) {
        two[0] = {ends[0], POLLIN | POLLOUT, 0};
        ok(poll(two, 1).raw == 1 && two[0].revents == POLLOUT, "TCP: writable");
        (void)close(ends[1]);
        two[0].events = POLLIN;
        ok(poll(two, 1).raw == 1 && two[0].revents & POLLIN, "and readable when the peer is gone");
        (void)close(ends[0]);
    }

    // many at once
    static pollfd list[200];
    static i32 pairs[100][2];
    bool made = true;
    for (int i = 0; i < 100; i++) {
        made = made && socketpair(AF_UNIX, SOCK_DGRAM, 0, pairs[i]).ok();
        list[2 * i] = {pairs[i][0], POLLIN, 0};
        list[2 * i + 1] = {-1, POLLIN, 0};
    }
    ok(made && poll(list, 200, 0).raw == 0, "200 entries, none ready");
    ok(write(pairs[3][1], "x", 1).ok() && write(pairs[98][1], "x", 1).ok() && poll(list, 200).raw == 2 && list[6].revents == POLLIN &&
           list[196].revents == POLLIN && list[8].revents == 0,
       "the two that are");
    for (const auto& p : pairs) {
        (void)close(p[0]);
        (void)close(p[1]);
    }
    return done();
}
