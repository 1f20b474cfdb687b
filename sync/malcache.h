// SPDX-License-Identifier: BSD-3-Clause
// What a thread that has one takes objects from and gives them back to without a lock: the scheduler has one in every P.
//
// Only the thread whose block points to it (Tls::mal) touches a cache. A P belongs to one M at a time, a goroutine loses its P
// only where it calls the scheduler, and mal never does: so nothing here is atomic, and no operation can be cut in two.
// A list that is empty takes all that one span has to give; one that is full gives half of its limit back. What is made on one
// P and freed on another therefore goes home after at most a limit of them, and memory stays flat.
// A zeroed cache is an empty one.
#pragma once
#include "sys/kernel.h"
#include "sys/types.h"

namespace trapeze {

constexpr u32 class_count = 32;

struct Free {
    Free* next;
};

struct MalCache {
    struct List {
        Free* head;
        usize room;  // how many may be freed before some are given back
    } of[class_count];
};

// Makes `cache` (or none: null) the calling thread's. For the scheduler, whenever an M takes or leaves a P.
inline void mal_attach(MalCache* cache) { tls()->mal = cache; }

}  // namespace trapeze
