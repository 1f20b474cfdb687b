// SPDX-License-Identifier: BSD-3-Clause
// The routines of mach_vm (4800) and vm_map (3800) are the same, but for addresses and sizes of eight or of four bytes
// (osfmk/mach/mach_vm.defs, vm32_map.defs): Args reads one after the other, put_address gives them back.
#pragma once
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/rpc.h"

namespace trapeze {

inline bool wide(const Rpc& r) { return r.request->id >= xnu::MIG_mach_vm_allocate; }

class Args {
public:
    explicit Args(Rpc& r) : r_(r) {}
    u64 address() { return wide(r_) ? at_ += 8, r_.w(at_ - 8) : word(); }
    u64 quad() { return at_ += 8, r_.w(at_ - 8); }
    u32 word() { return at_ += 4, r_.u(at_ - 4); }
    i32 integer() { return static_cast<i32>(word()); }

private:
    Rpc& r_;
    u32 at_ = 0;
};

inline void put_address(Rpc& r, u64 v) {
    if (wide(r)) r.put64(v);
    else r.put32(static_cast<u32>(v));
}

// vm_info rows (mig_vm_info.cpp).
i32 vm_rpc_region(Rpc&), vm_rpc_region_recurse(Rpc&), vm_rpc_page_query(Rpc&), vm_rpc_page_info(Rpc&), vm_rpc_page_range_query(Rpc&);
i32 vm_rpc_no_debug(Rpc&);

}  // namespace trapeze
