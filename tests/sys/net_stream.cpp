// SPDX-License-Identifier: BSD-3-Clause
// Streams over TCP on loopback, IPv4 and IPv6: connections, their names, bytes both ways, ends, and what their flags are.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

void one_connection(i32 domain) {
    Address at;
    const i32 server = listener(domain, &at);
    if (server < 0) return skip("this machine has no such loopback", domain == AF_INET ? "IPv4" : "IPv6");
    print("# ", domain == AF_INET ? "IPv4" : "IPv6", "\n");
    ok(at.family() == domain && at.port() != 0, "port 0: the kernel picks one, getsockname tells it");
    const Result made = socket(domain, SOCK_STREAM);
    const i32 client = number(made);
    ok(made, "a client");
    ok(connect(client, at), "connects before anyone accepts");
    Address peer, name;
    const Result got = accept(server, &peer);
    const i32 end = number(got);
    ok(got, "accepted");
    ok(getsockname(client, &name).ok() && name == peer, "the peer that accept names is the client's own name");
    ok(getpeername(client, &name).ok() && name == at && getsockname(end, &name).ok() && name == at, "the client's peer is the listener's address");
    char buffer[64];
    ok(send(client, "hello", 5).raw == 5 && recv(end, buffer, sizeof buffer).raw == 5 && memcmp(buffer, "hello", 5) == 0, "bytes go there");
    ok(write(end, "abcdef", 6).raw == 6 && read(client, buffer, 3).raw == 3 && recv(client, buffer + 3, 10).raw == 3 && memcmp(buffer, "abcdef", 6) == 0,
       "and back, by read and write too; a stream has no message bounds");
    ok(send(client, "peek", 4).raw == 4 && recv(end, buffer, 4, MSG_PEEK).raw == 4 && recv(end, buffer + 4, 4, MSG_WAITALL).raw == 4 &&
           memcmp(buffer, "peekpeek", 8) == 0,
       "MSG_PEEK leaves them there");
    fails(recv(end, buffer, 1, MSG_DONTWAIT), kernel::EAGAIN, "MSG_DONTWAIT with nothing there is EAGAIN");
    Address from;
    ok(send(client, "x", 1).raw == 1 && recvfrom(end, buffer, 1, 0, &from).raw == 1 && from.size == 0, "a stream's recvfrom names nobody");
    ok(shutdown(client, SHUT_WR), "shut for sending");
    ok(recv(end, buffer, 1).raw == 0 && read(end, buffer, 1).raw == 0, "the other side reads the end");
    ok(send(end, "still", 5).raw == 5 && recv(client, buffer, 5).raw == 5, "the other direction stays open");
    fails(send(client, "x", 1), kernel::EPIPE, "sending after it is EPIPE, and no signal");
    ok(close(end).ok() && close(client).ok() && close(server).ok(), "closed");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "streams");
        return done();
    }
    one_connection(AF_INET);
    one_connection(AF_INET6);

    // flags
    Address at;
    const i32 plain = listener(AF_INET, &at), waiting = listener(AF_INET, &at, O_CLOEXEC | O_NONBLOCK);
    ok(!(descriptor_flags(plain) & 1) && !(status_flags(plain) & O_NONBLOCK), "a socket has no flags by itself");
    ok(descriptor_flags(waiting) & 1 && status_flags(waiting) & O_NONBLOCK, "O_CLOEXEC and O_NONBLOCK when asked");
    fails(socket(AF_INET, SOCK_STREAM, 0, O_TRUNC), kernel::EINVAL, "other flags are EINVAL");
    fails(accept(waiting), kernel::EAGAIN, "accept of a non-blocking one with nobody there is EAGAIN");
    i32 clients[2];
    for (i32& c : clients) {
        c = number(socket(AF_INET, SOCK_STREAM));
        ok(connect(c, at), "a client");
    }
    pollfd one{waiting, POLLIN, 0};
    ok(poll(&one, 1).raw == 1 && one.revents == POLLIN, "poll says that somebody waits");
    const i32 first = number(accept(waiting)), second = number(accept(waiting, nullptr, O_CLOEXEC | O_NONBLOCK));
    ok(first >= 0 && !(descriptor_flags(first) & 1) && !(status_flags(first) & O_NONBLOCK), "accepted: the listener's flags are not inherited");
    ok(second >= 0 && descriptor_flags(second) & 1 && status_flags(second) & O_NONBLOCK, "but as asked for");
    char c;
    fails(recv(second, &c, 1), kernel::EAGAIN, "nothing to receive is EAGAIN");

    // a full pipe
    static char block[65536];
    usize sent = 0;
    Result r{0};
    for (int i = 0; i < 10000 && (r = send(second, block, sizeof block)).ok(); i++) sent += static_cast<usize>(r.value());
    fails(r, kernel::EAGAIN, "a non-blocking sender that fills the buffers gets EAGAIN");
    usize came = 0;
    while (came < sent && (r = recv(clients[1], block, sizeof block)).ok() && r.value()) came += static_cast<usize>(r.value());
    ok(came == sent && sent > 0, "every byte that was taken arrives");

    // a reset
    ok(set_linger(first, 0).ok() && close(first).ok(), "a close that resets");
    r = recv(clients[0], &c, 1);
    fails(r, kernel::ECONNRESET, "the peer's receive is ECONNRESET");
    r = send(clients[0], &c, 1);
    fails(r, kernel::EPIPE, "and its send EPIPE");
    for (const i32 fd : {clients[0], clients[1], second, waiting, plain}) (void)close(fd);

    // not waiting to be connected
    const i32 server = listener(AF_INET, &at);
    const i32 hasty = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK));
    r = connect(hasty, at);
    ok(r.err() == kernel::EINPROGRESS || r.ok(), "a non-blocking connect is EINPROGRESS");
    one = {hasty, POLLOUT, 0};
    ok(poll(&one, 1).raw == 1 && one.revents & POLLOUT, "writable when it stands");
    ok(socket_error(hasty).raw == 0, "without an error");
    r = connect(hasty, at);
    ok(kernel::AF_INET6 == 10 ? r.ok() : r.err() == kernel::EISCONN, "connect again: Linux says once that it succeeded");
    fails(connect(hasty, at), kernel::EISCONN, "connected already is EISCONN");
    (void)close(hasty);
    (void)close(server);

    const i32 refused = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK));
    r = connect(refused, at);
    if (r.err() == kernel::EINPROGRESS) {
        one = {refused, POLLOUT, 0};
        ok(poll(&one, 1).raw == 1 && one.revents & POLLHUP, "a refused one: poll says POLLHUP");
        r = socket_error(refused);
        ok(r.raw == kernel::ECONNREFUSED, "and SO_ERROR says ECONNREFUSED");
        ok(socket_error(refused).raw == 0, "once");
    } else {
        fails(r, kernel::ECONNREFUSED, "a refused one, at once");
    }
    (void)close(refused);
    return done();
}
