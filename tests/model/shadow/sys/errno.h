// SPDX-License-Identifier: BSD-3-Clause
// Names of errors: nobody reads them in the model.
#pragma once
#include "sys/types.h"

namespace trapeze {

inline const char* errno_name(i32) { return ""; }

}  // namespace trapeze
