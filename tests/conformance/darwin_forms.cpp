// SPDX-License-Identifier: BSD-3-Clause
// darwin_forms [ERA]: every routine of sys/darwin/mig.tbl, asked wrongly in every way that MIG's servers look for (migcom's
// WriteCheckRequest): sizes, the complex bit, descriptors, rights, counts. None of it reaches a routine. Routines that the era lacks are
// MIG_BAD_ID; those that xnurun refuses are asked rightly, too, and must say what the table says.
// ERA: 10.5 ... 15; none: a kernel for programs of all of them, whose forms are those of 10.11 where they differ.
#include "sys/darwin/forms.h"
#include "tests/conformance/darwin_mach.h"

using xnu::MigForm;
using xnu::MigPart;
using xnu::mig_forms;

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr u32 room = 16384;
constexpr u32 xnu_10_11 = 3248060, xnu_13 = 8792041;
constexpr i64 type_error = -300, bad_id = -303, bad_arguments = -304;
enum : u8 { port_kind = 0, ool_kind = 1, ool_ports_kind = 2 };
u32 era;

alignas(8) u8 request[room], answer[room];
const u8 zeros[128] = {};
u32 clock, processors, semaphore, entry;
u32 spare;  // a receive right: what becomes of wrong rights is told there

bool of_era(const MigForm& f, u32 xnu) { return (!f.since || f.since <= xnu) && (!f.until || xnu <= f.until); }

// The row that an id means, or null.
const MigForm* meant(i32 id) {
    const MigForm* found = nullptr;
    for (const MigForm& f : mig_forms) {
        if (f.id != id || f.verdict == '-') continue;
        if (era ? of_era(f, era) : of_era(f, xnu_10_11)) return &f;
        const bool only_10_5 = f.id >= 617200 && f.until && f.until < 1456001;
        if (!era && !only_10_5) found = &f;
    }
    return found;
}

struct Message {  // in `request`
    u32 size = 24;
    bool complex = false;
    void put(const void* data, u32 n) { __builtin_memcpy(request + size, data, n), size += n; }
    void put32(u32 v) { put(&v, 4); }
    void zeros(u32 n) { __builtin_memset(request + size, 0, n), size += n; }
};

// mach_msg_return_t or RetCode; a reply that is complex counts as 0. A message that the kernel does not take is -1.
i64 ask(u32 object, i32 id, const Message& m) {
    const u32 reply = reply_port();
    const Header h{0x1513 | (m.complex ? complex_bit : 0), m.size, object, reply, 0, id};
    __builtin_memcpy(request, &h, sizeof h);
    __builtin_memcpy(answer, request, m.size);
    i64 r;
    if (era >= xnu_13) {
        u32 count = 0;
        if (m.complex) __builtin_memcpy(&count, request + 24, 4);
        r = static_cast<i32>(call(mach + 47, answer, u64{send_bit | receive_bit} | 2ull << 32, h.bits | static_cast<u64>(m.size) << 32,
                                  object | static_cast<u64>(reply) << 32, static_cast<u64>(static_cast<u32>(id)) << 32,
                                  count | static_cast<u64>(reply) << 32, room, 0));
    } else {
        r = message_trap(answer, send_bit | receive_bit, m.size, room, reply);
    }
    if (r) {
        say("# mach_msg said "), say_number(r), say("\n");
        Buffer notification;  // the reply right went with the request
        (void)poll(reply, notification);
        return -1;
    }
    Header got;
    i32 code;
    __builtin_memcpy(&got, answer, sizeof got);
    __builtin_memcpy(&code, answer + 32, 4);
    return got.bits & complex_bit || got.size < 36 ? 0 : code;
}

// What is wrong with a request; fit: nothing.
enum class Wrong { fit, disposition, kind, memory_size, count, count_limit };

u32 right_for(char letter, bool wrong) {
    if (letter == 'o') return wrong ? make_send : make_send_once;
    if (letter == 'r') return move_receive;
    return wrong ? make_send_once : copy_send;
}

