// SPDX-License-Identifier: BSD-3-Clause
// Runs a command and says how it ended and what it took: `run sh -c 'exit 3'`.
#include "trapeze.h"

using namespace trapeze;

int main(int argc, char** argv, char** envp) {
    if (argc < 2) {
        eprint("usage: run COMMAND [ARGUMENT...]\n");
        return 2;
    }
    const i64 begin = nanotime();
    Result child = spawn_path(argv[1], argv + 1, envp);
    if (child.failed()) {
        eprint("run: ", argv[1], ": ", errno_name(child.err()), "\n");
        return child.err() == kernel::ENOENT ? 127 : 126;
    }
    WaitStatus status;
    Usage usage;
    if (Result r = wait(static_cast<i32>(child.value()), &status, 0, &usage); r.failed()) die_errno("wait", r);
    const i64 ms = (nanotime() - begin) / 1'000'000, cpu = (usage.user_ns + usage.system_ns) / 1'000'000;
    Out out(2);
    if (status.exited()) out.line("exit ", status.code());
    else out.line("signal ", status.signal(), " ", signal_name(status.signal()));
    out.line(", ", ms, " ms, ", cpu, " ms of CPU\n");
    out.flush();
    return status.exited() ? status.code() : 128 + status.signal();
}
