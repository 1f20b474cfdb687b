// SPDX-License-Identifier: BSD-3-Clause
// Datagrams over UDP on loopback: whole messages, who sent them, what is cut off, connected and not, refusals that come late.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

char big[70000];

i32 udp(Address* at) {
    const i32 fd = number(socket(AF_INET, SOCK_DGRAM, 0, O_CLOEXEC));
    ok(bind(fd, loopback(AF_INET)).ok() && getsockname(fd, at).ok(), "a bound socket");
    return fd;
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "datagrams");
        return done();
    }
    Address at_a, at_b, from;
    const i32 a = udp(&at_a), b = udp(&at_b);
    char buffer[100];
    ok(sendto(a, "one", 3, 0, at_b).raw == 3 && sendto(a, "three", 5, 0, at_b).raw == 5 && sendto(a, "", 0, 0, at_b).raw == 0, "sent");
    ok(recvfrom(b, buffer, sizeof buffer, 0, &from).raw == 3 && memcmp(buffer, "one", 3) == 0 && from == at_a, "a message each, with its sender");
    ok(recv(b, buffer, 2).raw == 2 && memcmp(buffer, "th", 2) == 0, "what does not fit is lost");
    ok(recvfrom(b, buffer, sizeof buffer, 0, &from).raw == 0 && from == at_a, "an empty one counts");
    fails(recv(b, buffer, sizeof buffer, MSG_DONTWAIT), kernel::EAGAIN, "then nothing");

    ok(sendto(a, "longer", 6, 0, at_b), "one more");
    iovec parts[2] = {{buffer, 2}, {buffer + 10, 2}};
    Incoming in{parts, 2, &from, nullptr, 0, 0, false, false};
    ok(recvmsg(b, &in).raw == 4 && memcmp(buffer, "lo", 2) == 0 && memcmp(buffer + 10, "ng", 2) == 0 && in.truncated && from == at_a,
       "in pieces; truncated is said");
    const iovec out_parts[3] = {{const_cast<char*>("ab"), 2}, {nullptr, 0}, {const_cast<char*>("cde"), 3}};
    Outgoing out{out_parts, 3, &at_b, nullptr, 0};
    ok(sendmsg(a, out).raw == 5, "from pieces");
    in = {parts, 2, nullptr, nullptr, 0, 0, false, false};
    parts[1].iov_len = 10;
    ok(recvmsg(b, &in).raw == 5 && memcmp(buffer + 10, "cde", 3) == 0 && !in.truncated, "one message");

    fails(send(a, "x", 1), kernel::EDESTADDRREQ, "no receiver named is EDESTADDRREQ");
    fails(sendto(a, big, sizeof big, 0, at_b), kernel::EMSGSIZE, "more than a datagram holds is EMSGSIZE");
    fails(getpeername(a, &from), kernel::ENOTCONN, "no peer: ENOTCONN");
    ok(connect(a, at_b), "connect names the receiver");
    ok(getpeername(a, &from).ok() && from == at_b, "and getpeername tells it");
    ok(send(a, "short", 5).raw == 5 && read(b, buffer, sizeof buffer).raw == 5, "send needs no address then");
    i32 c_fd = number(socket(AF_INET, SOCK_DGRAM));
    ok(sendto(c_fd, "stranger", 8, 0, at_a).raw == 8, "somebody else sends to it");
    fails(recv(a, buffer, sizeof buffer, MSG_DONTWAIT), kernel::EAGAIN, "a connected one hears its peer only");
    ok(close(c_fd), "closed");

    // nobody there: the error comes with a later call
    ok(close(b).ok(), "the receiver goes");
    ok(send(a, "gone", 4).raw == 4, "a datagram to nobody is sent");
    pollfd one{a, POLLIN, 0};
    ok(poll(&one, 1, nanotime() + 10'000'000'000).raw == 1, "then the socket has something to say");
    fails(recv(a, buffer, sizeof buffer), kernel::ECONNREFUSED, "ECONNREFUSED");
    fails(recv(a, buffer, sizeof buffer, MSG_DONTWAIT), kernel::EAGAIN, "once");
    ok(close(a), "closed");
    return done();
}
