// SPDX-License-Identifier: BSD-3-Clause
// Darwin's own calls on sockets: pselect with its mask, many messages at once, connectx and its kin; interfaces by ioctl and by sysctl.
#include "tests/sys/net_tools.h"

#include "sys/signals.h"

using namespace trapeze;

namespace {

i32 came;
bool blocked_in_handler;
void on_alarm(i32, SignalInfo*, SignalContext*) {
    came++;
    blocked_in_handler = signals_mask() == (SignalSet::of(kernel::SIGALRM, kernel::SIGUSR2));
}

void pselects() {
    xnu::timespec t{0, 20'000'000};
    const i64 start = nanotime();
    ok(sys_pselect(0, nullptr, nullptr, nullptr, &t, nullptr).raw == 0 && nanotime() - start >= 20'000'000, "pselect waits its time");
    t = {0, -1};
    fails(sys_pselect(0, nullptr, nullptr, nullptr, &t, nullptr), kernel::EINVAL, "less than nothing: EINVAL");
    t = {0, 1'000'000'001};
    fails(sys_pselect(0, nullptr, nullptr, nullptr, &t, nullptr), kernel::EINVAL, "more than a second of nanoseconds: EINVAL");
    t = {0x80000000, 0};
    fails(sys_pselect(0, nullptr, nullptr, nullptr, &t, nullptr), kernel::EINVAL, "more than 31 bits of seconds: EINVAL");
    t = {0, 0};
    fails(sys_pselect(-1, nullptr, nullptr, nullptr, &t, nullptr), kernel::EINVAL, "nd below 0: EINVAL");
    fails(sys_pselect(0, nullptr, nullptr, nullptr, nowhere<xnu::timespec>(), nullptr), kernel::EFAULT, "a time nowhere: EFAULT");
    fails(sys_pselect(0, nullptr, nullptr, nullptr, &t, nowhere<u32>()), kernel::EFAULT, "a mask nowhere: EFAULT");
    fails(sys_pselect(8, nowhere<xnu::fd_set>(), nullptr, nullptr, &t, nullptr), kernel::EFAULT, "bits nowhere: EFAULT");

    (void)signal_handle(kernel::SIGALRM, on_alarm);
    (void)signals_block(SignalSet::of(kernel::SIGALRM));
    (void)kill(number(sys_getpid()), kernel::SIGALRM);
    const SignalSet before = signals_mask();
    ok(sys_pselect(0, nullptr, nullptr, nullptr, &t, nullptr).raw == 0 && came == 0, "without a mask a blocked signal waits");
    const u32 open = SignalSet::of(kernel::SIGUSR2).bits;
    fails(sys_pselect(0, nullptr, nullptr, nullptr, nullptr, &open), kernel::EINTR, "a mask lets it through: EINTR");
    ok(came == 1 && blocked_in_handler, "its handler has the call's mask, and its own signal");
    ok(signals_mask() == before, "afterwards the old one is back");
    ok(sys_pselect(0, nullptr, nullptr, nullptr, &t, &open).raw == 0 && signals_mask() == before, "without a signal too");
    (void)signals_unblock(SignalSet::of(kernel::SIGALRM));
}

void many() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair, O_NONBLOCK), "datagrams");
    char words[3][9] = {"one", "three", "fourteen"}, got[4][8];
    iovec parts[4];
    xnu::msghdr_x out[3]{}, in[4]{};
    const usize sizes[3] = {3, 5, 8};
    for (u32 i = 0; i < 3; i++) {
        parts[i] = {words[i], sizes[i]};
        out[i].msg_iov = &parts[i];
        out[i].msg_iovlen = 1;
    }
    ok(sys_sendmsg_x(pair[0], out, 3, 0).raw == 3, "three at once");
    iovec rooms[4];
    for (u32 i = 0; i < 4; i++) {
        rooms[i] = {got[i], 8};
        in[i].msg_iov = &rooms[i];
        in[i].msg_iovlen = 1;
    }
    ok(sys_recvmsg_x(pair[1], in, 4, 0).raw == 3, "all that there are");
    ok(in[0].msg_datalen == 3 && in[1].msg_datalen == 5 && in[2].msg_datalen == 8 && memcmp(got[2], "fourteen", 8) == 0, "each with its length");
    fails(sys_recvmsg_x(pair[1], in, 4, 0), kernel::EAGAIN, "none: EAGAIN");
    fails(sys_recvmsg_x(pair[1], in, 0, 0), kernel::EINVAL, "a list of none: EINVAL");
    fails(sys_sendmsg_x(pair[0], out, 1025, 0), kernel::EINVAL, "of more than 1024: EINVAL");
    in[1].msg_flags = 1;
    fails(sys_recvmsg_x(pair[1], in, 4, 0), kernel::EINVAL, "flags in the list: EINVAL");
    fails(sys_sendmsg_x(pair[0], nowhere<xnu::msghdr_x>(), 1, 0), kernel::EFAULT, "a list nowhere: EFAULT");
    fails(sys_recvmsg_x(-1, in, 1, 0), kernel::EBADF, "no descriptor: EBADF");
    in[0].msg_iovlen = 0;
    fails(sys_recvmsg_x(pair[1], in, 1, 0), kernel::EMSGSIZE, "a message of no pieces: EMSGSIZE");
    for (const i32 fd : pair) (void)close(fd);
}

