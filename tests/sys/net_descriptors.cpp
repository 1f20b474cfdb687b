// SPDX-License-Identifier: BSD-3-Clause
// Descriptors sent over AF_UNIX: the receiver's are new numbers of the same open files; what there is no room for is closed.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

i32 lowest_free() {
    const Result r = socket(AF_UNIX, SOCK_DGRAM);
    if (r.ok()) (void)close(number(r));
    return number(r);
}

// Not the lowest free number alone: a descriptor that was forgotten would lie above it.
bool closed_from(i32 first) {
    for (i32 fd = first; fd < first + 16; fd++)
        if (descriptor_flags(fd) >= 0) return false;
    return true;
}

Result give(i32 over, const i32* fds, usize count, const char* text = "x") {
    const iovec part{const_cast<char*>(text), str_len(text)};
    return sendmsg(over, {&part, 1, nullptr, fds, count});
}

char buffer[64];
Result take(i32 over, Incoming* in, i32* room, usize n) {
    static iovec part{buffer, sizeof buffer};
    *in = {&part, 1, nullptr, room, n, 0, false, false};
    return recvmsg(over, in);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "descriptors");
        return done();
    }
    for (const i32 type : {SOCK_STREAM, SOCK_DGRAM}) {
        print("# ", type == SOCK_STREAM ? "stream" : "datagram", "\n");
        i32 pair[2], sent[2], got[4];
        Incoming in;
        ok(socketpair(AF_UNIX, type, 0, pair).ok() && socketpair(AF_UNIX, SOCK_STREAM, 0, sent).ok(), "a pair to send over, and one to send");
        ok(give(pair[0], &sent[1], 1, "one").raw == 3, "sent with three bytes");
        ok(close(sent[1]), "and closed here, while it is under way");
        ok(take(pair[1], &in, got, 4).raw == 3 && memcmp(buffer, "one", 3) == 0 && in.descriptor_count == 1 && !in.control_truncated, "received");
        ok(descriptor_flags(got[0]) & 1, "close-on-exec");
        ok(write(got[0], "through", 7).raw == 7 && read(sent[0], buffer, 9).raw == 7, "it is the other end still");
        (void)close(got[0]);
        ok(read(sent[0], buffer, 1).raw == 0, "and closing it is the end");
        (void)close(sent[0]);

        const i32 free_before = lowest_free();
        i32 many[3] = {pair[0], pair[1], pair[0]};
        ok(give(pair[0], many, 3).raw == 1 && take(pair[1], &in, got, 4).raw == 1 && in.descriptor_count == 3, "three at once");
        ok(got[0] != got[1] && got[1] != got[2] && got[0] != got[2] && got[0] > 2, "three numbers");
        for (int i = 0; i < 3; i++) (void)close(got[i]);
        ok(give(pair[0], many, 3).raw == 1 && take(pair[1], &in, got, 1).raw == 1 && in.descriptor_count == 1 && in.control_truncated,
           "room for one: the others are said to be cut off");
        (void)close(got[0]);
        ok(closed_from(free_before), "and closed");
        ok(give(pair[0], many, 3).raw == 1 && recv(pair[1], buffer, 9).raw == 1 && closed_from(free_before), "plain recv drops them all");
        ok(give(pair[0], nullptr, 0).raw == 1 && take(pair[1], &in, got, 4).raw == 1 && in.descriptor_count == 0, "none is none");

        i32 most[descriptors_max + 1];
        for (i32& fd : most) fd = pair[0];
        fails(give(pair[0], most, descriptors_max + 1), kernel::EINVAL, "more than a message can carry is EINVAL");
        most[0] = -1;
        fails(give(pair[0], most, 1), kernel::EBADF, "one that is not open is EBADF");
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
    const iovec part{buffer, 1};
    i32 fd = number(socket(AF_UNIX, SOCK_STREAM));
    fails(sendmsg(fd, {&part, 1, nullptr, nullptr, 0}), kernel::ENOTCONN, "a stream without a peer: ENOTCONN");
    fails(sendmsg(fd, {&part, 1025, nullptr, nullptr, 0}), kernel::EMSGSIZE, "more than 1,024 pieces: EMSGSIZE");
    Incoming in{&part, 1025, nullptr, nullptr, 0, 0, false, false};
    fails(recvmsg(fd, &in), kernel::EMSGSIZE, "receiving too");
    (void)close(fd);
    return done();
}
