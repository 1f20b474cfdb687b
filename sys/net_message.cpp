// SPDX-License-Identifier: BSD-3-Clause
// sendmsg and recvmsg with descriptors; see net.h. The kernels' headers of ancillary data differ in widths and in alignment (8 and 4),
// which the types of sys/*/net.h carry.
//
// Receiving always offers room for every descriptor that a message can bring, and for what options like SO_PASSCRED put in front
// of them: one that did not fit would be closed by Linux, but XNU makes it and does not say its number (bsd/kern/
// uipc_syscalls.c copyout_control): a leak. XNU's messages carry one more than descriptors_max if others send them (sockargs).
#include "sys/calls.h"
#include "sys/file.h"
#include "sys/interrupted.h"
#include "sys/mem.h"
#include "sys/net.h"

namespace trapeze {
namespace {

using Header = kernel::cmsghdr;

constexpr usize aligned(usize n) { return (n + kernel::cmsg_align - 1) & ~(kernel::cmsg_align - 1); }
constexpr usize data_at = aligned(sizeof(Header));
constexpr usize space = 2048;  // XNU's largest control message is one mbuf cluster, as much
static_assert(space >= data_at + (descriptors_max + 1) * sizeof(i32));

struct Control {
    alignas(8) u8 bytes[space];
};

[[maybe_unused]] Result mark(i32 fd) {  // not where the kernel does it by itself
    constexpr i32 f_setfd = 2;
    constexpr u64 fd_cloexec = 1;
    return sys_fcntl(fd, f_setfd, fd_cloexec);
}

// One block of descriptors: to the caller while there is room, the others closed.
void take(Incoming* m, const u8* data, usize count) {
    for (usize i = 0; i < count; i++) {
        i32 fd;
        memcpy(&fd, data + i * sizeof fd, sizeof fd);
        if (m->descriptor_count < m->descriptor_room) {
            if constexpr (!kernel::receive_always) (void)mark(fd);
            m->descriptors[m->descriptor_count++] = fd;
        } else {
            m->control_truncated = true;
            (void)close(fd);
        }
    }
}

}  // namespace

Result sendmsg(i32 fd, const Outgoing& m, i32 flags) {
    if (m.descriptor_count > descriptors_max) return Result::error(kernel::EINVAL);
    Control control;
    kernel::msghdr h{};
    if (m.to && m.to->size) {
        h.msg_name = const_cast<u8*>(m.to->bytes);
        h.msg_namelen = m.to->size;
    }
    h.msg_iov = const_cast<iovec*>(m.parts);
    if (m.part_count > 1024) return Result::error(kernel::EMSGSIZE);
    h.msg_iovlen = static_cast<decltype(h.msg_iovlen)>(m.part_count);
    if (m.descriptor_count) {
        const usize size = m.descriptor_count * sizeof(i32);
        memset(&control, 0, data_at);
        Header head{};
        head.cmsg_len = static_cast<decltype(head.cmsg_len)>(data_at + size);
        head.cmsg_level = kernel::SOL_SOCKET;
        head.cmsg_type = kernel::SCM_RIGHTS;
        memcpy(control.bytes, &head, sizeof head);
        memcpy(control.bytes + data_at, m.descriptors, size);
        h.msg_control = control.bytes;
        h.msg_controllen = static_cast<decltype(h.msg_controllen)>(aligned(data_at + size));
    }
    return again_when_interrupted([&] { return sys_sendmsg(fd, &h, flags | kernel::send_always); });
}

Result recvmsg(i32 fd, Incoming* m, i32 flags) {
    m->descriptor_count = 0;
    m->truncated = m->control_truncated = false;
    if (m->part_count > 1024) return Result::error(kernel::EMSGSIZE);
    Control control;
    kernel::msghdr h;
    const Result r = again_when_interrupted([&] {
        h = {};
        if (m->from) {
            h.msg_name = m->from->bytes;
            h.msg_namelen = sizeof m->from->bytes;
        }
        h.msg_iov = const_cast<iovec*>(m->parts);
        h.msg_iovlen = static_cast<decltype(h.msg_iovlen)>(m->part_count);
        h.msg_control = control.bytes;
        h.msg_controllen = sizeof control.bytes;
        return sys_recvmsg(fd, &h, flags | kernel::receive_always);
    });
    if (m->from) m->from->size = r.ok() ? (h.msg_namelen < sizeof m->from->bytes ? h.msg_namelen : sizeof m->from->bytes) : 0;
    if (r.failed()) return r;
    m->truncated = h.msg_flags & kernel::MSG_TRUNC;
    m->control_truncated = h.msg_flags & kernel::MSG_CTRUNC;
    for (usize at = 0; at + sizeof(Header) <= h.msg_controllen;) {
        Header head;
        memcpy(&head, control.bytes + at, sizeof head);
        const usize length = head.cmsg_len, left = h.msg_controllen - at;
        if (length < data_at || length > left) break;
        if (head.cmsg_level == kernel::SOL_SOCKET && head.cmsg_type == kernel::SCM_RIGHTS)
            take(m, control.bytes + at + data_at, (length - data_at) / sizeof(i32));
        at += aligned(length);
    }
    return r;
}

}  // namespace trapeze
