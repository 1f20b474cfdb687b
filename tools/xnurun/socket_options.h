// SPDX-License-Identifier: BSD-3-Clause
// What every socket option is on the host, and the options that the host has not: those are kept here, a number for each socket (by
// SO_COOKIE, which the host gives no two sockets) and option, and read back. A socket of another process, or one that a child of fork
// changes, has its own.
#pragma once
#include "tools/xnurun/sockets.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

enum class OptionKind : u8 {
    number,     // i32 both ways
    bit,        // i32; reads as `bit` when on
    half,       // a buffer's size, which Linux doubles
    wait,       // timeval
    ticks,      // linger in hundredths of a second
    seconds,    // linger
    raw,        // the same bytes on both kernels
    kept,       // i32, the emulator's alone; reads as `bit` when on, or as it was set if bit is 0
    both,       // kept, and told to the host as near as it comes (within host's limits)
    interface,  // an interface's number, 0: none
};

struct OptionRow {
    i32 level, name;
    i32 host_level, host_name;
    OptionKind kind;
    i32 bit, usual;   // usual: of a kept one that nobody has set
    u32 since;        // the first xnu that has it; 0: 10.5 and before
    u8 only;          // see below
    u8 exact;         // its size must be 4, no more
};
enum : u8 { on_any = 0, on_internet = 1, on_raw = 2 };

const OptionRow* option_row(i32 level, i32 name);  // of this era

i32 kept_option(i32 fd, i32 level, i32 name, i32 usual);
void keep_option(i32 fd, i32 level, i32 name, i32 value);
// Over an execution, as an option of xnurun's: the sockets are the same ones. At most so many; more are forgotten.
constexpr u32 handed_options = 64, handed_options_size = handed_options * 40;
constexpr char handed_options_name[] = "--socket-options=";
bool kept_options_write(char* to);          // what follows the name; false: there are none
void kept_options_read(const char* text);
extern HostLock kept_lock;  // a fork holds it

// A value for a kept option: 0, or the errno that XNU has against it. May change it (classes of traffic have two names).
i32 judge_option(i32 fd, const OptionRow&, i32& value);
void option_was_set(i32 fd, const OptionRow&);  // what the host must do for it

}  // namespace trapeze
#pragma GCC visibility pop
