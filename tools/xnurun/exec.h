// SPDX-License-Identifier: BSD-3-Clause
// The steps of execve, shared with posix_spawn: everything that can be refused is found first (exec_prepare), then signals are held
// (exec_keep_signals), then the host's execve.
#pragma once
#include "tools/xnurun/exec_ports.h"
#include "tools/xnurun/limits.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/socket_options.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

constexpr u64 exec_arg_max = 1 << 20;  // NCARGS, strings of argv and envp with their pointers: 256 KiB before xnu-7195
constexpr u64 exec_path_max = 1024, exec_shell_line = 512;
constexpr u64 exec_most_words = exec_arg_max / 9 + 600;  // a word takes its pointer and at least a byte

// What the new image is started with. All in one host mapping.
struct ExecImage {
    char path[exec_path_max];
    char interpreter_line[exec_shell_line];
    u8 head[exec_shell_line];
    u64 left;                 // of exec_arg_max
    char* text;               // the next free byte of strings
    char ports[kept_ports_size];
    char socket_options[sizeof handed_options_name + handed_options_size];
    const char* file;         // for the host's execve
    const char** argv;        // in words: the emulator's own come first
    bool native;              // a program of the host's
    char mask_option[16];     // --mask=, which a new xnurun begins with
    char limits_option[16 + limits_text];  // --limits=
    const char* words[exec_most_words + max_run_options + 8];
    const char* envp[exec_most_words];
    char strings[exec_arg_max + exec_path_max + 16];  // the program's path as an option comes last
};

ExecImage* exec_image_new();   // null: no memory
void exec_image_free(ExecImage*);
i32 exec_prepare(ExecImage&, u64 path, u64 argv, u64 envp, bool stopped, bool new_task);  // 0 or XNU's errno
bool exec_keep_signals(Thread&, u64& host_mask_before);  // true: deliver first, then begin again
void exec_hand_back(Thread&);                            // pending ones to the host
i32 exec_path(char* to, u64 from);                       // a guest's path, as the host's calls on files want it
void exec_trace_flush(Thread&);                          // the line of --trace that would go with the old image
i32 exec_launch(ExecImage&, u32 mask);                   // all signals are held: hands the mask on, executes; returns on failure alone: XNU's errno

}  // namespace trapeze
#pragma GCC visibility pop
