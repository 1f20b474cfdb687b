// SPDX-License-Identifier: BSD-3-Clause
// Where what is fuzzed runs: namespaces of its own for processes, mounts, network and System V IPC; a small file system in memory as its
// root, in which /w alone can be written; no privileges; limits on memory, time, processes, file size and descriptors. As root all of it is
// had directly, and the program is uid 65534; else in a user namespace, where it loses the capabilities it got there.
// Outside lie witnesses, a folder and a process, which are looked at when all is over.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace fuzz {

struct Witnesses {
    std::string folder;   // made; the jail's root is mounted on folder/root, for the jail alone
    pid_t process = -1;
    std::string before;   // what the folder held

    void make();
    std::string harmed();  // empty: nothing; afterwards they are gone
};

// This process and its children from now on: true, inside, as the namespace's first process; false, outside, with its pid; the jail cannot be
// had: pid is -1 and `why` says it. Programs are copied to /bin under their last names.
bool enter_jail(const Witnesses&, const std::vector<std::string>& programs, pid_t& pid, std::string& why);

void fresh_folder();                                  // /w is empty again
[[noreturn]] void become_guest(const char* const* argv, int nowhere, int error_fd);  // in a child: limits, privileges, argv[0] executed in /w
void sweep();                                         // ends every process in the jail but this one

}  // namespace fuzz
