// SPDX-License-Identifier: BSD-3-Clause
// Atomics: modification orders, views, orders and fences. The rules are in model.h.
#include <cstdlib>
#include <cstring>

#include "engine.h"

namespace model {
namespace {

u64 content(const void* at, u32 size) {
    u64 v = 0;
    std::memcpy(&v, at, size);
    return v;
}

u16 clock_of(int thread) { return now.threads[thread].cur.clock[thread]; }

Message& append(Location& l, u32 at, u64 value, u16 ts, bool rmw) {
    if (now.nmessages == max_messages || l.n == max_order) fail("the model has no room for more stores");
    Message& m = messages[now.nmessages];
    m.value = value;
    m.ts = ts;
    m.rmw = rmw;
    for (u32 i = l.n; i > at; i--) l.order[i] = l.order[i - 1];
    l.order[at] = static_cast<u16>(now.nmessages++);
    l.n++;
    if (at + 1 == l.n) std::memcpy(l.at, &value, l.size);
    return m;
}

void seal(Location& l, Message& m) {
    m.hash = mix(mix(mix(hash_words(&m.view, sizeof m.view), m.value), m.ts * 2u + m.rmw), static_cast<u64>(&l - now.locs) + 1);
    now.memory_hash += m.hash;
}

void reset(Location& l, u64 value) {
    const u16 ts = l.n ? messages[l.order[l.n - 1]].ts : 0;
    for (u32 i = 0; i < l.n; i++) now.memory_hash -= messages[l.order[i]].hash;
    l.n = 0;
    if (ts > 65000) fail("the model has no room for more stores to one place");
    Message& m = append(l, 0, value, static_cast<u16>(ts + gap), false);
    m.view = {};
    seal(l, m);
}

// Before an access: it must be there, and its construction must have happened before.
Location& enter(const void* at, u32 size) {
    check_stack(at);
    Location* l = find(at, size);
    if (!l) fail("an Atomic that the model does not watch: make it with fresh, or declare a region");
    if (l->gone) fail("an Atomic is used after its destruction");
    const View& cur = me().cur;
    if (l->maker != max_threads && cur.clock[l->maker] < l->maker_clock) fail("an Atomic is used, but its construction does not happen before that");
    l->last[now.current] = clock_of(now.current);
    return *l;
}

// The first message that may be read.
u32 oldest(const Location& l, bool sc) {
    const u32 i = static_cast<u32>(&l - now.locs);
    u16 ts = me().cur.at[i];
    if (sc && now.sc.at[i] > ts) ts = now.sc.at[i];
    u32 k = l.n;
    while (k && messages[l.order[k - 1]].ts >= ts) k--;
    return k;
}

bool free_after(const Location& l, u32 k) {
    if (k + 1 == l.n) return true;
    const Message &a = messages[l.order[k]], &b = messages[l.order[k + 1]];
    return !b.rmw && a.ts + 1 < b.ts;
}
u16 ts_after(const Location& l, u32 k) {
    const u32 ts = messages[l.order[k]].ts;
    if (k + 1 == l.n) {
        if (ts > 65000) fail("the model has no room for more stores to one place");
        return static_cast<u16>(ts + gap);
    }
    return static_cast<u16>((ts + messages[l.order[k + 1]].ts) / 2);
}

// One of the places from the latest to the oldest that `fits`; all but the first count as a deviation.
template <class F>
u32 pick(const Location& l, u32 from, F fits) {
    u32 can[max_order], n = 0;
    for (u32 k = l.n; k-- > from;)
        if (fits(k)) {
            can[n++] = k;
            if (!now.budget || me().forced) break;  // forced: nobody else can go on, and in the end every store is seen
        }
    if (!n) fail("no store can be read");
    return can[n == 1 ? 0 : deviation(n)];
}

void see(Location& l, const Message& m, int order) {
    const u32 i = static_cast<u32>(&l - now.locs);
    Thread& t = me();
    t.stale = true;
    if (t.cur.at[i] < m.ts) t.cur.at[i] = m.ts;
    if (acquires(order)) t.cur.join(m.view);
    else t.acq.join(m.view);
    if (order == seq_cst && now.sc.at[i] < m.ts) now.sc.at[i] = m.ts;
    t.observed = mix(t.observed, m.value);
}

void write(Location& l, u32 after, u64 value, int order, const Message* read) {
    const u32 i = static_cast<u32>(&l - now.locs);
    Thread& t = me();
    t.stale = true;
    Message& m = append(l, after + 1, value, ts_after(l, after), read != nullptr);
    t.cur.at[i] = m.ts;
    m.view = releases(order) ? t.cur : t.rel;
    m.view.at[i] = m.ts;
    if (read) m.view.join(read->view);
    if (order == seq_cst) now.sc.at[i] = m.ts;
    t.cur.clock[now.current]++;
    seal(l, m);
    wrote();
}

}  // namespace

Location* find(const void* at, u32 size) {
    const u32 c = cell_of(at);
    if (c == cells_size) return nullptr;
    if (cells[c].loc) return &now.locs[cells[c].loc - 1];
    if (now.nlocs == max_locs) fail("the model has no room for more Atomics");
    Location& l = now.locs[now.nlocs++];
    change(c);
    cells[c].loc = static_cast<u8>(now.nlocs);
    l.at = const_cast<void*>(at);
    l.size = size;
    l.maker = max_threads;
    l.gone = false;
    l.n = 0;
    std::memset(l.last, 0, sizeof l.last);
    reset(l, content(at, size));
    return &l;
}

void made(void* at, u32 size) {
    if (cell_of(at) == cells_size) return;
    Location* l = find(at, size);
    if (now.current >= 0) {
        if (!l->gone)
            for (int i = 0; i < now.nthreads; i++)
                if (l->last[i] > me().cur.clock[i]) fail("an Atomic is made where another thread still uses one");
        l->maker = static_cast<u8>(now.current);
        l->maker_clock = clock_of(now.current);
        me().stale = true;
    }
    l->gone = false;
    std::memset(l->last, 0, sizeof l->last);
    reset(*l, content(at, size));
}

void gone(void* at) {
    if (now.current < 0 || cell_of(at) == cells_size) return;
    Location* l = find(at, 1);
    for (int i = 0; i < now.nthreads; i++)
        if (i != now.current && l->last[i] > me().cur.clock[i]) fail("an Atomic is destroyed while thread %d uses it", i);
    l->gone = true;
}

bool is_gone(const void* at) { return find(at, 1)->gone; }

void touch(const void* at) {
    if (now.current >= 0 && cell_of(at) != cells_size) (void)enter(at, 8);
}

u64 load(const void* at, u32 size, int order, const char* file, u32 line) {
    if (now.current < 0) return content(at, size);
    point();
    Location& l = enter(at, size);
    const u32 k = pick(l, oldest(l, order == seq_cst), [](u32) { return true; });
    const Message& m = messages[l.order[k]];
    see(l, m, order);
    record(Kind::load, at, m.value, m.value, order, k + 1 != l.n, file, line);
    return m.value;
}

void store(void* at, u32 size, u64 value, int order, const char* file, u32 line) {
    if (now.current < 0) {
        std::memcpy(at, &value, size);
        if (Location* l = find(at, size)) reset(*l, value);
        return;
    }
    point();
    Location& l = enter(at, size);
    const u32 k = pick(l, oldest(l, order == seq_cst), [&](u32 i) { return free_after(l, i); });
    const bool last = k + 1 == l.n;
    const u64 before = messages[l.order[k]].value;
    write(l, k, value, order, nullptr);
    record(Kind::store, at, before, value, order, !last, file, line);
}

u64 rmw(void* at, u32 size, Rmw op, u64 operand, int order, const char* file, u32 line) {
    const u64 mask = size == 8 ? ~u64{0} : (u64{1} << 8 * size) - 1;
    auto result = [=](u64 v) {
        return (op == Rmw::xchg ? operand : op == Rmw::add ? v + operand : op == Rmw::or_ ? v | operand : v & operand) & mask;
    };
    if (now.current < 0) {
        const u64 v = content(at, size);
        store(at, size, result(v), order, file, line);
        return v;
    }
    point();
    Location& l = enter(at, size);
    const u32 k = pick(l, oldest(l, order == seq_cst), [&](u32 i) { return free_after(l, i); });
    const bool last = k + 1 == l.n;
    const Message& m = messages[l.order[k]];
    see(l, m, order);
    write(l, k, result(m.value), order, &m);
    record(Kind::rmw, at, m.value, result(m.value), order, !last, file, line);
    return m.value;
}

bool cas(void* at, u32 size, u64* expected, u64 desired, int order, const char* file, u32 line) {
    if (now.current < 0) {
        const u64 v = content(at, size);
        const bool same = v == *expected;
        if (same) store(at, size, desired, order, file, line);
        *expected = v;
        return same;
    }
    point();
    Location& l = enter(at, size);
    const u64 wanted = *expected;
    const u32 k = pick(l, oldest(l, order == seq_cst),
                       [&](u32 i) { return messages[l.order[i]].value != wanted || free_after(l, i); });
    const bool last = k + 1 == l.n;
    const Message& m = messages[l.order[k]];
    if (m.value != wanted) {
        const int failure = order == release ? relaxed : order == acq_rel ? acquire : order;
        see(l, m, failure);
        record(Kind::cas_failed, at, m.value, desired, failure, !last, file, line);
        *expected = m.value;
        return false;
    }
    see(l, m, order);
    write(l, k, desired, order, &m);
    record(Kind::cas, at, wanted, desired, order, !last, file, line);
    return true;
}

void fence(int order, const char* file, u32 line) {
    if (now.current < 0) return;
    point();
    Thread& t = me();
    t.stale = true;
    if (acquires(order)) t.cur.join(t.acq);
    if (order == seq_cst) {
        t.cur.join_stores(now.sc);
        now.sc.join_stores(t.cur);
    }
    if (releases(order)) {
        t.rel = t.cur;
        t.cur.clock[now.current]++;
    }
    wrote();
    record(Kind::fence, nullptr, 0, 0, order, false, file, line);
}

}  // namespace model
