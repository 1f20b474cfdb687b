// SPDX-License-Identifier: BSD-3-Clause
// Eight threads move rights and messages about, at random, over a common heap of ports: whatever they do, at the end every
// count comes out and no name is left. The seed is printed and may be given as argument.
#include "tests/conformance/darwin_mach.h"

constexpr u32 threads = 8, ports = 6, steps = 1500;
static u32 port[ports], finished;
static u64 seed = 20150930;
static u64 sent, received, broken;
static Regs start[threads];
alignas(16) static u8 stacks[threads][32768];

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}

struct [[gnu::packed]] TwoPorts {
    Header h;
    u32 count;
    PortDescriptor d[2];
};
static void count(u64& what) { __atomic_fetch_add(&what, 1, __ATOMIC_RELAXED); }

// What a message brought is given back: a receive right with all that lies in its queue.
static void give_back(const Buffer& b) {
    if (b.h.remote) call(mach + 18, task_self(), b.h.remote);
    if (!(b.h.bits & complex_bit)) return;
    for (u32 n = 0; n < b.word(24); n++) {
        const u32 name = b.word(28 + 12 * n), kind = b.word(36 + 12 * n) >> 16 & 0xff;
        if (!name || name == 0xffffffff) continue;
        const i64 r = kind == move_receive ? static_cast<i32>(call(mach + 19, task_self(), name, right_receive, -1))
                                           : static_cast<i32>(call(mach + 18, task_self(), name));
        if (r) count(broken);
    }
}
static bool take(u32 from, u32 option, u32 timeout) {
    Buffer b;
    const i64 r = receive(from, b, option | receive_timeout, timeout);
    if (r == receive_timed_out) return false;
    if (r) count(broken);
    else count(received), give_back(b);
    return true;
}

void raw_thread(Regs* r) {
    u64 random = seed * (r->rdx * 2 + 1);
    const auto next = [&](u64 n) {
        random = random * 6364136223846793005 + 1442695040888963407;
        return static_cast<u32>((random >> 33) % n);
    };
    for (u32 n = 0; n < steps; n++) {
        const u32 to = port[next(ports)], other = port[next(ports)];
        i64 result = ok_;
        switch (next(8)) {
        case 0: result = send(to, make_send, 1, send_timeout, next(2)); break;
        case 1: {
            Header h{copy_send | make_send_once << 8, 24, to, other, 0, 2};
            result = message_trap(&h, send_bit | send_timeout, 24, 0, 0, next(3));
            if (result == send_timed_out) call(mach + 18, task_self(), h.local);  // the reply right came back too
            break;
        }
        case 2: {  // a send and a send-once right travel
            TwoPorts m{{copy_send | complex_bit, sizeof m, to, 0, 0, 3}, 2, {{other, 0, 0, make_send, 0}, {other, 0, 0, make_send_once, 0}}};
            result = message_trap(&m, send_bit | send_timeout, sizeof m, 0, 0);
            if (result == send_timed_out) {  // it came back
                call(mach + 18, task_self(), m.d[0].name);
                call(mach + 18, task_self(), m.d[1].name);
            }
            break;
        }
        case 3: {  // a new port travels, with a message in it
            u32 name = 0;
            call(mach + 16, task_self(), 1, &name);
            send(name, make_send_once, 4, 0, 0, other, make_send);
            TwoPorts m{{copy_send | complex_bit, sizeof m - 12, to, 0, 0, 5}, 1, {{name, 0, 0, move_receive, 0}, {}}};
            result = message_trap(&m, send_bit | send_timeout, sizeof m - 12, 0, 0);
            if (result == send_timed_out) call(mach + 19, task_self(), m.d[0].name, right_receive, -1);
            break;
        }
        default: take(to, next(4) ? 0 : 0x01000000, next(2)); break;
        }
        // A send that found no room gave its copied right back under the name that is there: one reference more.
        if (result == send_timed_out) call(mach + 18, task_self(), to);
        else if (result == ok_) count(sent);
        else count(broken);
    }
    call(bsd + 361, 0, 0, r->rsi, finished);
    for (;;) {}
}

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    if (argc > 1)
        for (seed = 0; *argv[1]; argv[1]++) seed = seed * 10 + static_cast<u64>(*argv[1] - '0');
    say("# seed ");
    say_number(static_cast<i64>(seed));
    say("\n");
    semaphore_create(0, finished);
    const u32 before = names();
    for (u32& p : port) {
        p = allocate(right_receive);
        insert_right(p, p, make_send);
        mod_refs(p, right_send, 30000);  // the threads give back what comes of the others' timeouts
    }
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    u32 running = 0;
    for (u64 n = 0; n < threads; n++)
        running += !Trap(bsd + 360, n, &start[n], stacks[n] + sizeof stacks[n], n, 0x01000000).go().failed();
    same(running, threads, "eight threads");
    for (u32 n = 0; n < running; n++) semaphore_wait(finished);
    bool more = true;
    while (more) {
        more = false;
        for (u32 p : port) more |= take(p, 0, 0);
    }
    same(static_cast<i64>(broken), 0, "no call failed but for want of room");
    check(sent > 1000 && received > 1000, "messages went and came");
    bool counts = true;
    for (u32 p : port) counts &= status(p, 4) == 0 && status(p, 5) == 0 && refs(p, right_send) == 30001;
    check(counts, "queues are empty, no send-once right is left, every reference is there again");
    for (u32 p : port) {
        Buffer b;
        routine(b, 3205, p);
    }
    for (i32 n = 0; n < 500 && names() != before; n++) call(mach + 61, 0, 2, 10);  // threads end
    same(names(), before, "no name is left");
    return done();
}
