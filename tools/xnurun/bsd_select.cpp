// SPDX-License-Identifier: BSD-3-Clause
// select and pselect: xnu-3248.60.10 bsd/kern/sys_generic.c. The same bits in the same bytes on both kernels, in words of 32 bits. Never
// restarted, the timeout never written back; only the low 32 bits of tv_usec count; nd beyond the table of descriptors is cut to it.
// A socket that never had a peer is ready for nothing there, where Linux calls it hung up, ready for both.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u64 forever = ~0ull, pause = 10'000'000;

struct Sets {
    u32 n, bytes;
    bool given[3];
    u8* asked;   // three sets, one behind the other, and the host's answer behind them
    u8* answer;
    u8* at(u8* sets, int s) const { return given[s] ? sets + static_cast<u32>(s) * bytes : nullptr; }
};

// What the host's table holds, as /proc says it: only asked for when more than a fd_set is meant.
u32 table_size() {
    char text[1024];
    const i32 fd = hidden_made(lnx::SYS_openat, static_cast<u64>(lnx::AT_FDCWD), reinterpret_cast<u64>("/proc/self/status"), 0);
    if (fd < 0) return 1024;
    const i64 size = host(lnx::SYS_read, fd, text, sizeof text);
    close_hidden(fd);
    for (i64 i = 0; i + 8 < size; i++) {
        if (memcmp(text + i, "FDSize:", 7) != 0) continue;
        u32 n = 0;
        for (i += 7; i < size && text[i] != '\n'; i++)
            if (text[i] >= '0' && text[i] <= '9') n = n * 10 + static_cast<u32>(text[i] - '0');
        return n;
    }
    return 1024;
}

bool never_connected(i32 fd) {
    constexpr i16 in = 1, hup = 0x10, rdhup = 0x2000;
    return may_be_socket(fd) && descriptor_ready(fd, in | rdhup) == hup && host_socket_number(fd, lnx::SO_TYPE) > 0;
}

// Takes out of the answer what XNU would not say; how many bits are left, and whether some were taken.
u32 weigh(const Sets& sets, bool& taken) {
    u32 left = 0;
    for (int s = 0; s < 3; s++) {
        u8* bits = sets.at(sets.answer, s);
        for (u32 i = 0; bits && i < sets.bytes; i++)
            for (u32 b = bits[i]; b; b &= b - 1) {
                const u32 bit = static_cast<u32>(__builtin_ctz(b));
                if (s < 2 && never_connected(static_cast<i32>(i * 8 + bit))) {
                    bits[i] = static_cast<u8>(bits[i] & ~(1u << bit));
                    taken = true;
                } else {
                    left++;
                }
            }
    }
    return left;
}

// mask: Darwin's, already the thread's own, or null.
Answer look(const Sets& sets, u64 deadline, const u32* mask) {
    const u64 host_bits = mask ? host_mask(*mask) : 0;
    const struct {
        const u64* bits;
        u64 size;
    } with{&host_bits, 8};
    bool slices = false;
    for (;;) {
        const u64 now = monotonic_ns();
        u64 left = deadline == forever ? forever : deadline > now ? deadline - now : 0;
        if (slices && left > pause) {  // what the host calls ready does not let it sleep
            const lnx::timespec t{0, static_cast<i64>(pause)};
            if (host_blocking(lnx::SYS_pselect6, 0, 0, 0, 0, &t, mask ? &with : nullptr) == -lnx::EINTR) return fail(xnu::EINTR);
            left = 0;
        }
        memcpy(sets.answer, sets.asked, 3 * sets.bytes);
        const lnx::timespec t{static_cast<i64>(left / 1'000'000'000), static_cast<i64>(left % 1'000'000'000)};
        const i64 r = host_blocking(lnx::SYS_pselect6, sets.n, sets.at(sets.answer, 0), sets.at(sets.answer, 1), sets.at(sets.answer, 2),
                                    left == forever ? nullptr : &t, mask ? &with : nullptr);
        if (host_failed(r)) return from_host(r);
        bool taken = false;
        const u32 ready = r ? weigh(sets, taken) : 0;
        if (ready || (!slices && !taken) || (deadline != forever && monotonic_ns() >= deadline)) return ok(ready);
        slices = true;
    }
}

