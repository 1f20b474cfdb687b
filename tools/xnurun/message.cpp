// SPDX-License-Identifier: BSD-3-Clause
// Messages from the list of free ones to their end. How they come from user space and go there is in message_copyin.cpp and
// message_copyout.cpp, how they wait in queue.cpp.
#include "tools/xnurun/message_parts.h"

namespace trapeze {
namespace {

Message* free_messages;
struct Buffer {
    Buffer* next;
};
Buffer* free_buffers;   // of message_buffer_size
HostLock message_lock;  // the free lists alone; taken under ports_lock or alone

Message* doomed;  // destroying one message may destroy a port with more of them: no recursion, however deep they are nested
bool reaping;

// What descriptor `d`, copied in, carries is given up. Under ports_lock.
void clean_descriptor(const u8* d) {
    if (d[11] == descriptor_port) {
        right_release_locked(port_of(d), d[10]);
        return;
    }
    Ool o;
    memcpy(&o, d, sizeof o);
    if (o.type == descriptor_ool_ports) {
        Port** ports = reinterpret_cast<Port**>(o.address);
        for (u32 i = 0; ports && i < o.size; i++) right_release_locked(ports[i], o.disposition);
        free_pages(o.address, o.size * u64{8});
    } else {
        free_pages(o.address, o.size);
    }
}

}  // namespace

void clean_body_locked(Message* m, u32 count) {
    u8* d = m->bytes + header_size + 4;
    for (u32 i = 0; i < count; i++) {
        clean_descriptor(d);
        d += descriptor_size(d[11]);
    }
    m->complex = false;
}

bool message_get_buffer(Message* m, u64 size) {
    if (size > message_buffer_size) {
        const u64 pages = (size + 4095) & ~4095ull;
        u8* bytes = static_cast<u8*>(try_pages(pages));
        if (!bytes) return false;
        m->bytes = bytes;
        m->mapped = pages;
        m->room = static_cast<u32>(pages);
        return true;
    }
    Locked hold(message_lock);
    Buffer* b = free_buffers;
    if (b) free_buffers = b->next;
    else b = static_cast<Buffer*>(host_pages(message_buffer_size));
    m->bytes = reinterpret_cast<u8*>(b);
    m->mapped = m->room = message_buffer_size;
    memset(m->bytes, 0, size);
    return true;
}

Message* message_new(u32 size) {
    if (size < header_size) size = header_size;
    Message* m;
    {
        Locked hold(message_lock);
        if (!free_messages) {
            constexpr u64 batch = 32;
            Message* fresh = static_cast<Message*>(try_pages(batch * sizeof(Message)));
            if (!fresh) return nullptr;
            for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
            free_messages = fresh;
        }
        m = free_messages;
        free_messages = m->next;
    }
    *m = {};
    m->size = size;
    m->bytes = m->small;
    m->room = sizeof m->small;
    m->from_kernel = true;
    if (size <= sizeof m->small || message_get_buffer(m, size)) return m;
    message_free(m);
    return nullptr;
}

void message_free(Message* m) {
    if (m->aux) free_pages(as_word(m->aux), most_aux);
    if (m->mapped > message_buffer_size) free_pages(as_word(m->bytes), m->mapped);
    Locked hold(message_lock);
    if (m->mapped == message_buffer_size) {
        Buffer* b = reinterpret_cast<Buffer*>(m->bytes);
        b->next = free_buffers;
        free_buffers = b;
    }
    m->next = free_messages;
    free_messages = m;
}

void fork_child_messages() {
    message_lock.reset();
    free_messages = doomed = nullptr;
    free_buffers = nullptr;
    reaping = false;
}

u32 message_add_port(Message* m, Port* port, u32 type) {
    u32 count = 0;
    if (m->complex) memcpy(&count, m->bytes + header_size, 4);
    m->complex = true;
    u8* d = m->bytes + header_size + 4 + 12 * count++;
    memcpy(m->bytes + header_size, &count, 4);
    set_port(d, port);
    d[8] = d[9] = 0;
    d[10] = static_cast<u8>(type);
    d[11] = descriptor_port;
    if (type == msg_move_receive) port->destination = m->remote;
    return header_size + 4 + 12 * count;
}

void message_destroy_locked(Message* m) {
    m->next = doomed;
    doomed = m;
    if (reaping) return;
    reaping = true;
    while ((m = doomed)) {
        doomed = m->next;
        right_release_locked(m->remote, m->remote_type);
        right_release_locked(m->local, m->local_type);
        clean_body_locked(m, descriptor_count(m));
        message_free(m);
    }
    reaping = false;
}

}  // namespace trapeze
