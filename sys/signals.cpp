// SPDX-License-Identifier: BSD-3-Clause
// What sys/signals.h says of actions, over each kernel's signal_action and signal_restore.
#include "sys/signals.h"

namespace trapeze {

Result signal_handle(i32 signal, SignalHandler handler, u64 flags, SignalSet mask, SignalHandling* before) {
    if (before)
        if (Result r = signal_action(signal, before); r.failed()) return r;
    return signal_restore(signal, {reinterpret_cast<u64>(handler), flags, mask});
}

Result signal_ignore(i32 signal) { return signal_restore(signal, {SIG_IGN, 0, {}}); }

Result signal_default(i32 signal) { return signal_restore(signal, {SIG_DFL, 0, {}}); }

}  // namespace trapeze
