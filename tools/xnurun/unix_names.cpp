// SPDX-License-Identifier: BSD-3-Clause
// Names of AF_UNIX sockets beyond the host's 107 bytes: XNU takes 253 (SOCK_MAXADDRLEN less the head), whatever sun_path is declared as.
// The folder of a longer one is opened, and the host knows the socket as /proc/PID/fd/N/LAST: of any process that is its user's, so that
// a peer can read its whole name back for as long as the program lives that bound it (which keeps that descriptor, out of the program's
// sight). The last part alone may have 80 bytes: else ENAMETOOLONG. Rejected: a link in a short place, since it stays when the program dies.
#include "sys/mem.h"
#include "sys/print.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr char processes[] = "/proc/", descriptors[] = "/fd/";

u32 put(char* to, const char* text) {
    const u32 n = static_cast<u32>(str_len(text));
    memcpy(to, text, n);
    return n;
}

// Where the digits at `at` end, if some other text follows them.
u32 digits(const char* text, u32 at) {
    const u32 from = at;
    while (text[at] >= '0' && text[at] <= '9') at++;
    return at == from ? 0 : at;
}

}  // namespace

HostAddress::~HostAddress() { close_hidden(folder); }

i32 long_name_in(char* path, u32 n, HostAddress& out) {
    u32 last = n;
    while (last && path[last - 1] != '/') last--;
    char* name = reinterpret_cast<char*>(out.bytes) + 2;
    u32 at = put(name, processes);
    at += static_cast<u32>(format_u64(name + at, static_cast<u64>(own_pid())));
    at += put(name + at, descriptors);
    if (n - last > 80) return xnu::ENAMETOOLONG;
    if (last == n) return xnu::ENOENT;
    char before = 0;
    if (last) before = path[last], path[last] = 0;
    out.folder = hidden_made(lnx::SYS_openat, static_cast<u64>(lnx::AT_FDCWD), as_word(last ? path : "."), lnx::O_PATH | lnx::O_DIRECTORY | lnx::O_CLOEXEC);
    if (last) path[last] = before;
    if (out.folder < 0) return static_cast<i32>(from_host(out.folder).rax);
    at += static_cast<u32>(format_u64(name + at, static_cast<u64>(out.folder)));
    name[at++] = '/';
    memcpy(name + at, path + last, n - last);
    at += n - last;
    name[at++] = 0;
    out.size = 2 + at;
    return 0;
}

u32 long_name_out(const char* name, char* to, u32 room) {
    u32 at = sizeof processes - 1;
    if (memcmp(name, processes, at) != 0 || !(at = digits(name, at))) return 0;
    if (memcmp(name + at, descriptors, sizeof descriptors - 1) != 0) return 0;
    if (!(at = digits(name, at + sizeof descriptors - 1)) || name[at] != '/') return 0;
    char link[64];
    if (at >= sizeof link) return 0;
    memcpy(link, name, at);
    link[at] = 0;
    const u32 last = static_cast<u32>(str_len(name + at));
    const i64 r = host(lnx::SYS_readlink, link, to, room);
    if (host_failed(r) || static_cast<u64>(r) + last > room) return 0;
    memcpy(to + r, name + at, last);
    return static_cast<u32>(r) + last;
}

}  // namespace trapeze