Answer select_until(Trap& trap, u64 deadline, const u32* mask) {
    if (trap.i(0) < 0) return fail(xnu::EINVAL);
    u32 n = trap.u(0);
    if (n > 1024)
        if (const u32 table = table_size(); n > table) n = table;
    const u32 bytes = (n + 31) / 32 * 4, rounded = (bytes + 7) & ~7u;
    alignas(8) u8 few[6 * 128];
    u8* memory = rounded > 128 ? static_cast<u8*>(host_room(6 * rounded)) : few;
    if (!memory) return fail(xnu::ENOMEM);
    Sets sets{n, rounded, {}, memory, memory + 3 * rounded};
    memset(memory, 0, 6 * rounded);
    Answer a = [&] {
        for (int s = 0; s < 3; s++) {
            sets.given[s] = trap.w(1 + s) != 0;
            if (sets.given[s] && !copyin(sets.at(sets.asked, s), trap.w(1 + s), bytes)) return fail(xnu::EFAULT);
        }
        const Answer found = look(sets, deadline, mask);
        if (found.kind != Answer::value) return found;
        for (int s = 0; s < 3; s++)
            if (sets.given[s] && !copyout(sets.at(sets.answer, s), trap.w(1 + s), bytes)) return fail(xnu::EFAULT);
        return found;
    }();
    if (memory != few) host_room_free(memory, 6 * rounded);
    return a;
}

u64 after(i64 seconds, i64 ns) {
    constexpr i64 most = 4'000'000'000;
    return monotonic_ns() + static_cast<u64>(seconds < most ? seconds : most) * 1'000'000'000 + static_cast<u64>(ns);
}

}  // namespace

Answer bsd_select(Trap& trap) {
    u64 deadline = forever;
    if (trap.w(4)) {
        xnu::timeval t;
        if (!copyin(t, trap.w(4))) return fail(xnu::EFAULT);
        // itimerfix: 100,000,000 seconds at most
        if (t.tv_sec < 0 || t.tv_sec > 100'000'000 || t.tv_usec < 0 || t.tv_usec >= 1'000'000) return fail(xnu::EINVAL);
        deadline = after(t.tv_sec, i64{t.tv_usec} * 1000);
    }
    return select_until(trap, deadline, nullptr);
}

// A signal that the call's mask lets through finds that mask when its handler is entered, and the old one when that returns.
Answer bsd_pselect(Trap& trap) {
    u64 deadline = forever;
    if (trap.w(4)) {
        xnu::timespec t;
        if (!copyin(t, trap.w(4))) return fail(xnu::EFAULT);
        if (t.tv_sec < 0 || t.tv_sec > 0x7fffffff || t.tv_nsec < 0 || t.tv_nsec > 1'000'000'000) return fail(xnu::EINVAL);  // timespec_is_valid
        deadline = after(t.tv_sec, t.tv_nsec);
    }
    if (!trap.w(5)) return select_until(trap, deadline, nullptr);
    u32 mask;
    if (!copyin(mask, trap.w(5))) return fail(xnu::EFAULT);
    mask &= ~unmaskable;
    Thread& t = trap.thread;
    const u32 old = t.mask;
    t.suspend_mask = old;
    t.suspended = true;
    set_guest_mask(t, trap.context, mask);
    const Answer a = select_until(trap, deadline, &mask);
    if (a.kind != Answer::error || a.rax != xnu::EINTR) {
        t.suspended = false;
        set_guest_mask(t, trap.context, old);
    }
    return a;
}

}  // namespace trapeze