void connections() {
    Address at;
    const i32 server = listener(AF_INET, &at);
    const i32 fd = number(socket(AF_INET, SOCK_STREAM));
    char hello[] = "hello", got[8];
    const iovec part{hello, 5};
    xnu::sa_endpoints ends{0, nullptr, 0, at.bytes, at.size};
    usize went = 99;
    u32 connection = 99;
    fails(sys_connectx(fd, nullptr, 0, 0, nullptr, 0, nullptr, nullptr), kernel::EINVAL, "connectx to nothing: EINVAL");
    fails(sys_connectx(fd, nowhere<xnu::sa_endpoints>(), 0, 0, nullptr, 0, nullptr, nullptr), kernel::EFAULT, "nowhere: EFAULT");
    fails(sys_connectx(fd, &ends, 0, 0, &part, 1, nullptr, nullptr), kernel::EINVAL, "data without a place for their number: EINVAL");
    ok(sys_connectx(fd, &ends, 0, 0, &part, 1, &went, &connection).raw == 0 && went == 5 && connection == 1, "connectx with data");
    const i32 peer = number(accept(server));
    ok(recv(peer, got, 8).raw == 5 && memcmp(got, "hello", 5) == 0, "which come");
    fails(sys_connectx(fd, &ends, 0, 0, nullptr, 0, nullptr, nullptr), kernel::EISCONN, "again: EISCONN");
    fails(sys_peeloff(fd, 0), kernel::EOPNOTSUPP, "peeloff: EOPNOTSUPP");
    fails(sys_peeloff(-1, 0), kernel::EBADF, "of nothing: EBADF");
    fails(sys_disconnectx(fd, 7, 0), kernel::EINVAL, "disconnectx of what is no association: EINVAL");
    ok(sys_disconnectx(fd, 0, 0).raw == 0 && recv(peer, got, 8).raw == 0, "disconnectx: the other end sees it");
    for (const i32 n : {fd, peer, server}) (void)close(n);
    const i32 lonely = number(socket(AF_INET, SOCK_STREAM));
    fails(sys_disconnectx(lonely, 0, 0), kernel::ENOTCONN, "who has no peer: ENOTCONN");
    (void)close(lonely);
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fails(sys_connectx(pair[0], &ends, 0, 0, nullptr, 0, nullptr, nullptr), kernel::EOPNOTSUPP, "of AF_UNIX: EOPNOTSUPP");
    for (const i32 n : pair) (void)close(n);
    const Result other = sys_socket_delegate(AF_INET, SOCK_STREAM, 0, number(sys_getpid()));
    ok(other.ok() || other.err() == kernel::EACCES, "a socket on another's account: root's alone");
    if (other.ok()) (void)close(number(other));
    const Result nobody = sys_socket_delegate(AF_INET, SOCK_STREAM, 0, 0x7ffffff);
    ok(nobody.err() == kernel::ESRCH || nobody.err() == kernel::EACCES, "on nobody's: ESRCH");
}

