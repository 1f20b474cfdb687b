// SPDX-License-Identifier: BSD-3-Clause
// The smallest program.
#include "trapeze.h"

using namespace trapeze;

int main() {
    print("hello, world\n");
}
