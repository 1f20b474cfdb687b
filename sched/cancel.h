// SPDX-License-Identifier: BSD-3-Clause
// How a wait may end before what it waits for: by a deadline, by a token that somebody cancels, or both.
//
//   Cancel stop;
//   go([&] { if (m.lock_until({.deadline = nanotime() + 5'000'000, .cancel = &stop}) == Waited::done) ... });
//   stop.cancel();
#pragma once
#include "sync/lock.h"

namespace trapeze {

struct Waiter;

// A one-shot flag that ends waits: everybody who waits with it, and everybody who would. It must outlive those waits; zeroed it
// is ready for use, and nothing has to destroy it. A context is built of these: one that has children cancels theirs.
struct Cancel {
    void cancel();  // from a goroutine; never parks; again: nothing
    bool cancelled() const { return done.load(acquire); }  // with cancel's release: what was done before it is seen

    // 0 -> 1 by cancel, under the lock.
    Atomic<u32> done;
    Lock lock;              // guards `waiting`; taken before a WaitList's
    Waiter* waiting = nullptr;
};

struct Until {
    i64 deadline = -1;         // nanotime's clock; negative: none
    Cancel* cancel = nullptr;  // null: none
};

// How it ended. If the thing was to be had at the end it is had: a wait whose time is up may still say done.
enum class Waited : u8 { done, timed_out, cancelled };

// Parks the goroutine until the end: timed_out or cancelled. With neither it parks for ever.
Waited sleep_until(Until until);

}  // namespace trapeze
