// SPDX-License-Identifier: BSD-3-Clause
// An identity is the process's, and every thread's at its next trap; settid's is one thread's alone (xnu-3248.60.10 bsd/kern/kern_prot.c,
// kern_credential.c kauth_cred_uthread_update, kauth_cred_change_egid). What only the superuser can begin runs in children, and is skipped
// for others.
#include "sys/calls.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/path.h"
#include "sys/temporary.h"
#include "sys/thread.h"
#include "tests/sys/child.h"

using namespace trapeze;

// Another thread that does one thing after the other.
struct Helper {
    i32 (*task)() = nullptr;
    i32 asked = 0, answered = 0, result = 0;
    Thread* thread = nullptr;

    static void run(void* at) {
        Helper& h = *static_cast<Helper*>(at);
        for (i32 n = 1;; n++) {
            while (__atomic_load_n(&h.asked, __ATOMIC_ACQUIRE) < n) thread_yield();
            if (!h.task) return;
            h.result = h.task();
            __atomic_store_n(&h.answered, n, __ATOMIC_RELEASE);
        }
    }
    bool begin() {
        Result error{0};
        thread = thread_create(run, this, &error);
        return thread && does([] { return geteuid() + 1; }) == geteuid() + 1;
    }
    i32 does(i32 (*what)()) {
        task = what;
        const i32 n = __atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) < n) thread_yield();
        return result;
    }
    void end() {
        task = nullptr;
        __atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
        thread_join(thread);
    }
};
static Helper other;
static char secret[64] = "/tmp/identities.XXXXXX";  // the superuser's alone

constexpr u32 back = ~0u - 100;  // KAUTH_UID_NONE
constexpr i32 a = 54321, b = 54322, c = 54323;

static i32 uid() { return getuid(); }
static i32 euid() { return geteuid(); }
static i32 egid() { return getegid(); }
static bool opens_it() {
    const Result r = open(secret, O_RDONLY, 0);
    if (r.ok()) (void)close(static_cast<i32>(r.value()));
    return r.ok();
}
static i32 reads() { return opens_it() ? 1 : 0; }
static bool groups_are(i32 first, i32 second) {
    u32 list[16];
    const Result n = sys_getgroups(16, list);
    return n.value() == (second ? 2 : 1) && list[0] == static_cast<u32>(first) && (!second || list[1] == static_cast<u32>(second));
}

static void every_thread() {
    held(in_child([] {
             if (!other.begin()) return 1;
             if (sys_seteuid(a).failed() || geteuid() != a) return 2;
             if (other.does(euid) != a || other.does(uid) != 0) return 3;
             if (opens_it() || other.does(reads)) return 4;
             if (sys_seteuid(0).failed() || other.does(euid) != 0 || !other.does(reads)) return 5;
             return 0;
         }),
         "seteuid reaches a thread that was there before, and its rights, and goes back");
    held(in_child([] {
             if (!other.begin()) return 1;
             if (other.does([] { return sys_setuid(a).ok() ? 0 : 1; })) return 2;
             if (getuid() != a || geteuid() != a || opens_it()) return 3;
             return sys_setuid(0).err() == kernel::EPERM && other.does([] { return sys_seteuid(0).ok() ? 1 : 0; }) == 0 ? 0 : 4;
         }),
         "setuid by another thread is this one's too, for good");
    held(in_child([] {
             if (!other.begin()) return 1;
             const u32 list[] = {b, c};
             if (sys_setgroups(2, list).failed() || !groups_are(b, c)) return 2;
             if (other.does([] { return groups_are(b, c) && getegid() == b ? 0 : 1; })) return 3;
             if (sys_setegid(a).failed() || !groups_are(a, c)) return 4;
             if (other.does(egid) != a) return 5;
             if (sys_setegid(c).failed() || !groups_are(c, a) || other.does([] { return groups_are(c, a) ? 0 : 1; })) return 6;
             return sys_setgroups(0, list).ok() && groups_are(0, 0) ? 0 : 7;
         }),
         "groups are the process's; a new effective group takes the first place, or changes places with it");
    held(in_child([] {
             // Two changes that the other thread sleeps through: the last one counts, although it could not be reached from the first.
             if (!other.begin() || sys_setreuid(a, 0).failed() || other.does(uid) != a || other.does(euid) != 0) return 1;
             if (sys_seteuid(a).failed() || other.does(euid) != a) return 2;
             if (sys_seteuid(0).failed() || sys_setgid(b).failed() || sys_setuid(c).failed()) return 3;
             return other.does(uid) == c && other.does(euid) == c && other.does(egid) == b ? 0 : 4;
         }),
         "a thread that missed several changes catches up");
    held(in_child([] {
             if (!other.begin() || sys_seteuid(a).failed() || other.does(euid) != a) return 1;
             return in_child([] { return geteuid() == a && sys_seteuid(0).ok() && geteuid() == 0 ? 0 : 1; }).code() == 0 && geteuid() == a &&
                            other.does(euid) == a ? 0 : 2;
         }),
         "a child of fork has an identity of its own");
}

