// SPDX-License-Identifier: BSD-3-Clause
// Users, groups, the login name, and the calls of a whole machine's superuser (xnu-3248.60.10 bsd/kern/kern_prot.c,
// bsd/kern/mach_process.c). What changes an identity happens in children; a superuser's child gives the superuser up first.
#include "tests/conformance/darwin_raw.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) { for (;;) call(bsd + 361, 0, 0, 0, 0); }

constexpr i32 EPERM = 1, ESRCH = 3, EFAULT = 14, EINVAL = 22;

template <class... A>
static i32 error_of(u64 number, A... a) {
    Trap t(number, a...);
    t.go();
    return t.failed() ? static_cast<i32>(t.r.rax) : 0;
}

// 0: all held, else the number of what did not.
template <class F>
static void in_child(F f, const char* what) {
    Trap t(bsd + 2);
    t.go();
    if (t.r.rdx == 1) call(bsd + 1, f());
    i32 status = -1;
    call(bsd + 7, t.r.rax, &status, 0, 0);
    same(status >> 8 | (status & 0xff) << 8, 0, what);
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    const bool root = call(bsd + 25) == 0;
    const u32 egid = static_cast<u32>(call(bsd + 43));
    u32 groups[17] = {};
    const i32 count = static_cast<i32>(call(bsd + 79, 0, 0));
    check(count >= 1 && count <= 16, "getgroups of 0 counts, the effective group too");
    same(static_cast<i64>(call(bsd + 79, 16, groups)), count, "and 16 are enough");
    same(groups[0], egid, "the first is the effective one");
    same(error_of(bsd + 79, -1, groups), EINVAL, "a negative room: EINVAL");
    same(error_of(bsd + 79, 16, 8), EFAULT, "a bad place: EFAULT");

    in_child([] {
        if (call(bsd + 25) == 0) {
            const u32 some[2] = {54321, 54322};
            u32 now[16] = {};
            if (error_of(bsd + 80, 17, some) != EINVAL) return 1;
            if (error_of(bsd + 80, 2, 8) != EFAULT) return 2;
            if (error_of(bsd + 80, 2, some)) return 3;
            if (call(bsd + 43) != 54321 || call(bsd + 79, 16, now) != 2 || now[0] != 54321 || now[1] != 54322) return 4;
            if (error_of(bsd + 80, 0, 0) || call(bsd + 43) != 0) return 14;
            if (error_of(bsd + 243, 1, some, 54321)) return 5;
            if (error_of(bsd + 50, "somebody")) return 6;
            char name[16] = {};
            if (error_of(bsd + 49, name, 16) || name[0] != 's' || name[7] != 'y' || name[8]) return 7;
            if (error_of(bsd + 50, 8) != EFAULT) return 8;
            if (error_of(bsd + 127, 54321, 54322)) return 9;
            if (call(bsd + 47) != 54321 || call(bsd + 43) != 54322) return 10;
            if (error_of(bsd + 182, 54321) || call(bsd + 43) != 54321) return 11;
            if (error_of(bsd + 126, 54321, 54322)) return 12;  // real, effective; the saved one is the new effective one
            if (call(bsd + 24) != 54321 || call(bsd + 25) != 54322) return 13;
        }
        return 0;
    }, root ? "the superuser sets groups, login name, real and effective identifiers" : "(for the superuser)");
    in_child([] {
        if (call(bsd + 25) == 0 && (error_of(bsd + 181, 54321) || error_of(bsd + 126, 54321, 54321))) return 1;
        const u32 me = static_cast<u32>(call(bsd + 24)), group = 54323;
        if (error_of(bsd + 183, 0) != EPERM) return 2;
        if (error_of(bsd + 126, 0, 0) != EPERM) return 3;
        if (error_of(bsd + 23, 0) != EPERM) return 4;
        if (error_of(bsd + 182, 54399) != EPERM) return 5;
        if (error_of(bsd + 127, 54399, -1) != EPERM) return 6;
        if (error_of(bsd + 80, 1, &group) != EPERM) return 7;
        if (error_of(bsd + 243, 1, &group, 0) != EPERM) return 8;
        if (error_of(bsd + 50, "x") != EPERM) return 9;
        if (error_of(bsd + 183, me) || error_of(bsd + 126, -1, me)) return 10;
        return error_of(bsd + 183, -1) == EPERM ? 0 : 11;
    }, "anybody else may not: EPERM");

    same(error_of(bsd + 49, 8, 16), EFAULT, "getlogin into nowhere: EFAULT");
    const struct {
        i64 sec;
        i32 usec, pad;
    } now{0, 0, 0};
    in_child([&] {
        if (call(bsd + 25) == 0 && (error_of(bsd + 181, 54321) || error_of(bsd + 23, 54321))) return 1;
        if (error_of(bsd + 122, &now, 0) != EPERM) return 2;
        if (error_of(bsd + 140, &now, 0) != EPERM) return 3;
        if (error_of(bsd + 55, 0, 0) != EPERM) return 4;
        return error_of(bsd + 285, 1, 1) == EPERM ? 0 : 5;
    }, "the clock, reboot and a thread's identity are not for everybody: EPERM");
    u32 place;
    same(error_of(bsd + 286, &place, &place), ESRCH, "a thread without an identity of its own: ESRCH");
    same(error_of(bsd + 26, 31, 0, 0, 0), 0, "PT_DENY_ATTACH");
    same(error_of(bsd + 26, 12, 0, 0, 0), EINVAL, "PT_SIGEXC of one that is not traced: EINVAL");
    same(error_of(bsd + 26, 7, 1, 0, 0), EPERM, "PT_CONTINUE of init: EPERM");
    same(error_of(bsd + 26, 7, 0x3fffffff, 0, 0), ESRCH, "of nobody: ESRCH");
    same(error_of(bsd + 368, 0x20, 0, 0, 0), EINVAL, "workq_kernreturn without a work queue: EINVAL");
    same(error_of(bsd + 100, 9, 0), EINVAL, "getpriority of no kind: EINVAL");
    check(call(bsd + 100, 3, 0) == 0 && call(bsd + 100, 4, 0) == 0, "the thread and the process are not in the background");
    return done();
}
