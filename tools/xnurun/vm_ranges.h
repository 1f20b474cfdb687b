// SPDX-License-Identifier: BSD-3-Clause
// What XNU's map keeps of a range of addresses and the host's does not: its maximal protection, what a child gets of it, its
// tag, whether it is purgable, how often it is wired. Only what differs from the usual is written down, so that programs that
// never ask cost nothing; adjacent ranges that are alike are one.
//
// Rejected: a map of everything, beside the host's: two truths, and a million stacks would be kept twice.
#pragma once
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

enum : u8 { inherit_share = 0, inherit_copy = 1, inherit_none = 2, inherit_usual = 3 };  // usual: share what is mapped shared
enum : u8 { purgable_not = 0, purgable_nonvolatile = 1, purgable_volatile = 2, purgable_empty = 3 };  // XNU's states, plus 1

struct RangeFacts {
    u8 maximum = 7, inheritance = inherit_usual, tag = 0, purgable = purgable_not, behavior = 0;
    u8 pad = 0;
    u16 wired = 0;
    bool operator==(const RangeFacts&) const = default;
};

extern HostLock ranges_lock;                        // a fork holds it, so that the child finds it free
RangeFacts range_facts(u64 at, u64* until = nullptr);  // until: they are the same up to there at least, ~0 if for good
void ranges_change(u64 at, u64 size, void (*change)(RangeFacts&, u32), u32 value);  // whole pages
void ranges_forget(u64 at, u64 size);               // unmapped, or something new is there
bool range_with(bool (*wanted)(const RangeFacts&), u64 from, u64& at, u64& end);  // the first written down that ends above `from`

}  // namespace trapeze
#pragma GCC visibility pop
