// SPDX-License-Identifier: BSD-3-Clause
// See mal.h.
#include "sync/mal.h"
#include "sync/span.h"

namespace trapeze {

MalStats mal_stats() {
    static_assert(MalStats::classes == class_count);
    MalStats all{};
    usize spans = 0;
    for (u32 c = 0; c < class_count; c++) {
        Central& t = mal_central[c];
        lock(&t.lock);
        all.of[c] = {size_of_class(c), t.out, t.spans};
        unlock(&t.lock);
        all.in_use += all.of[c].size * all.of[c].in_use;
        spans += all.of[c].spans;
    }
    lock(&mal_heap.lock);
    all.cached = mal_heap.cached;
    all.mapped = mal_heap.mapped;
    const usize others = spans * span_size + mal_heap.cached + mal_heap.hunk_left;
    unlock(&mal_heap.lock);
    all.large = all.mapped > others ? all.mapped - others : 0;  // not of one moment
    all.in_use += all.large;
    return all;
}

}  // namespace trapeze
