// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/parts.h; and mach_msg_destroy, which is a reader that gives back what it finds.
#include "sys/darwin/parts.h"

#include "sys/darwin/mach.h"
#include "sys/darwin/port.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"

namespace trapeze {

using namespace xnu;

MachWriter::MachWriter(void* buffer, usize room) : buffer_(static_cast<u8*>(buffer)), room_(room), used_(sizeof(mach_msg_header_t)) {
    bad_ = room < sizeof(mach_msg_header_t);
    if (!bad_) memset(buffer, 0, sizeof(mach_msg_header_t));
}

void MachWriter::to(mach_port_t remote, u8 disposition) {
    if (bad_) return;
    reinterpret_cast<mach_msg_header_t*>(buffer_)->remote_port = remote;
    bits_ |= disposition;
}

void MachWriter::answer(mach_port_t local, u8 disposition) {
    if (bad_) return;
    reinterpret_cast<mach_msg_header_t*>(buffer_)->local_port = local;
    bits_ |= static_cast<u32>(disposition) << 8;
}

void* MachWriter::take(u32 bytes) {
    static u8 nowhere[sizeof(mach_msg_ool_descriptor_t)];  // written and never read
    if (!descriptors_ && !data_ && !bad_ && used_ + sizeof(mach_msg_body_t) <= room_) used_ += sizeof(mach_msg_body_t);
    bad_ = bad_ || data_ || used_ + bytes > room_;
    if (bad_) return nowhere;
    void* at = buffer_ + used_;
    used_ += bytes;
    descriptors_++;
    return at;
}

void MachWriter::port(mach_port_t name, u8 disposition) {
    const mach_msg_port_descriptor_t d = {name, 0, 0, disposition, MACH_MSG_PORT_DESCRIPTOR};
    memcpy(take(sizeof d), &d, sizeof d);
}

void MachWriter::memory(const void* at, u32 bytes, u8 copy, bool deallocate) {
    const mach_msg_ool_descriptor_t d = {reinterpret_cast<u64>(at), deallocate, copy, 0, MACH_MSG_OOL_DESCRIPTOR, bytes};
    memcpy(take(sizeof d), &d, sizeof d);
}

void MachWriter::ports(const mach_port_t* names, u32 count, u8 disposition, bool deallocate) {
    const mach_msg_ool_ports_descriptor_t d = {reinterpret_cast<u64>(names), deallocate, MACH_MSG_VIRTUAL_COPY, disposition,
                                               MACH_MSG_OOL_PORTS_DESCRIPTOR, count};
    memcpy(take(sizeof d), &d, sizeof d);
}

void MachWriter::guarded_port(mach_port_t name, u64 context, u16 flags, u8 disposition) {
    const mach_msg_guarded_port_descriptor_t d = {context, flags, disposition, MACH_MSG_GUARDED_PORT_DESCRIPTOR, name};
    memcpy(take(sizeof d), &d, sizeof d);
}

void MachWriter::data(const void* from, u32 bytes) {
    const usize padded = (usize{bytes} + 3) & ~usize{3};
    data_ = true;
    bad_ = bad_ || used_ + padded > room_;
    if (bad_) return;
    memcpy(buffer_ + used_, from, bytes);
    memset(buffer_ + used_ + bytes, 0, padded - bytes);
    used_ += padded;
}

mach_msg_header_t* MachWriter::done(i32 id) {
    if (bad_ || used_ > 0xffffffff) return nullptr;
    auto* h = reinterpret_cast<mach_msg_header_t*>(buffer_);
    h->bits = bits_;
    if (descriptors_) {
        h->bits |= MACH_MSGH_BITS_COMPLEX;
        const mach_msg_body_t body = {descriptors_};
        memcpy(h + 1, &body, sizeof body);
    }
    h->size = static_cast<u32>(used_);
    h->id = id;
    return h;
}

MachReader::MachReader(const mach_msg_header_t* message, usize bytes)
    : at_(reinterpret_cast<const u8*>(message)), here_(bytes), end_(0), offset_(sizeof(mach_msg_header_t)) {
    malformed_ = bytes < sizeof(mach_msg_header_t) || message->size < sizeof(mach_msg_header_t) || message->size > bytes;
    if (bytes < sizeof(mach_msg_header_t)) return;
    end_ = message->size < bytes ? message->size : bytes;
    if (!(message->bits & MACH_MSGH_BITS_COMPLEX)) return;
    if (end_ < offset_ + sizeof(mach_msg_body_t)) {
        malformed_ = true;
        return;
    }
    memcpy(&count_, at_ + offset_, sizeof count_);
    offset_ += sizeof(mach_msg_body_t);
}

bool MachReader::next(MachPart* part) {
    if (seen_ == count_) return false;
    mach_msg_type_descriptor_t head;
    if (end_ - offset_ < sizeof head) {
        malformed_ = true;
        return false;
    }
    memcpy(&head, at_ + offset_, sizeof head);
    const usize size = head.type == MACH_MSG_PORT_DESCRIPTOR ? sizeof(mach_msg_port_descriptor_t) : sizeof(mach_msg_ool_descriptor_t);
    if (head.type > MACH_MSG_GUARDED_PORT_DESCRIPTOR || end_ - offset_ < size) {
        malformed_ = true;
        return false;
    }
    const u8* from = at_ + offset_;
    offset_ += size;
    seen_++;
    *part = {};
    part->type = head.type;
    if (head.type == MACH_MSG_PORT_DESCRIPTOR) {
        mach_msg_port_descriptor_t d;
        memcpy(&d, from, sizeof d);
        part->name = d.name;
        part->disposition = d.disposition;
    } else if (head.type == MACH_MSG_GUARDED_PORT_DESCRIPTOR) {
        mach_msg_guarded_port_descriptor_t d;
        memcpy(&d, from, sizeof d);
        part->name = d.name;
        part->disposition = d.disposition;
        part->flags = d.flags;
        part->address = d.context;
    } else {
        mach_msg_ool_ports_descriptor_t d;  // memory has the same places, without a disposition
        memcpy(&d, from, sizeof d);
        part->address = d.address;
        part->size = d.count;
        part->deallocate = d.deallocate;
        part->copy = d.copy;
        part->disposition = head.type == MACH_MSG_OOL_PORTS_DESCRIPTOR ? d.disposition : u8{0};
    }
    return true;
}

Str MachReader::data() {
    MachPart skipped;
    while (next(&skipped)) {}
    if (seen_ < count_ || offset_ > end_) return {nullptr, 0};
    return {reinterpret_cast<const char*>(at_) + offset_, end_ - offset_};
}

u32 MachReader::trailer(mach_msg_mac_trailer_t* trailer) const {
    *trailer = {};
    const usize from = (end_ + 3) & ~usize{3};
    mach_msg_trailer_t head;
    if (from > here_ || here_ - from < sizeof head) return 0;
    memcpy(&head, at_ + from, sizeof head);
    if (head.type != 0 || head.size < sizeof head || head.size > here_ - from) return 0;
    memcpy(trailer, at_ + from, head.size < sizeof *trailer ? head.size : sizeof *trailer);
    return head.size;
}

void unwanted_answer(const mach_msg_header_t* message, usize bytes);  // machcall's, in place of its empty one
void unwanted_answer(const mach_msg_header_t* message, usize bytes) { mach_msg_destroy(message, bytes); }

namespace {

void give_back(mach_port_t name, u32 disposition) {
    if (name == MACH_PORT_NULL || name == MACH_PORT_DEAD) return;
    if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE) (void)mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
    else if (disposition == MACH_MSG_TYPE_MOVE_SEND || disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE)
        (void)mach_port_deallocate(mach_task_self(), name);
}

}  // namespace

