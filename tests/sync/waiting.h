// SPDX-License-Identifier: BSD-3-Clause
// For tests that have to know that a goroutine waits.
#pragma once
#include "trapeze.h"

// Until somebody is in the queue: the others have nothing else to do, so it comes to that.
inline void until_waiting(trapeze::WaitList& list, int n) {
    for (;;) {
        int found = 0;
        trapeze::lock(&list.lock);
        for (trapeze::Waiter* w = list.first; w; w = w->next) found++;
        trapeze::unlock(&list.lock);
        if (found >= n) return;
        trapeze::sleep_ns(50'000);
    }
}
