// SPDX-License-Identifier: BSD-3-Clause
// Exception ports: a fault comes as a message in every behavior before it is a signal; the answer lets the thread go on, changes its
// registers, or refuses (osfmk/kern/exception.c, ipc_tt.c, osfmk/mach/exc.defs, mach_exc.defs). And states of every flavor.
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/darwin/rpc.h"
#include "sys/darwin/task.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();
constexpr u32 bad_access = 1u << 1, bad_instruction = 1u << 2, arithmetic = 1u << 3, all_valid = 0x3ffe;
constexpr i32 state64 = 4;

enum class Answer { repair, skip, refuse, drop };
struct Handler {
    mach_port_t port;
    Answer answer;
    i32 id;
    u32 exception;
    i64 code[2];
    u32 state_words;
    u64 page;
};
Handler handler;

struct Buffer {
    mach_msg_header_t header;
    u8 rest[3000];
};

// The message as exc.defs lays it out: ports if the behavior has identity, NDR, exception, codes, state.
void take_apart(const Buffer& m, const u8*& state) {
    const bool identity = m.header.id % 4 != 2, wide = m.header.id > 2404;
    const u8* p = m.rest + (identity ? 4 + 24 : 0) + 8;
    memcpy(&handler.exception, p, 4);
    p += 8;
    if (wide) {
        memcpy(handler.code, p, 16);
        p += 16;
    } else {
        i32 code[2];
        memcpy(code, p, 8);
        handler.code[0] = code[0], handler.code[1] = code[1];
        p += 8;
    }
    state = p;
    handler.state_words = 0;
    if (m.header.id % 4 != 1) memcpy(&handler.state_words, p + 4, 4);
}

void serve() {
    static Buffer in;
    static struct {
        mach_msg_header_t header;
        NDR_record_t ndr;
        kern_return_t code;
        i32 flavor;
        u32 count, state[300];
    } out;
    for (;;) {
        if (mach_msg(&in.header, MACH_RCV_MSG, 0, sizeof in, handler.port, 0) != KERN_SUCCESS) return;
        if (in.header.id == 1) return;
        handler.id = in.header.id;
        const u8* state;
        take_apart(in, state);
        if (handler.answer == Answer::drop) {
            (void)mach_port_deallocate(task, in.header.remote_port);
            continue;
        }
        if (handler.answer == Answer::repair) (void)mach_vm_protect(task, handler.page, page_size, false, VM_PROT_READ | VM_PROT_WRITE);
        out.header = {mach_msgh_bits(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0), 36, in.header.remote_port, 0, 0, in.header.id + 100};
        out.ndr = ndr_record;
        out.code = handler.answer == Answer::refuse ? KERN_FAILURE : KERN_SUCCESS;
        if (handler.state_words) {
            out.flavor = state64;
            out.count = handler.state_words;
            memcpy(out.state, state + 8, handler.state_words * 4);
            if (handler.answer == Answer::skip) {
                u64 rip;
                memcpy(&rip, &out.state[32], 8);
                rip += 2;
                memcpy(&out.state[32], &rip, 8);
            }
            out.header.size = 36 + 8 + handler.state_words * 4;
        }
        (void)mach_msg(&out.header, MACH_SEND_MSG, out.header.size, 0, 0, 0);
    }
}

struct Wanted {
    u32 mask, behavior;
    i32 flavor;
};
kern_return_t set_ports(mach_port_t object, i32 id, mach_port_t port, const Wanted& w) {
    return rpc(object, id, port_part(port, MACH_MSG_TYPE_COPY_SEND), w, none);
}

