// SPDX-License-Identifier: BSD-3-Clause
// The guest's mappings as the host lists them (/proc/self/maps), without the emulator's own.
#pragma once
#include "tools/xnurun/vm_ranges.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct HostMapping {
    u64 low, high, offset, inode;  // inode 0: anonymous
    u32 protection;
    bool shared;
};

// Reads the list once, from the lowest on. A list that cannot be read is an empty one.
class HostMaps {
public:
    explicit HostMaps(bool everything = false);  // the emulator's too
    ~HostMaps();
    HostMaps(const HostMaps&) = delete;
    bool next(HostMapping&);  // parts with and without guards are mappings of their own

private:
    bool line(HostMapping&);
    const bool everything_;
    i64 fd_, have_ = 0, at_ = 0;
    HostMapping whole_{};  // what is left of a line: guards (guards.h) part it
    char text_[4096];
};

struct VmRegion {
    u64 address, size, offset;
    u32 protection;
    bool shared, file;
    RangeFacts facts;
    u32 inheritance() const { return facts.inheritance != inherit_usual ? u32{facts.inheritance} : shared ? 0 : 1; }
};
bool vm_region(u64 from, VmRegion&);       // the first that ends above `from`; false: there is none
bool vm_mapped(u64 at, u64 size);          // all of it; whole pages
bool vm_gap(u64 from, u64 size, u64 mask, u64& at);  // the lowest hole from there on, aligned so that `mask` is 0
// Pages in memory, of the first 4 GiB at most.
u32 vm_resident(u64 at, u64 size);

}  // namespace trapeze
#pragma GCC visibility pop
