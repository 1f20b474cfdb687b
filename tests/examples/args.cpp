// SPDX-License-Identifier: BSD-3-Clause
// What the kernel handed over: arguments and one variable of the environment.
#include "trapeze.h"

using namespace trapeze;

int main(int argc, char** argv) {
    for (int i = 0; i < argc; i++) print("argv[", i, "] = ", argv[i], "\n");
    const char* home = getenv("HOME");
    print("HOME = ", home ? home : "(not set)", "\n");
}