void behaviors() {
    handler.port = new_port();
    Result failed;
    Thread* t = thread_create([](void*) { serve(); }, nullptr, &failed);
    ok(t != nullptr, "a thread that handles exceptions");
    u64 page = 0;
    (void)mach_vm_allocate(task, &page, page_size, VM_FLAGS_ANYWHERE);
    handler.page = page;
    volatile u8& p = *reinterpret_cast<volatile u8*>(page);
    const struct {
        u32 behavior;
        i32 id;
    } forms[] = {{1, 2401}, {2, 2402}, {3, 2403}, {0x80000001, 2405}, {0x80000002, 2406}, {0x80000003, 2407}};
    handler.answer = Answer::repair;
    for (const auto& f : forms) {
        (void)mach_vm_protect(task, page, page_size, false, VM_PROT_READ);
        ok(set_ports(task, MIG_task_set_exception_ports, handler.port, {bad_access, f.behavior, state64}) == KERN_SUCCESS, "a behavior of the task's");
        p = 1;
        const bool wide = f.behavior & 0x80000000;
        ok(handler.id == f.id && handler.exception == 1 && handler.code[0] == KERN_PROTECTION_FAILURE &&
               (wide ? static_cast<u64>(handler.code[1]) == page : static_cast<u32>(handler.code[1]) == static_cast<u32>(page)),
           "its message tells the page and what is wrong; repaired, the write is done");
        ok(handler.state_words == (f.behavior % 4 == 1 ? 0u : 42u), "with the registers where they belong to it");
    }
    handler.answer = Answer::skip;
    (void)set_ports(task, MIG_task_set_exception_ports, handler.port, {bad_instruction, 0x80000002, state64});
    asm volatile("ud2");
    ok(handler.exception == 2 && handler.code[0] == 1, "an invalid instruction, which the new registers leave behind");
    (void)set_ports(thread_self(), MIG_thread_set_exception_ports, handler.port, {bad_instruction, 0x80000003, state64});
    asm volatile("ud2");
    ok(handler.id == 2407, "the thread's handler comes before the task's");
    (void)set_ports(thread_self(), MIG_thread_set_exception_ports, 0, {bad_instruction, 0, 0});
    asm volatile("ud2");
    ok(handler.id == 2406, "and without it the task's is asked");
    (void)set_ports(task, MIG_task_set_exception_ports, 0, {bad_instruction, 0, 0});
    const kern_return_t of_host = set_ports(mach_host_self(), MIG_host_set_exception_ports, handler.port, {bad_instruction, 0x80000002, state64});
    if (geteuid() == 0) {  // mach_host_self is the privileged port
        succeeds(of_host, "the host's handler");
        handler.id = 0;
        asm volatile("ud2");
        ok(handler.id == 2406, "is asked when there is no other");
        (void)set_ports(mach_host_self(), MIG_host_set_exception_ports, 0, {bad_instruction, 0, 0});
    } else {
        is(of_host, KERN_INVALID_ARGUMENT, "the host's handler without its privileged port: INVALID_ARGUMENT");
    }

    constexpr u32 bad_syscall = 1 << 7;  // EXC_MASK_SYSCALL
    (void)set_ports(task, MIG_task_set_exception_ports, handler.port, {bad_syscall, 0x80000001, 0});
    handler.answer = Answer::skip;  // there is no state to change: it just goes on
    handler.exception = 0;
    u64 rax = 0x1000002;
    asm volatile("syscall" : "+a"(rax) : : "rcx", "r11", "memory");
    ok(handler.id == 2405 && handler.exception == 7 && handler.code[0] == 0x1000002 && handler.code[1] == 1 && rax == 0x1000002,
       "a Mach trap that is none: EXC_SYSCALL, and no signal when it is handled");
    (void)set_ports(task, MIG_task_set_exception_ports, 0, {bad_syscall, 0, 0});
    struct {
        mach_msg_header_t header;
    } stop = {{mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, 0), 24, handler.port, 0, 0, 1}};
    (void)mach_msg(&stop.header, MACH_SEND_MSG, 24, 0, 0, 0);
    thread_join(t);
    (void)set_ports(task, MIG_task_set_exception_ports, 0, {all_valid, 0, 0});
    (void)mach_port_destroy(task, handler.port);
    (void)mach_vm_deallocate(task, page, page_size);
}

// In a child: whoever refuses, or says nothing, leaves it to the signal.
i32 end_of(Answer answer) {
    const WaitStatus status = in_child([&] {
        handler.port = new_port();
        handler.answer = answer;
        Result failed;
        if (!thread_create([](void*) { serve(); }, nullptr, &failed)) return 1;
        const mach_port_t me = mach_task_self();
        const Wanted w = {bad_instruction, 1, 0};
        if (rpc(me, MIG_task_set_exception_ports, port_part(handler.port, MACH_MSG_TYPE_COPY_SEND), w, none)) return 2;
        asm volatile("ud2");
        return 0;
    });
    return status.signalled() ? status.signal() : 0;
}

