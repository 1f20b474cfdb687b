// SPDX-License-Identifier: BSD-3-Clause
// See trace_line.h.
#include "tools/xnurun/trace_line.h"

#include "sys/mem.h"
#include "sys/print.h"
#include "tools/xnurun/descriptors.h"

namespace trapeze {

namespace {
i32 file = 2;
constexpr usize reserve = 5;  // "...\n" always fits
}

i32 trace_to(const char* path) {
    const i32 fd = hidden_made(lnx::SYS_openat, static_cast<u64>(-100), as_word(path), lnx::O_WRONLY | lnx::O_CREAT | lnx::O_APPEND | lnx::O_CLOEXEC, 0666);
    if (fd < 0) return fd;
    file = fd;
    return 0;
}

TraceLine& TraceLine::put(const char* s, usize n) {
    for (usize i = 0; i < n && used_ < b_.size - reserve; i++) b_.text[used_++] = s[i];
    return *this;
}
TraceLine& TraceLine::put(const char* s) { return put(s, str_len(s)); }

TraceLine& TraceLine::unsigned_number(u64 v) {
    char text[20];
    return put(text, format_u64(text, v));
}
TraceLine& TraceLine::number(i64 v) {
    if (v < 0) put("-");
    return unsigned_number(v < 0 ? -static_cast<u64>(v) : static_cast<u64>(v));
}
TraceLine& TraceLine::hex(u64 v) {
    char text[18];
    return put(text, format_hex(text, v));
}
TraceLine& TraceLine::octal(u64 v) {
    char text[24];
    usize n = sizeof text;
    do text[--n] = static_cast<char>('0' + v % 8);
    while (v /= 8);
    return put("0").put(text + n, sizeof text - n);
}

void TraceLine::write() {
    if (used_ >= b_.size - reserve) {
        memcpy(b_.text + used_, "...", 3);
        used_ += 3;
    }
    b_.text[used_++] = '\n';
    host(lnx::SYS_write, file, b_.text, used_);
    used_ = 0;
}

}  // namespace trapeze
