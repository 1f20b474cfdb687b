// SPDX-License-Identifier: BSD-3-Clause
// See port_set.h. Receiving from a set takes from its members in turn: one that was taken from goes to the end.
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/port_set.h"

#include "sys/darwin/kern_return.h"
#include "tools/xnurun/message.h"

namespace trapeze {
namespace {

SetLink* free_links;

SetLink* link_new() {
    if (!free_links) {
        constexpr u64 batch = 128;
        SetLink* fresh = static_cast<SetLink*>(host_pages(batch * sizeof(SetLink)));
        for (u64 i = 0; i < batch; i++) fresh[i].next_set = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_links = fresh;
    }
    SetLink* l = free_links;
    free_links = l->next_set;
    *l = {};
    return l;
}

void append_member(Port* set, SetLink* l) {
    SetLink** at = &set->sets;
    while (*at) at = &(*at)->next_member;
    l->next_member = nullptr;
    *at = l;
}

bool remove(Port* set, Port* member) {
    SetLink** at = &member->sets;
    while (*at && (*at)->set != set) at = &(*at)->next_set;
    SetLink* l = *at;
    if (!l) return false;
    *at = l->next_set;
    at = &set->sets;
    while (*at != l) at = &(*at)->next_member;
    *at = l->next_member;
    l->next_set = free_links;
    free_links = l;
    return true;
}

i32 two(u32 member, u32 set, Port*& port, Port*& pset) {
    if (!valid_name(member) || !valid_name(set)) return xnu::KERN_INVALID_RIGHT;
    PortEntry *m = entry_find_locked(member), *s = entry_find_locked(set);
    if (!m || !s) return xnu::KERN_INVALID_NAME;
    if (!(m->types & type_receive) || !(s->types & type_set)) return xnu::KERN_INVALID_RIGHT;
    port = m->port;
    pset = s->port;
    return 0;
}

i32 add(Port* pset, Port* port) {
    for (SetLink* l = port->sets; l; l = l->next_set)
        if (l->set == pset) return xnu::KERN_ALREADY_IN_SET;
    SetLink* l = link_new();
    l->set = pset;
    l->member = port;
    l->next_set = port->sets;
    port->sets = l;
    append_member(pset, l);
    offer_queue_to_locked(port);
    if (port->first) kqueue_ports_changed();
    return 0;
}

}  // namespace

void fork_child_sets() { free_links = nullptr; }

void set_remove_all_locked(Port* port) {
    while (SetLink* l = port->sets) remove(l->set, l->member);
}

void set_dies_locked(Port* set) {
    set->dead = true;
    set_remove_all_locked(set);
    receivers_wake_locked(set);
    port_unref_locked(set);
}

u32 set_count_locked(const Port* port) {
    u32 n = 0;
    for (SetLink* l = port->sets; l; l = l->next_set) n++;
    return n;
}

u32 set_members_locked(const Port* set, u32* names, u32 room) {
    u32 n = 0;
    for (SetLink* l = set->sets; l; l = l->next_member, n++)
        if (n < room) names[n] = l->member->name;
    return n;
}

Port* set_first_message_locked(Port* set) {
    for (SetLink** at = &set->sets; *at; at = &(*at)->next_member) {
        SetLink* l = *at;
        if (!l->member->first) continue;
        *at = l->next_member;
        append_member(set, l);
        return l->member;
    }
    return nullptr;
}

i32 port_insert_member(u32 member, u32 set) {
    Locked hold(ports_lock);
    Port *port, *pset;
    if (const i32 failed = two(member, set, port, pset)) return failed;
    return add(pset, port);
}

i32 port_extract_member(u32 member, u32 set) {
    Locked hold(ports_lock);
    Port *port, *pset;
    if (const i32 failed = two(member, set, port, pset)) return failed;
    return remove(pset, port) ? 0 : xnu::KERN_NOT_IN_SET;
}

// mach_port_move_member: out of all sets, into this one or (null) none.
i32 port_move_member(u32 member, u32 set) {
    if (!valid_name(member) || set == port_dead_name) return xnu::KERN_INVALID_RIGHT;
    Locked hold(ports_lock);
    Port *port, *pset = nullptr;
    if (const i32 failed = receive_right_locked(member, port)) return failed;
    if (set) {
        PortEntry* e = entry_find_locked(set);
        if (!e) return xnu::KERN_INVALID_NAME;
        if (!(e->types & type_set)) return xnu::KERN_INVALID_RIGHT;
        pset = e->port;
    }
    set_remove_all_locked(port);
    return pset ? add(pset, port) : 0;
}

}  // namespace trapeze
