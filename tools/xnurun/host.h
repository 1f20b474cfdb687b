// SPDX-License-Identifier: BSD-3-Clause
// The host kernel as the emulator uses it: the raw call and its interruptible twin, a futex lock, the labels of
// entry_amd64.asm.
//
// Everything here may run inside a signal handler, on a thread whose FS is a Thread; nothing needs a runtime.
// Host results stay raw (value or -errno of Linux): from_host() turns them into Darwin's, nothing else does.
#pragma once
#include <type_traits>

#include "sys/linux/errno.h"
#include "sys/linux/numbers.h"
#include "sys/linux/signal.h"
#include "sys/linux/types.h"
#include "sys/types.h"

namespace trapeze {

using HostContext = lnx::ucontext;
using HostSiginfo = lnx::siginfo_t;

#pragma GCC visibility push(hidden)  // else their addresses come from a GOT, which the high link address is too far for
extern "C" {
i64 host_call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
i64 host_call_interruptible(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
i64 host_call_sleeping(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);  // the same, and the thread shows as waiting
i64 host_clone(u64 flags, u64 stack_top, void (*entry)(void*), void* argument, void* tls, i32* tids);
[[noreturn]] void host_thread_exit(u64 base, u64 size);
[[noreturn]] void enter_guest(HostContext*);
[[noreturn]] void begin_guest(HostContext*);
u64 guest_copy(void* to, const void* from, u64 n);
u64 guest_touch(void* at);
void signal_entry();
void signal_restorer();
extern const u8 leave_begin[], leave_end[], host_call_begin[], host_call_end[], host_call_interrupted[];
extern const u8 guest_copy_begin[], guest_copy_end[], guest_copy_fault[];
extern const u8 __executable_start[], etext[], edata[], end[];
}
#pragma GCC visibility pop

template <class T>
u64 as_word(T v) {
    if constexpr (std::is_pointer_v<T>) return reinterpret_cast<u64>(v);
    else return static_cast<u64>(v);
}
inline u64 as_word(decltype(nullptr)) { return 0; }

// A host call that cannot block for long, or whose interruption the caller need not see.
template <class... A>
i64 host(u64 number, A... args) {
    u64 a[6] = {as_word(args)...};
    return host_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
// A host call that sleeps: -EINTR as soon as the calling thread has a guest signal to deliver.
template <class... A>
i64 host_blocking(u64 number, A... args) {
    u64 a[6] = {as_word(args)...};
    return host_call_sleeping(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

inline bool host_failed(i64 r) { return static_cast<u64>(r) > static_cast<u64>(-4096); }

// 0 free, 1 held, 2 held and somebody may sleep. Taken for a few instructions at a time, never across a host call that
// sleeps, never by on_host_signal: a handler may interrupt the holder.
class HostLock {
public:
    void lock();
    void unlock();
    void reset() { word_ = 0; }  // in the child of a fork, which has no other thread

private:
    u32 word_ = 0;
};
class Locked {
public:
    explicit Locked(HostLock& l) : l_(l) { l_.lock(); }
    ~Locked() { l_.unlock(); }
    Locked(const Locked&) = delete;

private:
    HostLock& l_;
};

i64 futex_wait(u32* word, u32 value, const lnx::timespec* until_monotonic);  // interruptible; absolute deadline or null
void futex_wake(u32* word, i32 count);
u64 wall_ns();       // since 1970
u64 monotonic_ns();  // both in the vDSO: no host call, but code outside the emulator's image: in_vdso() is the emulator's too
bool in_vdso(u64 rip);
void find_vdso();

// Zeroed memory for the emulator's own use, for ever, out of the guest's usual way. Most of it is one mapping that is made at the
// start and touched when it is used: a program that has used up its mappings or its address space still has its kernel.
// Ends the run with 125 when that and the host have no more.
void* host_pages(u64 size);
void init_host_pages(u64 size);
// Zeroed memory for the time of a call; null: none. size is the same both times.
void* host_room(u64 size);
void host_room_free(void*, u64 size);

}  // namespace trapeze
