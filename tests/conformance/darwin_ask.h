// SPDX-License-Identifier: BSD-3-Clause
// Requests of darwin_memory, word by word: to mach_vm's routines, with addresses of eight bytes, or to vm_map's, with four.
#pragma once
#include "tests/conformance/darwin_mach.h"

inline bool wide;  // the eight-byte routines are asked

alignas(8) inline u8 message[8192];

// A request, and then what came.
struct Ask {
    u32 at = 24, results = 0;
    u32 descriptors = 0;
    i32 id;
    explicit Ask(i32 wide_id, i32 narrow_id) : id(wide ? wide_id : narrow_id) { at = 24; }
    Ask& put(const void* data, u32 n) {
        if (at == 24 && !descriptors) ndr();
        __builtin_memcpy(message + at, data, n);
        at += n;
        return *this;
    }
    void ndr() {
        const u32 words[2] = {0, 1};
        __builtin_memcpy(message + at, words, 8);
        at += 8;
    }
    Ask& port(u32 name, u32 disposition = copy_send) {
        const PortDescriptor d{name, 0, 0, static_cast<u8>(disposition), 0};
        return descriptor(&d, sizeof d);
    }
    Ask& memory(const void* data, u32 n) {
        const OolDescriptor d{data, 0, 0, 0, 1, n};
        return descriptor(&d, sizeof d);
    }
    Ask& descriptor(const void* d, u32 n) {
        descriptors = 1;
        __builtin_memcpy(message + 24, &descriptors, 4);
        __builtin_memcpy(message + 28, d, n);
        at = 28 + n;
        ndr();
        return *this;
    }
    Ask& word(u32 v) { return put(&v, 4); }
    Ask& quad(u64 v) { return put(&v, 8); }
    Ask& address(u64 v) { return wide ? quad(v) : word(static_cast<u32>(v)); }
    i64 of(u32 object) {
        const Header h{0x1513 | (descriptors ? complex_bit : 0), at, object, reply_port(), 0, id};
        __builtin_memcpy(message, &h, sizeof h);
        if (const i64 r = message_trap(message, send_bit | receive_bit, at, sizeof message, reply_port())) return r;
        u32 bits, n;
        __builtin_memcpy(&bits, message, 4);
        if (!(bits & complex_bit)) {
            results = 36;
            return static_cast<i32>(read<u32>(32));
        }
        __builtin_memcpy(&n, message + 24, 4);
        results = 28 + (message[28 + 11] ? 16 : 12) * n + 8;
        return 0;
    }
    i64 go() { return of(task_self()); }
    template <class T>
    static T read(u32 from) {
        T v;
        __builtin_memcpy(&v, message + from, sizeof v);
        return v;
    }
    // The results, one after the other.
    u32 next() { return results += 4, read<u32>(results - 4); }
    u64 next_quad() { return results += 8, read<u64>(results - 8); }
    u64 next_address() { return wide ? next_quad() : next(); }
    u64 memory_at() const { return read<u64>(28); }
    u32 name() const { return read<u32>(28); }
};
