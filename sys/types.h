// SPDX-License-Identifier: BSD-3-Clause
// The integer types of the whole tree. Their widths are the ABI's: a trap's argument or a kernel structure's field
// is never an `int` or a `long`, whose widths are a compiler's choice (int64_t is `long` on Linux, `long long` on Darwin).
#pragma once
#include <cstddef>
#include <cstdint>

namespace trapeze {

using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using usize = std::size_t;
using isize = std::ptrdiff_t;
using uptr = std::uintptr_t;

}  // namespace trapeze