// A request of zeros. `at`: the descriptor or part that is wrong.
Message build(const MigForm& f, Wrong wrong = Wrong::fit, u32 at = 0) {
    Message m;
    const u32 n = static_cast<u32>(length(f.descriptors));
    m.complex = n > 0;
    if (n) m.put32(n);
    for (u32 i = 0; i < n; i++) {
        const char letter = f.descriptors[i];
        const bool here = wrong == Wrong::disposition && i == at;
        if (letter == 'm' || letter == 'p') {
            const bool ports = (letter == 'p') != (wrong == Wrong::kind && i == at);
            u32 size = 0, more = 0;
            for (u32 p = 0; p < f.part_count; p++) {
                const MigPart& part = f.parts[p];
                if (part.kind < MigPart::memory || part.descriptor != i) continue;
                more = part.unit;
                if (part.kind == MigPart::memory_fixed) size = part.unit;
            }
            if (wrong == Wrong::memory_size && i == at) size += more;
            const OolDescriptor d{size ? static_cast<const void*>(zeros) : nullptr, 0, 0,
                                  static_cast<u8>(ports ? right_for('s', here) : 0), ports ? ool_ports_kind : ool_kind, size};
            m.put(&d, sizeof d);
        } else {
            const PortDescriptor d{here ? spare : 0, 0, 0, static_cast<u8>(right_for(letter, here)), port_kind};
            m.put(&d, sizeof d);
        }
    }
    if (f.arguments > m.size) {
        const u32 ndr[2] = {0, 1};
        m.put(ndr, 8);
    }
    m.zeros(f.least - m.size);
    // Counts stand where they would without any elements.
    u32 place = f.arguments;
    for (u32 p = 0; p < f.part_count; p++) {
        const MigPart& part = f.parts[p];
        if (part.kind == MigPart::memory_fixed) continue;
        place += part.skip;
        if (p == at && (wrong == Wrong::count || wrong == Wrong::count_limit)) {
            const u32 n_elements = wrong == Wrong::count_limit ? part.limit + 1u : 1;
            __builtin_memcpy(request + place, &n_elements, 4);
            if (wrong == Wrong::count_limit) m.zeros(f.most - f.least);
        }
        place += 4;
    }
    return m;
}

// Says what came instead.
bool gives(const MigForm& f, u32 object, const Message& m, i64 wanted, const char* what) {
    const i64 got = ask(object, f.id, m);
    if (got == wanted) return true;
    say("# "), say(what), say(": got "), say_number(got), say(", wanted "), say_number(wanted), say("\n");
    return false;
}

u32 object_of(const MigForm& f) {
    switch (f.object) {
    case 't': return task_self();
    case 'T': return static_cast<u32>(call(mach + 27));
    case 'c': return clock;
    case 'p': return processors;
    case 's': return semaphore;
    case 'm': return entry;
    default: return static_cast<u32>(call(mach + 29));
    }
}

bool wrong_forms(const MigForm& f, u32 object) {
    const u32 descriptors = static_cast<u32>(length(f.descriptors));
    bool good = true;
    Message m = build(f);
    if (f.least > f.arguments) {
        m.size -= 4;
        good &= gives(f, object, m, bad_arguments, "four bytes less");
    }
    m = build(f);
    m.zeros(f.most + 4 - m.size);
    good &= gives(f, object, m, bad_arguments, "four bytes more than the most");
    m = build(f);
    if (f.part_count == 0 || f.most == f.least) {
        m.zeros(4);
        good &= gives(f, object, m, bad_arguments, "four bytes more");
    } else if (f.most > f.least + 4) {
        m.zeros(4);
        good &= gives(f, object, m, bad_arguments, "more bytes than its count says");
    }
    m = build(f);
    if (descriptors) {
        m.complex = false;
        good &= gives(f, object, m, bad_arguments, "without the complex bit");
        m = build(f);
        const u32 fewer = descriptors - 1;
        __builtin_memcpy(request + 24, &fewer, 4);
        good &= gives(f, object, m, bad_arguments, "a descriptor less");
    } else {
        m = Message{};
        m.complex = true;
        m.put32(1);
        const PortDescriptor d{0, 0, 0, copy_send, port_kind};
        m.put(&d, sizeof d);
        if (f.least > m.size) m.zeros(f.least - m.size);
        good &= gives(f, object, m, bad_arguments, "with a descriptor");
    }
    for (u32 n = 0; n < descriptors; n++) {
        const char letter = f.descriptors[n];
        if (letter != 'm' && letter != 'a') good &= gives(f, object, build(f, Wrong::disposition, n), type_error, "another right");
        if (letter == 'm' || letter == 'p') {
            good &= gives(f, object, build(f, Wrong::kind, n), type_error, "another kind of memory");
            good &= gives(f, object, build(f, Wrong::memory_size, n), type_error, "memory of another size");
        }
    }
    for (u32 n = 0; n < f.part_count; n++) {
        const MigPart& part = f.parts[n];
        if (part.kind == MigPart::memory_fixed) continue;
        const bool memory = part.kind == MigPart::memory;
        good &= gives(f, object, build(f, Wrong::count, n), memory ? type_error : bad_arguments, "a count without its elements");
        if (!memory) good &= gives(f, object, build(f, Wrong::count_limit, n), bad_arguments, "more elements than there may be");
    }
    return good;
}

