// SPDX-License-Identifier: BSD-3-Clause
// No descriptor left: EMFILE from everything that makes one, nothing lost by it, and all well again afterwards.
#include "tests/sys/net_tools.h"

#include "sys/darwin/numbers.h"
#include "sys/linux/numbers.h"
#include "sys/syscall.h"

using namespace trapeze;

namespace {

constexpr bool on_linux = kernel::AF_INET6 == 10;
constexpr u32 nofile = on_linux ? 7 : 8;  // RLIMIT_NOFILE

Result limit(u64 soft, u64* before) {
    u64 both[2];
    Result r = syscall(kernel::SYS_getrlimit, nofile, both);
    if (before) *before = both[0];
    both[0] = soft;
    return r.failed() ? r : syscall(kernel::SYS_setrlimit, nofile, both);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    i32 pair[2], other[2];
    Address at;
    const i32 server = listener(AF_INET, &at, O_NONBLOCK);
    const i32 client = number(socket(AF_INET, SOCK_STREAM));
    ok(server >= 0 && connect(client, at).ok(), "somebody waits to be accepted");
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    const iovec part{const_cast<char*>("x"), 1};
    ok(sendmsg(pair[0], {&part, 1, nullptr, &client, 1}), "a descriptor is under way");

    const i32 spare = number(socket(AF_INET, SOCK_DGRAM));
    u64 before;
    ok(limit(static_cast<u64>(spare) + 1, &before), "no descriptor beyond this one");
    fails(socket(AF_INET, SOCK_STREAM), kernel::EMFILE, "socket: EMFILE");
    fails(socketpair(AF_UNIX, SOCK_STREAM, 0, other), kernel::EMFILE, "socketpair: EMFILE");
    ok(close(spare), "one free");
    fails(socketpair(AF_UNIX, SOCK_STREAM, 0, other), kernel::EMFILE, "socketpair wants two");
    const Result one = socket(AF_INET, SOCK_DGRAM);
    ok(one.raw == spare, "and left the one");
    char c;
    const iovec room{&c, 1};
    i32 got = -1;
    Incoming in{&room, 1, nullptr, &got, 1, 0, false, false};
    const Result received = recvmsg(pair[1], &in);
    if (on_linux) ok(received.raw == 1 && in.descriptor_count == 0 && in.control_truncated, "recvmsg brings the byte, not the descriptor");
    fails(accept(server), kernel::EMFILE, "accept: EMFILE");
    ok(limit(before, nullptr), "as before");
    if (on_linux) ok(accept(server), "who waited still waits");
    else fails(accept(server), kernel::EAGAIN, "who waited is lost");
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, other), "descriptors again");
    return done();
}
