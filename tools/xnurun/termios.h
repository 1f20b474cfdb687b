// SPDX-License-Identifier: BSD-3-Clause
// A terminal's settings in the guest's layout: bsd/sys/termios.h struct user_termios.
#pragma once
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct GuestTermios {
    u64 iflag, oflag, cflag, lflag;
    u8 cc[20];
    u32 pad;
    u64 ispeed, ospeed;
};
static_assert(sizeof(GuestTermios) == 72 && offsetof(GuestTermios, ispeed) == 56);

bool is_terminal(i32 fd);
i64 termios_get(i32 fd, GuestTermios& to);                      // 0 or -errno
i64 termios_set(i32 fd, const GuestTermios& from, u32 when);    // 0 now, 1 when the output has gone, 2 and the input is dropped
void slave_to_guest(u32 number, char* to);                      // /dev/ttysNNN

}  // namespace trapeze
#pragma GCC visibility pop