static void one_thread() {
    held(in_child([] {
             if (!other.begin()) return 1;
             if (other.does([] { return sys_settid(a, b).ok() ? 0 : 1; })) return 2;
             if (other.does(uid) != a || other.does(euid) != a || other.does(egid) != b || other.does(reads)) return 3;
             if (getuid() != 0 || !opens_it()) return 4;
             if (other.does([] {
                     u32 id[4] = {7, 7, 7, 7};
                     return sys_gettid(&id[0], &id[2]).ok() && id[0] == a && id[1] == 7 && id[2] == b && id[3] == 7 ? 0 : 1;
                 })) return 5;
             if (other.does([] { return sys_settid(a, b).err() == kernel::EPERM ? 0 : 1; })) return 6;
             if (other.does([] { return sys_settid(back, 0).ok() ? 0 : 1; })) return 7;
             if (other.does(uid) != 0 || !other.does(reads)) return 8;
             u32 id = 0;
             if (sys_gettid(&id, &id).err() != kernel::ESRCH) return 9;
             return sys_settid(back, 0).err() == kernel::EPERM ? 0 : 10;
         }),
         "settid is one thread's, with all rights gone; twice, or back from nowhere is EPERM; it goes back");
    held(in_child([] {
             if (!other.begin()) return 1;
             return other.does([] {
                 if (sys_settid(a, b).failed()) return 2;
                 const u32 list[] = {b, c};
                 if (sys_setgroups(2, list).failed() || !groups_are(b, c)) return 3;  // the process is the superuser still
                 Helper young;
                 if (!young.begin() || young.does(uid) != a) return 4;
                 if (young.does([] { return sys_settid(back, 0).ok() && getuid() == 0 ? 0 : 1; })) return 5;
                 young.end();
                 if (in_child([] { return getuid() == 0 && opens_it() && sys_settid(back, 0).err() == kernel::EPERM ? 0 : 1; }).code()) return 6;
                 return getuid() == a ? 0 : 7;
             });
         }),
         "such a thread sets groups of its own; its threads are as it is, its children are as the process");
    held(in_child([] {
             if (!other.begin() || other.does([] { return sys_settid(a, b).ok() ? 0 : 1; })) return 1;
             if (sys_setgid(c).failed() || sys_setuid(c).failed() || other.does(uid) != a) return 2;
             // The process is not the superuser any more: no way back.
             return other.does([] { return sys_settid(back, 0).err() == kernel::EPERM && getuid() == a ? 0 : 1; }) == 0 && getuid() == c ? 0 : 3;
         }),
         "the process's change leaves it alone, and closes its way back");
    held(in_child([] {
             i32 ends[2];
             if (pipe(ends, 0).failed() || !other.begin()) return 1;
             const i32 child = static_cast<i32>(fork().value());
             if (child == 0) {
                 (void)sys_setegid(b);
                 (void)sys_seteuid(a);
                 (void)write(ends[1], "x", 1);
                 for (;;) (void)signals_suspend({});
             }
             char x;
             (void)read(ends[0], &x, 1);
             static i32 pid;
             pid = child;
             i32 r = 0;
             if (sys_settid_with_pid(0x3ffffff0, 1).err() != kernel::ESRCH) r = 2;
             if (other.does([] { return sys_settid_with_pid(pid, 1).ok() && getuid() == a && getegid() == b ? 0 : 1; })) r = 3;
             if (other.does([] { return sys_settid_with_pid(pid, 1).err() == kernel::EPERM ? 0 : 1; })) r = 4;
             if (other.does([] { return sys_settid_with_pid(0, 0).ok() && getuid() == 0 ? 0 : 1; })) r = 5;
             if (sys_settid_with_pid(0, 0).err() != kernel::EPERM) r = 6;
             (void)kill(child, kernel::SIGKILL);
             (void)wait(child, nullptr);
             return r;
         }),
         "settid_with_pid takes another process's, and goes back");
}

static void tainted() {
    held(in_child([] {
             if (sys_issetugid().value() != 0) return 1;
             if (sys_setuid(static_cast<u32>(getuid())).failed() || sys_setegid(static_cast<u32>(getegid())).failed()) return 2;
             return sys_issetugid().value() == 0 ? 0 : 3;
         }),
         "issetugid: 0, also after what changes nothing");
    if (geteuid() != 0) return skip("not the superuser", "issetugid: 1 after a change");
    held(in_child([] {
             if (sys_seteuid(a).failed() || sys_issetugid().value() != 1) return 1;
             return in_child([] { return sys_issetugid().value() == 1 ? 0 : 1; }).code();
         }),
         "issetugid: 1 after a change, and in children");
}

int main() {
    tainted();
    const Result file = make_temporary(secret);
    ok(file, "a file for its owner");
    if (geteuid() == 0) {
        every_thread();
        one_thread();
    } else {
        skip("not the superuser", "identities of threads");
    }
    held(in_child([] {
             if (geteuid() == 0 && (sys_setgid(a).failed() || sys_setuid(a).failed())) return 1;
             const u32 me = static_cast<u32>(getuid());
             if (sys_settid(me, 1).err() != kernel::EPERM || sys_settid(back, 0).err() != kernel::EPERM) return 2;
             if (sys_settid_with_pid(getpid(), 1).err() != kernel::EPERM) return 3;
             const u32 list[17] = {};
             if (sys_setgroups(17, list).err() != kernel::EINVAL || sys_setgroups(1, list).err() != kernel::EPERM) return 4;
             if (sys_initgroups(1, reinterpret_cast<const u32*>(8), 0).err() != kernel::EFAULT) return 5;
             if (sys_setreuid(me + 1, me).err() != kernel::EPERM || sys_setreuid(me, me + 1).err() != kernel::EPERM) return 6;
             return sys_setreuid(me, ~0u).ok() && sys_seteuid(me).ok() && sys_setuid(me).ok() ? 0 : 7;
         }),
         "anybody else: what he is already, and nothing more");
    (void)close(static_cast<i32>(file.value()));
    (void)unlink(secret);
    return done();
}
