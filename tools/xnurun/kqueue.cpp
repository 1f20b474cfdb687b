// SPDX-License-Identifier: BSD-3-Clause
#include "tools/xnurun/kqueue.h"

namespace trapeze {

bool is_kqueue(i32) { return false; }
void kqueue_descriptor_closing(i32) {}
void kqueue_descriptor_copied(i32, i32) {}

}  // namespace trapeze
