// SPDX-License-Identifier: BSD-3-Clause
// A thread's semaphore where the kernel can wait on a word of memory (Linux's futex, Darwin's ulock): the low half of the word.
//
//   word  meaning           who changes it
//   0     no wake-up        semasleep takes it to 0 (acquire: sees what the waker did before)
//   1     one wake-up       semawakeup sets it (release), then wakes the word's sleeper
//
// The waker's trap may come after the sleeper has returned, even after its thread and the word's memory are gone: then it fails
// or wakes a stranger once too often, and every sleep here looks at its word again.
//
// A port gives two traps: Wait(word, ns) sleeps while *word is 0, at most ns (negative: for ever), and may return early for any
// reason; Wake(word) wakes its sleeper, if there is one.
#pragma once
#include "sync/atomic.h"
#include "sync/port.h"
#include "sys/os.h"

namespace trapeze {

inline Atomic<u32>* word_of(ThreadSema s) { return reinterpret_cast<Atomic<u32>*>(s.word); }

template <void Wait(u32* word, i64 ns)>
bool word_sleep(ThreadSema s, i64 deadline) {
    Atomic<u32>* word = word_of(s);
    while (word->load(relaxed) != 1) {
        i64 left = -1;
        if (deadline >= 0 && (left = deadline - nanotime()) <= 0) return false;
        Wait(word->address(), left);
    }
    (void)word->xchg(0, acquire);  // with word_wakeup's release
    return true;
}

template <void Wake(u32* word)>
void word_wakeup(ThreadSema s) {
    Atomic<u32>* word = word_of(s);
    word->store(1, release);  // with word_sleep's acquire; the trap compares the word again, so nothing more is needed
    Wake(word->address());
}

}  // namespace trapeze
