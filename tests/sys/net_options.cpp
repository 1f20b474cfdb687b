// SPDX-License-Identifier: BSD-3-Clause
// Socket options: what is set can be read; time-outs end; linger; wrong options and values.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

void on_and_off(i32 fd, Option o, const char* sentence) {
    ok(get_option(fd, o).raw == 0 && set_option(fd, o, 1).ok() && get_option(fd, o).raw == 1 && set_option(fd, o, 0).ok() && get_option(fd, o).raw == 0, sentence);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "options");
        return done();
    }
    const i32 tcp = number(socket(AF_INET, SOCK_STREAM)), udp = number(socket(AF_INET, SOCK_DGRAM));
    on_and_off(tcp, option::reuse_address, "SO_REUSEADDR");
    on_and_off(tcp, option::reuse_port, "SO_REUSEPORT");
    on_and_off(tcp, option::keep_alive, "SO_KEEPALIVE");
    on_and_off(tcp, option::no_delay, "TCP_NODELAY");
    on_and_off(udp, option::broadcast, "SO_BROADCAST");
    ok(get_option(tcp, option::socket_type).raw == SOCK_STREAM && get_option(udp, option::socket_type).raw == SOCK_DGRAM, "SO_TYPE");
    constexpr bool darwin = kernel::EAGAIN == 35;
    const i64 before_listen = get_option(tcp, option::listening).raw;
    ok(bind(tcp, loopback(AF_INET)).ok() && listen(tcp).ok(), "a listener");
    if (darwin) fails(get_option(tcp, option::listening), kernel::ENOPROTOOPT, "SO_ACCEPTCONN: no XNU answers it");
    else ok(before_listen == 0 && get_option(tcp, option::listening).raw == 1, "SO_ACCEPTCONN");
    ok(set_option(udp, option::send_buffer, 8192).ok() && get_option(udp, option::send_buffer).raw >= 8192, "SO_SNDBUF");
    ok(set_option(udp, option::receive_buffer, 16384).ok() && get_option(udp, option::receive_buffer).raw >= 16384, "SO_RCVBUF");
    ok(set_option(udp, option::time_to_live, 7).ok() && get_option(udp, option::time_to_live).raw == 7, "IP_TTL");
    ok(socket_error(tcp).raw == 0, "SO_ERROR");
    const Result six = socket(AF_INET6, SOCK_STREAM);
    if (six.ok()) {
        ok(set_option(number(six), option::ipv6_only, 1).ok() && get_option(number(six), option::ipv6_only).raw == 1, "IPV6_V6ONLY");
        (void)close(number(six));
    } else {
        skip("no IPv6", "IPV6_V6ONLY");
    }

    fails(set_option(tcp, {kernel::SOL_SOCKET, 0x7777, false}, 1), kernel::ENOPROTOOPT, "no such option is ENOPROTOOPT");
    fails(get_option(tcp, {kernel::SOL_SOCKET, 0x7777, false}), kernel::ENOPROTOOPT, "reading it too");
    fails(get_option(tcp, {kernel::IPPROTO_TCP, 0x7777, false}), kernel::ENOPROTOOPT, "of TCP too");
    fails(set_option(1 << 20, option::keep_alive, 1), kernel::EBADF, "not open is EBADF");
    const char small = 1;
    fails(setsockopt(tcp, kernel::SOL_SOCKET, kernel::SO_KEEPALIVE, &small, 1), kernel::EINVAL, "one byte for a number is EINVAL");
    fails(setsockopt(tcp, kernel::SOL_SOCKET, kernel::SO_KEEPALIVE, nowhere<char>(), 4), kernel::EFAULT, "a bad address is EFAULT");
    usize room = 4;
    fails(getsockopt(tcp, kernel::SOL_SOCKET, kernel::SO_TYPE, nowhere<char>(), &room), kernel::EFAULT, "for reading too");
    i32 value = -1;
    room = 2;
    ok(getsockopt(tcp, kernel::SOL_SOCKET, kernel::SO_TYPE, &value, &room).ok() && room == 2 && static_cast<u32>(value) == (0xffff0000 | SOCK_STREAM),
       "a short room gets the first bytes");
    const Result regular = open(argv()[0], O_RDONLY);
    fails(set_option(number(regular), option::keep_alive, 1), kernel::ENOTSOCK, "a file is ENOTSOCK");
    (void)close(number(regular));

    // time-outs: lower bounds only
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    ok(set_timeouts(pair[0], 0, 50'000'000), "50 ms for receiving");
    char c;
    const i64 before = nanotime();
    fails(recv(pair[0], &c, 1), kernel::EAGAIN, "nothing came in time: EAGAIN");
    ok(nanotime() - before >= 49'000'000, "after the time");
    ok(set_timeouts(pair[0], 30'000'000, 0), "30 ms for sending");
    static char block[65536];
    Result r{0};
    for (int i = 0; i < 10000 && (r = send(pair[0], block, sizeof block)).ok(); i++) {}
    fails(r, kernel::EAGAIN, "no room in time: EAGAIN");
    fails(set_timeouts(pair[0], -1, 0), kernel::EDOM, "negative is EDOM");
    (void)close(pair[0]);
    (void)close(pair[1]);
    ok(set_linger(tcp, 3).ok() && set_linger(tcp, -1).ok(), "linger, and none");
    (void)close(tcp);
    (void)close(udp);
    return done();
}