// What a routine says of an object of another kind: a null task, thread, host ... in XNU (the sources are in the routines' tests).
i64 wrong_object(i32 id) {
    constexpr i64 failure = 5, invalid_host = 22, invalid_processor_set = 26;
    switch (id) {
    case 216: case 219: case 400: case 402: case 404: case 418: return invalid_host;
    case 3431: return failure;
    case 3439: case 3440: case 3810: case 4809: return invalid_task;
    case 3441: return era >= 6153011 ? not_supported : invalid_task;
    case 3627: return era >= 4903221 ? not_supported : invalid_task;
    case 4000: return invalid_processor_set;
    default: return id >= 3200 && id < 3300 ? invalid_task : invalid_argument;
    }
}

void told(bool good, const MigForm& f, const char* what) {
    tests++;
    if (!good) failures++;
    say(good ? "ok " : "not ok "), say_number(tests), say(" - "), say_number(f.id), say(" "), say(f.name), say(": "), say(what), say("\n");
}

u32 port_of(u32 object, i32 id, u32 words, u32 first = 0, u32 second = 0) {
    Message m;
    if (words) {
        const u32 ndr[2] = {0, 1};
        m.put(ndr, 8);
    }
    if (words > 0) m.put32(first);
    if (words > 1) m.put32(second);
    u32 name = 0;
    if (ask(object, id, m) == 0) __builtin_memcpy(&name, answer + 28, 4);
    return name;
}

bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

}  // namespace

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    constexpr const char* names[] = {"10.5", "10.6", "10.11", "10.13", "12", "13", "14", "15"};
    constexpr u32 xnu[] = {1228015, 1504015, xnu_10_11, 4570071, 8020140, 8796141, 10063141, 11417121};
    for (u32 n = 0; argc > 1 && n < 8; n++)
        if (equal(argv[1], names[n])) era = xnu[n];
    const u32 host = static_cast<u32>(call(mach + 29));
    spare = static_cast<u32>(call(mach + 26));
    clock = port_of(host, 206, 1);
    processors = port_of(host, 213, 0);
    semaphore = port_of(task_self(), 3418, 2);
    MigForm create = *meant(4817);
    Message m = build(create);
    const u64 page[2] = {4096, 0};
    const u32 permission = 0x20000 | 3;
    __builtin_memcpy(request + 48, page, 16);
    __builtin_memcpy(request + 64, &permission, 4);
    if (ask(task_self(), 4817, m) == 0) __builtin_memcpy(&entry, answer + 28, 4);
    check(clock && processors && semaphore && entry, "an object of each kind");

    i32 last = -1;
    for (const MigForm& f : mig_forms) {
        const MigForm* now = meant(f.id);
        if (!now) {
            if (f.id == last || f.verdict == '-') continue;
            last = f.id;
            bool good = gives(f, object_of(f), build(f), bad_id, "a request");
            const Message bare;
            good &= gives(f, object_of(f), bare, bad_id, "a bare header");
            told(good, f, "not in this release");
            continue;
        }
        if (now != &f) continue;
        const u32 object = object_of(f);
        told(wrong_forms(f, object), f, "wrong forms");
        // mach_port_allocate_name looks at its name first.
        if (f.verdict == 'e' && f.object != 's' && f.id != 3203) told(gives(f, semaphore, build(f), wrong_object(f.id), "a semaphore"), f, "of a semaphore");
        if (f.verdict == 'r') told(gives(f, object, build(f), f.refused, "a request"), f, "refused as the table says");
    }
    constexpr i32 strangers[] = {0, 1, -1, 100, 199, 243, 2600, 3199, 3300, 3499, 3700, 3899, 4899, 5099, 999999, 0x7fffffff};
    for (const i32 id : strangers) same(ask(task_self(), id, Message{}), bad_id, "an id that no release serves");
    return done();
}