void wrong_uses() {
    const mach_port_t port = new_port();
    is(set_ports(task, MIG_task_set_exception_ports, port, {1, 1, 0}), KERN_INVALID_ARGUMENT, "an exception that is none: INVALID_ARGUMENT");
    is(set_ports(task, MIG_task_set_exception_ports, port, {bad_access, 7, 0}), KERN_INVALID_ARGUMENT, "a behavior that is none: INVALID_ARGUMENT");
    is(set_ports(task, MIG_task_set_exception_ports, port, {bad_access, 2, 99}), KERN_INVALID_ARGUMENT, "a flavor that is none: INVALID_ARGUMENT");
    is(set_ports(mach_host_self(), MIG_task_set_exception_ports, port, {bad_access, 1, 0}), KERN_INVALID_ARGUMENT, "of a port that is no task: INVALID_ARGUMENT");
    (void)set_ports(task, MIG_task_set_exception_ports, port, {bad_access | arithmetic, 1, 0});
    struct Parts {
        mach_msg_port_descriptor_t port[32];
    } parts{};
    // 32 descriptors, more than rpc has room for: the message by hand.
    static struct {
        mach_msg_header_t header;
        NDR_record_t ndr;
        u32 mask;
        u8 room[1200];
    } m;
    static_assert(sizeof parts == 384);
    m.header = {mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), 36, task, port, 0, MIG_task_get_exception_ports};
    m.ndr = ndr_record;
    m.mask = bad_access | bad_instruction | arithmetic;
    is(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, 36, sizeof m, port, 0), KERN_SUCCESS, "ask for them");
    const u8* p = reinterpret_cast<const u8*>(&m) + 24;
    u32 count, masks[2], first;
    memcpy(&first, p + 4, 4);
    memcpy(&count, p + 4 + 384 + 8, 4);
    memcpy(masks, p + 4 + 384 + 12, 8);
    ok(count == 2 && masks[0] == (bad_access | arithmetic) && masks[1] == bad_instruction && first == port, "what is alike comes together");
    (void)set_ports(task, MIG_task_set_exception_ports, 0, {all_valid, 0, 0});
    (void)mach_port_destroy(task, port);
}

void flavors() {
    u32 words[300], count;
    const mach_port_t me = thread_self();
    struct Flavor {
        i32 flavor;
        u32 count;
    };
    const Flavor known[] = {{4, 42}, {6, 4}, {7, 44}, {9, 6}, {11, 16}, {12, 18}};
    for (const auto& f : known) {
        count = 300;
        ok(thread_get_state(me, f.flavor, words, &count) == KERN_SUCCESS && count == f.count, "a flavor has its length");
        count = f.count - 1;
        is(thread_get_state(me, f.flavor, words, &count), KERN_INVALID_ARGUMENT, "and wants room for it: INVALID_ARGUMENT");
    }
    static struct {  // longer than the wrapper has room for
        mach_msg_header_t header;
        NDR_record_t ndr;
        i32 flavor;
        u32 room, state[300];
    } m;
    for (const auto& f : {Flavor{5, 131}, Flavor{8, 133}}) {
        m.header = {mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, 0), 40, me, 0, 0, MIG_thread_get_state};
        m.ndr = ndr_record;
        m.flavor = f.flavor;
        m.room = f.count;
        is(machcall(&m.header, sizeof m, 40 + f.count * 4), KERN_SUCCESS, "floating point");
    }
    for (const i32 f : {1, 2, 3, 10, 13, 16, 99}) {
        count = 300;
        is(thread_get_state(me, f, words, &count), KERN_INVALID_ARGUMENT, "a flavor of 32-bit threads, or none: INVALID_ARGUMENT");
    }
}

}  // namespace

int main() {
    print("TAP version 13\n");
    behaviors();
    ok(end_of(Answer::refuse) == 4, "refused: SIGILL");
    ok(end_of(Answer::drop) == 4, "a reply right that is dropped: SIGILL");
    wrong_uses();
    flavors();
    return done();
}
