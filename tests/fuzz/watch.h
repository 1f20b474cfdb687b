// SPDX-License-Identifier: BSD-3-Clause
// What a process that does not go on is doing: waiting in a call of its own, which is its right; running code of its own, likewise; or in the
// emulator without an end. Told by ptrace from where its threads are, several times, and from the symbols of the emulator's image.
#pragma once
#include <sys/types.h>

#include <string>

namespace fuzz {

struct Emulator {
    unsigned long begin = 0, end = 0;            // its image
    unsigned long sleep_begin = 0, sleep_end = 0;  // where host calls are that a signal ends
    bool read(const std::string& path);            // from its symbols
};

// Empty: the guest's own doing. Else where it hangs. The process is left as it was.
std::string hangs(pid_t, const Emulator&);

}  // namespace fuzz
