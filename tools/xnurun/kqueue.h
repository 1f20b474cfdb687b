// SPDX-License-Identifier: BSD-3-Clause
// What others tell kqueues, and ask of them. The calls are in bsd_kqueue.cpp.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

bool is_kqueue(i32 fd);
void kqueue_descriptor_closing(i32 fd);           // drops its knotes; if it is a kqueue, that is one descriptor less
void kqueue_descriptor_copied(i32 from, i32 to);

}  // namespace trapeze
#pragma GCC visibility pop
