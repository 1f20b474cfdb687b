// SPDX-License-Identifier: BSD-3-Clause
// mal: memory for the runtime (channels, timers, Ms and Ps) and for programs; 16-aligned, or aligned as asked.
//
// Sizes up to 8 KiB are rounded up to one of 32 classes, at most a quarter too much (129 bytes get 160). Larger ones have a
// mapping of their own, a multiple of 64 KiB of which only what is touched costs memory. Size 0 is size 1.
//   mal      zeroed. Without memory it names size and reason, and ends the program.
//   mal_raw  what was there before, ends like mal; mal_try: the same, but null without memory.
//   mfree    takes what any of them gave, or null. With the size (and the alignment) that was asked for it is faster: then it
//            must be the same one. A pointer that does not come from here ends the program, if its header can be read at all.
// A program that takes the dependency trapeze_mal_checked_dep is told of every misuse (mal_checked.cpp), slowly.
// All may block the thread on a lock for a few instructions; none may be used by a signal handler. Any thread may free what
// another made. Alignments are powers of two up to 32 KiB; more is refused as if there were no memory.
#pragma once
#include <new>
#include <type_traits>
#include <utility>

#include "sys/types.h"

namespace trapeze {

void* mal(usize n);
void* mal_raw(usize n);
void* mal_raw(usize n, usize align);
[[nodiscard]] void* mal_try(usize n);
[[nodiscard]] void* mal_try(usize n, usize align);

void mfree(void* p);
void mfree(void* p, usize n);
void mfree(void* p, usize n, usize align);

// Bytes that may be used at p, at least what was asked for. mfree with this size is as good.
usize mal_size(const void* p);

// An object of its own: make<Node>(left, right), destroy(node). A null pointer may be destroyed. A T with a virtual destructor
// may be destroyed through its base class (and needs trapeze_new_dep: compilers make an operator delete of it).
template <class T, class... A>
T* make(A&&... a) {
    void* p;
    if constexpr (alignof(T) > 16) p = mal_raw(sizeof(T), alignof(T));
    else p = mal_raw(sizeof(T));
    return new (p) T(std::forward<A>(a)...);
}

template <class T>
void destroy(T* p) {
    if (!p) return;
    if constexpr (std::is_polymorphic_v<T> && !std::is_final_v<T>) {
        static_assert(std::has_virtual_destructor_v<T>, "the object may be larger than this class: its destructor must be virtual");
        void* whole = dynamic_cast<void*>(p);
        p->~T();
        mfree(whole);
    } else {
        p->~T();
        if constexpr (alignof(T) > 16) mfree(p, sizeof(T), alignof(T));
        else mfree(p, sizeof(T));
    }
}

// What memory there is, each number looked up under its lock, all together at no one moment. What a P keeps for its next
// calls counts as in use: at most 64 KiB a class and P.
struct MalStats {
    static constexpr usize classes = 32;
    struct {
        usize size;    // bytes of an object
        usize in_use;  // objects
        usize spans;   // of 64 KiB, cut into such objects
    } of[classes];
    usize large;   // bytes in mappings of their own
    usize in_use;  // bytes: all objects and `large`
    usize cached;  // bytes in empty mappings kept for the next use
    usize mapped;  // bytes of address space had from the kernel: spans, large and cached, and up to 1 MiB that is still to be cut
};
MalStats mal_stats();

}  // namespace trapeze
