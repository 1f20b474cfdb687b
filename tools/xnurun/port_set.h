// SPDX-License-Identifier: BSD-3-Clause
// Port sets: a port may be in any number of them (osfmk/ipc/ipc_pset.c of xnu-3248). A link is on two lists: Port::sets of the
// member, and Port::sets of the set, which are its members in the order in which they are looked at. Under ports_lock.
#pragma once
#include "tools/xnurun/ports.h"

namespace trapeze {

struct SetLink {
    Port *set, *member;
    SetLink* next_set;     // of the member
    SetLink* next_member;  // of the set
};

}  // namespace trapeze
