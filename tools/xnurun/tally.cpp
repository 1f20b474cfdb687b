// SPDX-License-Identifier: BSD-3-Clause
// See tally.h. By Call::row of the newest row of each number: what is older is found behind it.
#include "tools/xnurun/tally.h"

#include "sys/darwin/calldata.h"
#include "sys/mem.h"
#include "tools/xnurun/report.h"

namespace trapeze {

bool tallying;

namespace {

struct Count {
    u64 called, refused;
};
Count bsd_counts[1024], mach_counts[256], mdep_counts[16];  // atomic
u64 began, without_signal;

Count& count_of(TrapClass c, u32 row) {
    return c == TrapClass::bsd ? bsd_counts[row] : c == TrapClass::mach ? mach_counts[row] : mdep_counts[row];
}

template <usize N, usize M>
void report(const Call (&calls)[N], const Count (&counts)[M]) {
    for (const Call& newest : calls)
        for (const Call* call = newest.name ? &newest : nullptr; call; call = call->older) {
            const Count n = counts[call->row];
            if (n.refused) eprint("xnurun: ", n.called, " ", call->name, ", refused ", n.refused, "\n");
            else if (n.called) eprint("xnurun: ", n.called, " ", call->name, "\n");
        }
}

}  // namespace

void tally_begin() {
    memset(bsd_counts, 0, sizeof bsd_counts);
    memset(mach_counts, 0, sizeof mach_counts);
    memset(mdep_counts, 0, sizeof mdep_counts);
    without_signal = 0;
    began = monotonic_ns();
}

void tally(TrapClass c, const Call& call, bool refused) {
    Count& n = count_of(c, call.row);
    __atomic_fetch_add(&n.called, 1, __ATOMIC_RELAXED);
    if (refused) __atomic_fetch_add(&n.refused, 1, __ATOMIC_RELAXED);
}

void tally_again(TrapClass c, const Call& call) { __atomic_fetch_sub(&count_of(c, call.row).called, 1, __ATOMIC_RELAXED); }

void tally_fast() { __atomic_fetch_add(&without_signal, 1, __ATOMIC_RELAXED); }

void tally_report() {
    report(xnu::bsd_calls, bsd_counts);
    report(xnu::mach_calls, mach_counts);
    report(xnu::mdep_calls, mdep_counts);
    if (without_signal) eprint("xnurun: ", without_signal, " of all without a signal\n");
    eprint("xnurun: pid ", host(lnx::SYS_getpid), " ran ", (monotonic_ns() - began) / 1000000, " ms\n");
}

}  // namespace trapeze