void mach_msg_destroy(const mach_msg_header_t* message, usize bytes) {
    if (bytes < sizeof *message) return;
    give_back(message->remote_port, message->bits & MACH_MSGH_BITS_REMOTE_MASK);
    give_back(message->voucher_port, (message->bits & MACH_MSGH_BITS_VOUCHER_MASK) >> 16);
    MachReader r(message, bytes);
    for (MachPart p; r.next(&p);) {
        switch (p.type) {
        case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
            if (!(p.flags & MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND)) (void)mach_port_unguard(mach_task_self(), p.name, p.address);
            [[fallthrough]];
        case MACH_MSG_PORT_DESCRIPTOR: give_back(p.name, p.disposition); break;
        case MACH_MSG_OOL_PORTS_DESCRIPTOR:
            for (u32 i = 0; p.address && i < p.size; i++) give_back(reinterpret_cast<const mach_port_t*>(p.address)[i], p.disposition);
            if (p.address && p.size) (void)mach_vm_deallocate(mach_task_self(), p.address, u64{p.size} * sizeof(mach_port_t));
            break;
        default:  // also what was sent physically copied, whose `deallocate` is 0 here (osfmk/ipc/ipc_kmsg.c)
            if (p.address && p.size) (void)mach_vm_deallocate(mach_task_self(), p.address, p.size);
        }
    }
}

}  // namespace trapeze
