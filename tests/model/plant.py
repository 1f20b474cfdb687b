#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One translation unit with the algorithms and the scenarios, in a namespace of its own, with a bug planted or not.

    plant.py NAME ROOT OUTPUT     NAME: true (no bug) or a key of BUGS

A snippet that is not there exactly once is an error: the bug must then be planted anew, not forgotten.
"""
import sys

SOURCES = ["sync/lock.cpp", "sync/note.cpp", "sched/runq.h", "chan/chan.cpp", "chan/select.cpp", "tests/model/scenarios.cpp"]

# name: (file, snippet, what it becomes)
BUGS = {
    # unlock does not look again whether its cas succeeds: a sleeper that came meanwhile is lost
    "lock_forgets": ("sync/lock.cpp", "if (l->word.cas(v, reinterpret_cast<u64>(w->next), release)) {",
                     "l->word.store(reinterpret_cast<u64>(w->next), release);\n        {"),
    # a sleeper puts itself into the word without looking whether it is still held
    "lock_push": ("sync/lock.cpp", "if (l->word.cas(v, reinterpret_cast<u64>(&me) | held, release)) break;",
                  "l->word.store(reinterpret_cast<u64>(&me) | held, release); break;"),
    # trylock takes what it has only looked at
    "lock_try": ("sync/lock.cpp", "return !(v & held) && l->word.cas(v, v | held, acquire);",
                 "return !(v & held) && (l->word.store(v | held, acquire), true);"),
    # a timed sleeper that leaves takes the others with it
    "note_alone": ("sync/note.cpp", "            put_back(n, others);\n", ""),
    # ... or puts them back without looking whether the note was woken meanwhile
    "note_put_back": ("sync/note.cpp", "if (!push(n, s)) wake(s);", "(void)push(n, s);"),
    # ... or forgets that the waker may have it already
    "note_token": ("sync/note.cpp", "    (void)semasleep(me.sema, -1);\n    return true;\n", "    return true;\n"),
    # the waker looks into a sleeper that may be gone
    "note_gone": ("sync/note.cpp", "        wake(s);\n        s = next;\n    }\n}\n\n}  // namespace trapeze",
                  "        wake(s);\n        (void)next;\n        (void)n->word.load(acquire);\n        s = s->next;\n    }\n}\n\n}  // namespace trapeze"),
    # the channel is unlocked before its waiter has left its stack
    "chan_commit": ("chan/chan.cpp", "    gopark(unlock_commit, &c->lock);\n",
                    "    unlock(&c->lock);\n    gopark([](G*, void*) {}, nullptr);\n"),
    # Gwaiting only after it can be found
    "chan_waiting": ("chan/chan.cpp", "    gowaiting(why, &on, 1);\n    queue->put(&me);\n    gopark(unlock_commit, &c->lock);\n",
                     "    queue->put(&me);\n    unlock(&c->lock);\n    gowaiting(why, &on, 1);\n    gopark([](G*, void*) {}, nullptr);\n"),
    # close forgets the senders
    "chan_close": ("chan/chan.cpp", "{&c->receivers, &c->senders}", "{&c->receivers}"),
    # two channels may both wake a select
    "select_done": ("chan/chan.cpp", "if (s->in_select && !s->g->selectdone.cas(nobody, 1, acq_rel)) continue;", "(void)nobody;"),
    # a select that was woken stays in its other queues
    "select_stale": ("chan/select.cpp", "if (cases[i].c) queue_of(cases[i])->remove(&entries[i]);", "(void)0;"),
    # locks in the order of the cases
    "select_order": ("chan/select.cpp", "    for (u32 i = count / 2; i-- > 0;) sift(order, i, count);\n    for (u32 i = count; i-- > 1;) {",
                     "    for (u32 i = 0; i-- > 1;) {"),
    # a taker keeps what it has only looked at
    "runq_get": ("sched/runq.h", "            if (head.cas(h, h + 1, acq_rel)) return g;\n",
                 "            head.store(h + 1, acq_rel);\n            return g;\n"),
    "runq_steal": ("sched/runq.h", "            if (!head.cas(h, h + n, acq_rel)) continue;\n            T* g = mine",
                   "            head.store(h + n, acq_rel);\n            T* g = mine"),
    # the tail is moved before the slot is filled
    "runq_put": ("sched/runq.h", "        ring[t % size].store(g, relaxed);\n        tail.store(t + 1, release);\n",
                 "        tail.store(t + 1, release);\n        ring[t % size].store(g, relaxed);\n"),
}


def main():
    name, root, output = sys.argv[1:]
    out = ["#include <functional>\n#include <new>\n#include <string>\n#include <utility>\n#include <vector>\n",
           '#include "explorer.h"\n', f"#define trapeze model_{name}\n"]
    for source in SOURCES:
        with open(f"{root}/{source}", encoding="utf-8") as f:
            text = f.read()
        if name in BUGS and BUGS[name][0] == source:
            _, snippet, becomes = BUGS[name]
            if text.count(snippet) != 1:
                sys.exit(f"plant.py: {source} has {text.count(snippet)} places, not one, for the bug {name}:\n{snippet}")
            text = text.replace(snippet, becomes)
        elif name != "true" and name not in BUGS:
            sys.exit(f"plant.py: no bug is called {name}")
        out.append(f'#line 1 "{source}"\n' + text.replace("#pragma once\n", "\n"))
    with open(output, "w", encoding="utf-8") as f:
        f.writelines(out)


main()
