// SPDX-License-Identifier: BSD-3-Clause
// What the emulator itself must know of descriptors, which otherwise are the host's: which numbers may be sockets (a plain write to
// one must not raise the host's SIGPIPE), which are its own, and that kqueues hear of every number that is closed or copied.
// Whoever makes, closes or copies descriptors for the guest calls these.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void init_descriptors();            // before any other

// Numbers from here on may be the emulator's own (epoll, timers ...): hidden() says it of one. The guest gets EBADF for them.
constexpr i32 hidden_from = 9000;
i32 hidden_made(u64 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);  // what this host call makes, there; -errno
i32 hidden_copy(i32 fd);                                                  // another descriptor for the same
bool hidden(i32 fd);
i64 open_own(const char* path, i32 flags, i32 directory = lnx::AT_FDCWD);  // for the time of a call; with O_CLOEXEC; -errno
void close_hidden(i32 fd);

extern HostLock limit_lock;         // while it is held, the limit may be lifted: a fork holds it

extern HostLock aio_lock;           // requests of asynchronous I/O: a fork holds it, and its child begins without any
extern u32 aio_done_count;

// F_SETNOSIGPIPE of what is no socket. It is the open file's in XNU; here the number's, and passed on by dup.
bool quiet(i32 fd);
void set_quiet(i32 fd);

// Descriptors that a child of fork does not get (O_CLOFORK, GUARD_CLOSE): the host has no such mark, so the child closes them.
bool close_on_fork(i32 fd);
void set_close_on_fork(i32 fd, bool on);
void fork_child_descriptors();
void vfork_child_descriptors();       // the same in a table of its own: nothing is forgotten of the parent's

// F_SETCONFINED: the open file never leaves the process.
bool confined(i32 fd);
void set_confined(i32 fd);

// Guards (bsd_guarded.cpp): a number may be forbidden to be closed, copied, sent or written to by who does not know its guard.
enum : u32 { guard_close = 1, guard_dup = 2, guard_socket_ipc = 4, guard_fileport = 8, guard_write = 0x10 };
enum : u32 { violated_close = 1, violated_dup = 2, violated_nocloexec = 4, violated_socket_ipc = 8, violated_fileport = 0x10, violated_write = 0x40 };
u32 guard_of(i32 fd);               // what is forbidden; 0: it has no guard
inline bool guarded(i32 fd, u32 what) { return guard_of(fd) & what; }
[[noreturn]] void guard_violated(Trap&, i32 fd, u32 how);  // EXC_GUARD, then SIGKILL
void guard_forget(i32 fd);
extern HostLock fdguard_lock;       // a fork holds it

bool may_be_socket(i32 fd);         // false: surely not
void set_socket(i32 fd, bool maybe);

// What a number is, which whoever makes a descriptor says before the guest knows of it, so that nobody asks the host each time. What was
// inherited or received is not known, and is not learnt later: by then another thread may have closed it. unknown(0) is said when
// it is closed, by set_socket, and by descriptor_closing.
struct Known {
    enum Sort : u8 { unknown, vnode, other, socket };
    Sort sort;
    u8 domain, type;  // of a socket, the host's; a vnode's type is regular_file or 0, which only --fast wants to know
};
constexpr u8 regular_file = 1;
Known known(i32 fd);
void know(i32 fd, Known);

void descriptor_closing(i32 fd);            // before the host's close
void descriptor_copied(i32 from, i32 to);   // after the host's dup

}  // namespace trapeze
#pragma GCC visibility pop
