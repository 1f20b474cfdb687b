// SPDX-License-Identifier: BSD-3-Clause
// From starting a program to its exit, in microseconds: the median of many, a host's program.
//   start CASE COMMAND [ARGS]    prints "CASE value"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <vector>

int main(int argc, char** argv) {
    if (argc < 3) return fprintf(stderr, "usage: start CASE COMMAND [ARGS]\n"), 2;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    std::vector<double> times;
    for (int n = 0; n < 200; n++) {
        const auto begin = std::chrono::steady_clock::now();
        pid_t child;
        int status;
        char* const nothing[] = {nullptr};
        if (posix_spawn(&child, argv[2], &quiet, nullptr, argv + 2, nothing) || waitpid(child, &status, 0) != child || status)
            return fprintf(stderr, "start: %s did not run to its end\n", argv[2]), 1;
        times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
    std::nth_element(times.begin(), times.begin() + 100, times.end());
    printf("%s %.1f\n", argv[1], times[100]);
}
