// SPDX-License-Identifier: BSD-3-Clause
// Nothing is printed in the model.
#pragma once
namespace trapeze {
class Out;
}