void packets() {
    const i32 in = number(socket(AF_INET, SOCK_DGRAM)), out = number(socket(AF_INET, SOCK_DGRAM));
    Address at;
    (void)bind(in, loopback(AF_INET));
    (void)getsockname(in, &at);
    const i32 on = 1;
    ok(setsockopt(in, 0, xnu::IP_PKTINFO, &on, 4).ok() && setsockopt(in, 0, xnu::IP_RECVTTL, &on, 4).ok(), "IP_PKTINFO, IP_RECVTTL");
    struct {
        xnu::cmsghdr head;
        u32 index;
        u8 spec[4], to[4];
    } info{{sizeof info, 0, xnu::IP_PKTINFO}, 0, {127, 0, 0, 1}, {}};
    char text[4] = {'a', 'b', 'c', 'd'};
    iovec part{text, 4};
    xnu::msghdr m{at.bytes, at.size, &part, 1, &info, sizeof info, 0};
    ok(sys_sendmsg(out, &m, 0).raw == 4, "sent with its source");
    alignas(8) u8 control[128] = {};
    xnu::msghdr got{nullptr, 0, &part, 1, control, sizeof control, 0};
    ok(sys_recvmsg(in, &got, 0).raw == 4, "received");
    bool where = false, ttl = false;
    for (u32 p = 0; p + 12 <= got.msg_controllen;) {
        xnu::cmsghdr h;
        memcpy(&h, control + p, sizeof h);
        if (h.cmsg_len < 12) break;
        if (h.cmsg_level == 0 && h.cmsg_type == xnu::IP_PKTINFO) where = h.cmsg_len == 24 && control[p + 12] && control[p + 20] == 127 && control[p + 23] == 1;
        if (h.cmsg_level == 0 && h.cmsg_type == xnu::IP_RECVTTL) ttl = h.cmsg_len == 13 && control[p + 12] > 0;
        p += (h.cmsg_len + 3) & ~3u;
    }
    ok(where, "its interface and where it came to");
    ok(ttl, "its time to live, one byte");
    info.head.cmsg_len = 20;
    fails(sys_sendmsg(out, &m, 0), kernel::EINVAL, "a source that is too short: EINVAL");
    for (const i32 fd : {in, out}) (void)close(fd);
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    i32 pid = 0;
    usize room = 4;
    ok(getsockopt(pair[0], xnu::SOL_LOCAL, xnu::LOCAL_PEEREPID, &pid, &room).ok() && pid == number(sys_getpid()), "LOCAL_PEEREPID");
    const i32 lonely = number(socket(AF_UNIX, SOCK_DGRAM));
    xnu::xucred who;
    room = sizeof who;
    fails(getsockopt(lonely, xnu::SOL_LOCAL, xnu::LOCAL_PEERCRED, &who, &room), kernel::EINVAL, "LOCAL_PEERCRED of a datagram socket without a peer: EINVAL");
    const i32 file = number(open(argv()[0], O_RDONLY));
    xnu::sf_hdtr extra{&part, 0, nullptr, 0};
    i64 n = 10;
    fails(sys_sendfile(file, pair[0], 0, &n, &extra, 0), kernel::EINVAL, "sendfile with headers of no pieces: EINVAL");
    ok(n == 0, "and nothing sent");
    extra.hdr_cnt = 1025;
    fails(sys_sendfile(file, pair[0], 0, &n, &extra, 0), kernel::EINVAL, "of too many: EINVAL");
    for (const i32 fd : {pair[0], pair[1], lonely, file}) (void)close(fd);
}

struct Request {
    char name[16];
    u8 value[16];
};

