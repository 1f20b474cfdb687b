// SPDX-License-Identifier: BSD-3-Clause
// What scenarios and the simulated port place in the model's memory: watched regions, an arena, threads' semaphores, channels of
// happens-before. See model.h.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "engine.h"

namespace model {

void region(void* at, usize n, const char* what) {
    if (nregions == max_regions) std::abort();
    static std::map<void*, std::vector<unsigned char>> originals;
    unsigned char* p = static_cast<unsigned char*>(at);
    auto [was, first] = originals.try_emplace(at, p, p + n);
    std::memcpy(at, was->second.data(), n);
    u32 from = static_cast<u32>(world_size);
    for (int i = 0; i < nregions; i++) from += static_cast<u32>(regions[i].n);
    if (from + n > cells_size) std::abort();
    regions[nregions++] = {p, n, from};
    name(at, what);
}

void* arena(usize n, const char* what) {
    unsigned char* p = world + max_stacks * stack_size + now.arena_used;
    if (n > arena_size - now.arena_used - 63) now.current < 0 ? std::abort() : fail("the model has no room for so much memory");
    now.arena_used += (n + 63) & ~usize{63};
    std::memset(p, 0, (n + 63) & ~usize{63});
    if (*what) name(p, what);
    return p;
}

// --- a thread's semaphore

u64* token() { return &me().token; }

static Thread& owner(u64* t) { return *reinterpret_cast<Thread*>(reinterpret_cast<char*>(t) - offsetof(Thread, token)); }

bool sleep_on_token(u64* t, bool timed, bool may_end) {
    wait([](void* a) { return *static_cast<u64*>(a) != 0; }, t, timed ? "sleeps until a time" : "sleeps", timed && may_end);
    Thread& o = owner(t);
    o.stale = true;
    o.observed = mix(o.observed, *t);
    note(*t ? "is woken" : "times out");
    if (!*t) return false;
    o.cur.join(o.token_view);
    *t = 0;
    return true;
}

void give_token(u64* t) {
    point();
    Thread& o = owner(t);
    record(Kind::event, nullptr, 0, static_cast<u64>(&o - now.threads), 0, false, nullptr, 0, "wakes the semaphore of");
    if (*t) fail("a semaphore is woken twice for one sleep");
    *t = 1;
    o.token_view = me().cur;
    me().cur.clock[now.current]++;
    me().stale = true;
    o.hash = mix(o.hash, hash_words(&o.token_view, sizeof o.token_view));
    wrote();
}

// --- channels of happens-before

static View& channel(const void* key) {
    for (u32 i = 0; i < now.nchannels; i++)
        if (now.channels[i].key == key) return now.channels[i].view;
    if (now.nchannels == max_channels) fail("the model has no room for more channels");
    now.channels[now.nchannels] = {key, {}};
    return now.channels[now.nchannels++].view;
}
void publish(const void* key) {
    View& v = channel(key);
    now.memory_hash -= hash_words(&v, sizeof v);
    v.join(me().cur);
    now.memory_hash += hash_words(&v, sizeof v);
    me().cur.clock[now.current]++;
    me().stale = true;
}
void observe(const void* key) {
    me().cur.join(channel(key));
    me().stale = true;
}

}  // namespace model
