// SPDX-License-Identifier: BSD-3-Clause
// See vm_ranges.h. A sorted array: programs that ask for any of this have few such ranges, and neighbours join.
#include "tools/xnurun/vm_ranges.h"

#include "sys/mem.h"

namespace trapeze {

HostLock ranges_lock;

namespace {

struct Range {
    u64 begin, end;
    RangeFacts facts;
};
Range* ranges;  // by address, disjoint, none with the usual facts; under ranges_lock
u32 count, room;

// The first that ends above `at`.
u32 find(u64 at) {
    u32 low = 0, high = count;
    while (low < high) {
        const u32 middle = (low + high) / 2;
        if (ranges[middle].end <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

void insert(u32 index, const Range& r) {
    if (count == room) {
        const u32 wider = room ? room * 2 : 170;
        Range* fresh = static_cast<Range*>(host_pages(wider * sizeof(Range)));
        if (ranges) memcpy(fresh, ranges, count * sizeof(Range));
        ranges = fresh;
        room = wider;
    }
    memmove(ranges + index + 1, ranges + index, (count - index) * sizeof(Range));
    ranges[index] = r;
    count++;
}

void remove(u32 index, u32 n) {
    memmove(ranges + index, ranges + index + n, (count - index - n) * sizeof(Range));
    count -= n;
}

// No range reaches across `at`.
void split(u64 at) {
    const u32 n = find(at);
    if (n == count || ranges[n].begin >= at) return;
    Range right = ranges[n];
    right.begin = at;
    ranges[n].end = at;
    insert(n + 1, right);
}

void join(u32 from, u32 to) {
    for (u32 n = from; n < count && n <= to;) {
        if (ranges[n].facts == RangeFacts{}) {
            remove(n, 1);
            if (to) to--;
        } else if (n && ranges[n - 1].end == ranges[n].begin && ranges[n - 1].facts == ranges[n].facts) {
            ranges[n - 1].end = ranges[n].end;
            remove(n, 1);
            if (to) to--;
        } else {
            n++;
        }
    }
}

}  // namespace

RangeFacts range_facts(u64 at, u64* until) {
    Locked hold(ranges_lock);
    const u32 n = find(at);
    const bool inside = n < count && ranges[n].begin <= at;
    if (until) *until = inside ? ranges[n].end : n < count ? ranges[n].begin : ~0ull;
    return inside ? ranges[n].facts : RangeFacts{};
}

void ranges_change(u64 at, u64 size, void (*change)(RangeFacts&, u32), u32 value) {
    if (!size) return;
    Locked hold(ranges_lock);
    const u64 end = at + size;
    split(at);
    split(end);
    const u32 first = find(at);
    u32 n = first;
    for (u64 here = at; here < end; n++) {
        if (n == count || ranges[n].begin > here) {
            const u64 next = n < count && ranges[n].begin < end ? ranges[n].begin : end;
            insert(n, {here, next, {}});
        }
        change(ranges[n].facts, value);
        here = ranges[n].end;
    }
    join(first, n);
}

void ranges_forget(u64 at, u64 size) {
    Locked hold(ranges_lock);
    if (!count || !size) return;
    split(at);
    split(at + size);
    const u32 first = find(at);
    u32 n = first;
    while (n < count && ranges[n].end <= at + size) n++;
    if (n > first) remove(first, n - first);
}

bool range_with(bool (*wanted)(const RangeFacts&), u64 from, u64& at, u64& end) {
    Locked hold(ranges_lock);
    for (u32 n = find(from); n < count; n++) {
        if (!wanted(ranges[n].facts)) continue;
        at = ranges[n].begin;
        end = ranges[n].end;
        return true;
    }
    return false;
}

}  // namespace trapeze