void by_ioctl() {
    const i32 fd = number(socket(AF_INET, SOCK_DGRAM));
    Request r{"lo0", {}};
    ok(sys_ioctl(fd, 0xc0206911, &r).raw == 0 && r.value[0] & 1 && r.value[0] & 8, "SIOCGIFFLAGS of lo0: up, loopback");
    u32 mtu;
    ok(sys_ioctl(fd, 0xc0206933, &r).raw == 0 && (memcpy(&mtu, r.value, 4), mtu >= 1280), "SIOCGIFMTU");
    constexpr u8 local[8] = {16, 2, 0, 0, 127, 0, 0, 1}, mask[8] = {16, 2, 0, 0, 255, 0, 0, 0};
    ok(sys_ioctl(fd, 0xc0206921, &r).raw == 0 && memcmp(r.value, local, 8) == 0, "SIOCGIFADDR: with its length and family");
    ok(sys_ioctl(fd, 0xc0206925, &r).raw == 0 && memcmp(r.value, mask, 8) == 0, "SIOCGIFNETMASK");
    fails(sys_ioctl(fd, 0xc0206923, &r), kernel::EINVAL, "SIOCGIFBRDADDR of what does not broadcast: EINVAL");
    Request none{"nope7", {}};
    fails(sys_ioctl(fd, 0xc0206911, &none), kernel::ENXIO, "no such interface: ENXIO");
    fails(sys_ioctl(fd, 0xc0206911, nowhere<Request>()), kernel::EFAULT, "nowhere: EFAULT");
    static Request all[64];
    struct {
        i32 size;
        void* at;
    } list{sizeof all, all};
    ok(sys_ioctl(fd, 0xc0106924, &list).raw == 0 && list.size >= 64 && list.size % 32 == 0, "SIOCGIFCONF");
    bool link = false, address = false;
    for (i32 i = 0; i < list.size / 32; i++) {
        if (memcmp(all[i].name, "lo0", 4) != 0) continue;
        link = link || all[i].value[1] == xnu::AF_LINK;
        address = address || memcmp(all[i].value, local, 8) == 0;
    }
    ok(link && address, "has lo0 with its link and its address");
    list.size = 33;
    ok(sys_ioctl(fd, 0xc0106924, &list).raw == 0 && list.size == 32, "as many whole ones as there is room for");
    i32 pair[2], mark = 0;
    ok(tcp_pair(pair) && send(pair[0], "ab", 2).ok() && send(pair[0], "!", 1, kernel::MSG_OOB).ok(), "urgent data");
    char got[4];
    pollfd urgent{pair[1], POLLPRI, 0};
    (void)poll(&urgent, 1, nanotime() + 5'000'000'000);
    ok(sys_ioctl(pair[1], 0x40047307, &mark).raw == 0 && mark == 0 && recv(pair[1], got, 4).raw == 2, "SIOCATMARK: not yet");
    ok(sys_ioctl(pair[1], 0x40047307, &mark).raw == 0 && mark == 1, "at the mark");
    for (const i32 n : {fd, pair[0], pair[1]}) (void)close(n);
}

void by_sysctl() {
    static u8 table[65536];
    i32 name[6] = {4, 17, 0, 0, 3, 0};  // CTL_NET, PF_ROUTE, 0, 0, NET_RT_IFLIST
    usize size = 0;
    ok(sys_sysctl(name, 6, nullptr, &size, nullptr, 0).raw == 0 && size > 132, "NET_RT_IFLIST: how much");
    const usize wanted = size;
    size = sizeof table;
    ok(sys_sysctl(name, 6, table, &size, nullptr, 0).raw == 0 && size > 132 && size <= wanted, "and what; not more than was said");
    bool well = true, loopback = false, local = false;
    u32 index = 0;
    usize at = 0;
    for (u16 n; at < size; at += n) {
        memcpy(&n, table + at, 2);
        if (n < 20 || n % 4 || table[at + 2] != 5 || at + n > size) {
            well = false;
            break;
        }
        const u8* m = table + at;
        if (m[3] == 0xe && memcmp(m + 112 + 8, "lo0", 3) == 0 && m[112 + 1] == xnu::AF_LINK && m[112 + 5] == 3) {
            loopback = m[8] & 8 && m[16] == 0x18;  // IFF_LOOPBACK, IFT_LOOP
            index = m[12];
        }
        if (m[3] == 0xc && m[12] == index && m[20] == 5 && m[24] == 255 && m[28] == 16 && m[29] == 2 && m[32] == 127) local = true;
    }
    ok(well && at == size, "every message has its length and version");
    ok(loopback, "lo0 with flags and type");
    ok(local, "and 127.0.0.1, behind a mask that is cut short");
    name[5] = static_cast<i32>(index);
    usize one = sizeof table;
    ok(sys_sysctl(name, 6, table, &one, nullptr, 0).raw == 0 && one > 0 && one <= size && table[12] == index, "of one interface alone");
    usize little = 10;
    fails(sys_sysctl(name, 6, table, &little, nullptr, 0), kernel::ENOMEM, "too little room: ENOMEM");
    name[4] = 6;
    one = sizeof table;
    ok(sys_sysctl(name, 6, table, &one, nullptr, 0).raw == 0 && table[3] == 0x12 && table[160] >= 20, "NET_RT_IFLIST2: the wide message");
    name[4] = 1, name[5] = 0;
    one = sizeof table;
    ok(sys_sysctl(name, 6, table, &one, nullptr, 0).raw == 0, "NET_RT_DUMP");
    bool own = false, net = false;  // rt_msghdr has 92 bytes, then destination, next hop, mask; flags at 8: UP 1, GATEWAY 2, HOST 4
    for (usize from = 0; from + 124 <= one && table[from]; from += table[from] | table[from + 1] << 8) {
        const u8* m = table + from;
        if (m[4] != index || m[93] != xnu::AF_INET || m[96] != 127 || memcmp(m + 108, "\x10\x02\0\0\x7f\0\0\1", 8)) continue;
        own = own || (m[99] == 1 && (m[8] & 7) == 5 && m[12] == 3);
        net = net || (m[99] == 0 && (m[8] & 7) == 1 && m[12] == 7 && m[124] == 5 && m[128] == 255);
    }
    ok(own, "127.0.0.1 is routed to itself, by lo0");
    ok(net, "and its net to it");
    for (const i32 family : {xnu::AF_INET, xnu::AF_INET6}) {
        name[3] = family;
        one = sizeof table;
        bool only = sys_sysctl(name, 6, table, &one, nullptr, 0).raw == 0;
        for (usize from = 0; from < one && table[from]; from += table[from] | table[from + 1] << 8) only = only && table[from + 93] == family;
        ok(only, family == xnu::AF_INET ? "of IPv4 alone" : "of IPv6 alone");
    }
    name[3] = xnu::AF_UNIX;
    fails(sys_sysctl(name, 6, table, &one, nullptr, 0), kernel::EINVAL, "of a family without routes: EINVAL");
    name[3] = xnu::AF_INET, name[4] = 7;
    one = sizeof table;
    bool second = sys_sysctl(name, 6, table, &one, nullptr, 0).raw == 0 && one >= 124;
    for (usize from = 0; from < one && table[from]; from += table[from] | table[from + 1] << 8)  // RTM_GET2, no parent's flags
        second = second && table[from + 3] == 0x14 && table[from + 12] & 1 && !table[from + 20] && table[from + 93] == xnu::AF_INET;
    ok(second, "NET_RT_DUMP2: the second form");
    name[3] = 0;
    name[4] = 77;
    fails(sys_sysctl(name, 6, table, &one, nullptr, 0), kernel::EINVAL, "nothing that it knows: EINVAL");
    fails(sys_sysctl(name, 5, table, &one, nullptr, 0), kernel::EINVAL, "a name too short: EINVAL");
    fails(sys_sysctl(name, 6, table, &one, table, 4), kernel::EPERM, "to set it: EPERM");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    pselects();
    many();
    connections();
    packets();
    by_ioctl();
    by_sysctl();
    return done();
}
