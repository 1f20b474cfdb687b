// SPDX-License-Identifier: BSD-3-Clause
// See commpage.h; what is in it is load_commpage.cpp's business.
#include "tools/xnurun/commpage.h"

#include "tools/xnurun/load.h"
#include "tools/xnurun/load_parts.h"

namespace trapeze {
namespace {

HostLock making;
bool made;  // atomic, written under the lock

bool in_page(u64 address) { return address - guest_commpage < guest_commpage_size; }

}  // namespace

bool commpage_made() { return __atomic_load_n(&made, __ATOMIC_ACQUIRE); }

void commpage_make() {
    Locked hold(making);
    if (made) return;
    make_commpage();
    __atomic_store_n(&made, true, __ATOMIC_RELEASE);
}

// Whoever faulted before somebody else had made it only has to look again, but a fault of later is the program's own.
bool commpage_fault(u64 address) {
    if (!in_page(address) || commpage_made()) return false;
    commpage_make();
    return true;
}

// Only what is read from the program: a call that writes there is right to fail, and may have taken something off a queue.
bool commpage_was_meant(const Trap& trap, const Call& call) {
    if (commpage_made() || trap.klass != TrapClass::bsd) return false;
    switch (trap.number) {  // whose addresses are in memory: sendmsg, writev, pwritev and their twins without cancellation
    case 28: case 121: case 402: case 412: case 541: case 543: return true;
    default: break;
    }
    for (u32 n = 0; n < trap.args_valid; n++) {
        const Kind kind = call.args[n].kind;
        if ((kind == Kind::in || kind == Kind::str || kind == Kind::strv) && in_page(trap.arg[n])) return true;
    }
    return false;
}

void commpage_fork_child() { making.reset(); }

}  // namespace trapeze
