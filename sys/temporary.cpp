// SPDX-License-Identifier: BSD-3-Clause
// See temporary.h.
#include "sys/temporary.h"

#include "sys/calls.h"
#include "sys/file.h"
#include "sys/mem.h"

namespace trapeze {
namespace {

u64 mix(u64 x) {  // splitmix64
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

template <class Make>
Result make(char* path, Make create) {
    constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";  // one case: some filesystems know no other
    const usize end = str_len(path);
    usize start = end;
    while (start && path[start - 1] == 'X') start--;
    if (end - start < 6) return Result::error(kernel::EINVAL);
    Result r = Result::error(kernel::EEXIST);
    for (int tries = 0; tries < 100 && r.err() == kernel::EEXIST; tries++) {
        u64 bits = mix(__builtin_ia32_rdtsc() ^ static_cast<u64>(sys_getpid().raw) << 40);
        for (usize i = start; i < end; i++) {
            path[i] = letters[bits % 36];
            bits = bits / 36 + mix(bits) % 36 * (1ull << 58);
        }
        r = create(path);
    }
    return r;
}

}  // namespace

Result make_temporary(char* path) {
    return make(path, [](const char* name) { return open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); });
}

Result make_temporary_dir(char* path) {
    return make(path, [](const char* name) { return mkdir(name, 0700); });
}

}  // namespace trapeze
