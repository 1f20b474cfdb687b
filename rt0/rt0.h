// SPDX-License-Identifier: BSD-3-Clause
// What rt0.cpp needs of each object format: the bounds of the array of static constructors, and main's name.
#pragma once

// The assembler's name of main. Freestanding C++ mangles main like any function; a user's file is compiled hosted, where
// main is special and is not.
#define TRAPEZE_STRING(x) TRAPEZE_STRING_(x)
#define TRAPEZE_STRING_(x) #x
#define TRAPEZE_MAIN TRAPEZE_STRING(__USER_LABEL_PREFIX__) "main"

namespace trapeze {

using Constructor = void (*)(int argc, char** argv, char** envp);

const Constructor* constructors_begin();
const Constructor* constructors_end();

}  // namespace trapeze
