// SPDX-License-Identifier: BSD-3-Clause
// See mal.h. mal_lock guards the free lists and the hunk.
#include "sched/mal.h"

#include "sync/lock.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {
namespace {

constexpr usize largest = 32 << 10;
constexpr usize hunk_size = 64 << 10;
constexpr int classes = 24;

struct Free {
    Free* next;
};

constinit Lock mal_lock{};
Free* free_list[classes];
u8* hunk;
usize hunk_left;

// Class 2n holds 16 * 2^n bytes, class 2n + 1 holds 24 * 2^n.
int class_of(usize n, usize* size) {
    int c = 0;
    usize s = 16;
    while (s < n) {
        s = c & 1 ? s / 3 * 4 : s / 2 * 3;
        c++;
    }
    *size = s;
    return c;
}

void* pages(usize n) {
    Result r = pages_map(n);
    if (r.ok()) return reinterpret_cast<void*>(r.value());
    die("fatal error: out of memory: the kernel refused ", n, " bytes (errno ", r.err(), ")");
}

}  // namespace

void* mal(usize n) {
    if (n > largest) return pages(n);
    usize size;
    const int c = class_of(n, &size);
    lock(&mal_lock);
    void* p = free_list[c];
    if (p) {
        free_list[c] = static_cast<Free*>(p)->next;
    } else {
        if (hunk_left < size) {  // the rest of the old hunk is given up: at most `largest`, once a hunk
            hunk = static_cast<u8*>(pages(hunk_size));
            hunk_left = hunk_size;
        }
        p = hunk;
        hunk += size;
        hunk_left -= size;
    }
    unlock(&mal_lock);
    memset(p, 0, n);
    return p;
}

void mfree(void* p, usize n) {
    if (n > largest) {
        (void)pages_unmap(p, n);
        return;
    }
    usize size;
    const int c = class_of(n, &size);
    lock(&mal_lock);
    Free* f = static_cast<Free*>(p);
    f->next = free_list[c];
    free_list[c] = f;
    unlock(&mal_lock);
}

}  // namespace trapeze
