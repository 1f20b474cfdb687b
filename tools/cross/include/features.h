// SPDX-License-Identifier: BSD-3-Clause
// In place of glibc's <features.h>: libstdc++'s freestanding headers ask it one
// question, and the answer is that there is no glibc.
#pragma once
#define __GLIBC_PREREQ(major, minor) 0
