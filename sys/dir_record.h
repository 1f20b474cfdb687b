// SPDX-License-Identifier: BSD-3-Clause
// What reading a directory needs of a kernel (dir_linux.cpp, dir_darwin.cpp): a buffer full of records, and one record's parts.
#pragma once
#include "sys/dir.h"

namespace trapeze {

Result dir_fill(i32 fd, void* buffer, usize n);           // bytes of whole records; 0: no more
u32 dir_record(const void* record, DirEntry* entry);  // its size

}  // namespace trapeze
