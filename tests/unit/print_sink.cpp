// SPDX-License-Identifier: BSD-3-Clause
// Where Out writes in the unit tests: the host's write.
#include <unistd.h>

#include "sys/types.h"
#include "sys/result.h"

namespace trapeze {

Result write_all(i32 fd, const void* buffer, usize n) { return {::write(fd, buffer, n)}; }

}  // namespace trapeze
