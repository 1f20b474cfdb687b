// SPDX-License-Identifier: BSD-3-Clause
// Addresses: made, looked into, read from text and written as text. No kernel is asked.
#include "tests/tap.h"

#include "sys/mem.h"

using namespace trapeze;

namespace {

Str str(const char* s) { return {s, str_len(s)}; }

// Reads `text` and writes it again; it must come back as `back`, "" when it must be refused.
bool through(const char* text, const char* back) {
    Address a;
    const Result r = parse_address(str(text), &a);
    if (!*back) {
        if (r.err() == kernel::EINVAL && a.size == 0) return true;
        print("# ", text, " was taken\n");
        return false;
    }
    char out[address_text_max];
    const usize n = format_address(out, a);
    if (r.ok() && n == str_len(back) && memcmp(out, back, n) == 0) return true;
    print("# ", text, " came back as ", Str{out, n}, ", errno ", r.err(), "\n");
    return false;
}
bool same(const char* text) { return through(text, text); }
bool refused(const char* text) { return through(text, ""); }

}  // namespace

int main() {
    print("TAP version 13\n");
    ok(same("127.0.0.1:80") && same("0.0.0.0:0") && same("255.255.255.255:65535"), "IPv4");
    ok(refused("127.0.0.1") && refused("127.0.0:80") && refused("127.0.0.1.1:80") && refused("256.0.0.1:80") && refused("1.2.3.4:65536") &&
           refused("1.2.3.4:") && refused("1.2.3.4:8x") && refused(" 1.2.3.4:8") && refused("1..3.4:8") && refused("01.2.3.4:8") &&
           refused("1.2.3.4:080") && refused("1.2.3.4:99999999999999999999") && refused(""),
       "what is not quite IPv4 is EINVAL");
    ok(same("[::1]:80") && same("[::]:0") && same("[1:2:3:4:5:6:7:8]:9") && same("[fe80::1%3]:80") && same("[2001:db8::1:0:0:1]:1"), "IPv6");
    ok(through("[2001:DB8:0:0:1:0:0:1]:443", "[2001:db8::1:0:0:1]:443") && through("[0:0:1:0:0:0:0:0]:1", "[0:0:1::]:1") &&
           through("[1:0:2:3:4:5:6:7]:1", "[1:0:2:3:4:5:6:7]:1") && through("[1::2:3:4:5:6:7]:1", "[1:0:2:3:4:5:6:7]:1") &&
           through("[::1:2:3:4:5:6:7]:1", "[0:1:2:3:4:5:6:7]:1") && through("[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1") &&
           through("[0001:00a0::000f]:1", "[1:a0::f]:1"),
       "IPv6 is written as RFC 5952 wants it");
    ok(same("[::ffff:1.2.3.4]:5") && through("[1:2:3:4:5:6:1.2.3.4]:5", "[1:2:3:4:5:6:102:304]:5") && through("[::1.2.3.4]:5", "[::102:304]:5"),
       "IPv4 at the end of IPv6");
    ok(refused("[]:1") && refused("[:]:1") && refused("[:::]:1") && refused("[1]:1") && refused("[1:2:3:4:5:6:7]:1") &&
           refused("[1:2:3:4:5:6:7:8:9]:1") && refused("[1::2::3]:1") && refused("[1:2:3:4:5:6:7:8::]:1") && refused("[::1:2:3:4:5:6:7:8]:1") &&
           refused("[12345::]:1") && refused("[::g]:1") && refused("[::1") && refused("[::1]") && refused("[::1]80") && refused("[1:2:]:3") &&
           refused("[:1::]:3") && refused("[::1%]:3") && refused("[::1%4294967296]:3") && refused("[::1.2.3]:3") && refused("[1:2:3:4:5:6:7:1.2.3.4]:3") &&
           refused("::1:80"),
       "what is not quite IPv6 is EINVAL");
    ok(same("/tmp/x") && same("./x") && same("/"), "paths");
    ok(refused("tmp/x") && refused("localhost:80"), "but no names");

    char long_path[256];
    memset(long_path, 'a', sizeof long_path);
    long_path[0] = '/';
    Address a;
    ok(parse_address({long_path, unix_path_max}, &a).ok() && a.path().size == unix_path_max && a.path().data[unix_path_max - 1] == 'a',
       "the longest path");
    fails(parse_address({long_path, unix_path_max + 1}, &a), kernel::ENAMETOOLONG, "one more byte is ENAMETOOLONG");
    ok(a.size == 0 && a.family() == 0, "and no address");
    fails(unix_address({"", 0}, &a), kernel::EINVAL, "an empty path is EINVAL");

    a = ipv4(192, 168, 1, 2, 0x1234);
    ok(a.family() == AF_INET && a.size == sizeof(kernel::sockaddr_in) && a.port() == 0x1234 && a.bytes[2] == 0x12 && a.bytes[3] == 0x34 &&
           a.bytes[4] == 192 && a.bytes[7] == 2,
       "IPv4 in network byte order");
    a.set_port(80);
    ok(a.port() == 80 && a == ipv4(192, 168, 1, 2, 80) && !(a == ipv4(192, 168, 1, 2, 81)) && !(a == loopback(AF_INET, 80)), "ports change; equality");
    const Address six = loopback(AF_INET6, 443);
    ok(six.family() == AF_INET6 && six.size == 28 && six.port() == 443 && six.bytes[8 + 15] == 1 && !(six == any_address(AF_INET6, 443)), "IPv6");
    ok(kernel::AF_INET6 == 10 ? a.bytes[0] == 2 && a.bytes[1] == 0 : a.bytes[0] == 16 && a.bytes[1] == 2, "the kernel's own first two bytes");
    Address b, c;
    ok(unix_address(str("/a"), &b).ok() && unix_address(str("/b"), &c).ok() && !(b == c) && b == b && b.port() == 0 && Address{}.port() == 0, "paths compare");
    char out[address_text_max];
    ok(format_address(out, Address{}) == 1 && out[0] == '-', "no address is written as -");
    return done();
}
