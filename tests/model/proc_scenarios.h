// SPDX-License-Identifier: BSD-3-Clause
// Scenarios that sched.cpp runs with all memory orders and schedule.cpp once for each mutant of a condition.
#pragma once
#include "tests/model/procs.h"

namespace trapeze {

namespace {

// main computes until another M has run what it made ready, Times times one after the other.
template <int Times>
void steals() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, runs<0>);
        until(w->ran[0]);
        if (Times == 1) model::finish();
        go(w, 1, runs<1>);
        until(w->ran[1]);
        model::finish();
    });
}

// Both must be taken by others: main computes until both have run, and the first until the second has.
void chain() {
    World* w = world(3);
    model::thread([=] {
        go(w, 0, [](void* a) {
            until(static_cast<World*>(a)->ran[1]);
            runs<0>(a);
        });
        go(w, 1, runs<1>);
        until(w->ran[0]);
        model::finish();
    });
}

// A goroutine sleeps while main computes until it has run again: an M has to be its keeper.
void sleeps() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, [](void* a) {
            sleep_ns(5);
            check(nanotime() >= 5, "a sleep ended before its time");
            runs<0>(a);
        });
        until(w->ran[0]);
        model::finish();
    });
}

// main sleeps while another computes until main has run again.
void main_sleeps() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, [](void* a) {
            until(static_cast<World*>(a)->ran[1]);
            runs<0>(a);
        });
        sleep_ns(5);
        runs<1>(w);
        until(w->ran[0]);
        model::finish();
    });
}

// One sleeps for longer than anybody waits; then main sleeps, while another computes until main has run again: who keeps the first one's
// time must hear of it.
void earlier() {
    World* w = world(2);
    model_clock->horizon = 10;
    model::thread([=] {
        go(w, 0, [](void*) {
            sleep_ns(100);
            model::fail("a sleep ended before its time");
        });
        until_asleep(w);
        go(w, 1, [](void* a) {
            until(static_cast<World*>(a)->ran[2]);
            runs<1>(a);
        });
        sleep_ns(5);
        runs<2>(w);
        until(w->ran[1]);
        model::finish();
    });
}

// A sleeper, and one that main makes ready when the sleeper's M may be waking, with or without a P: main computes until it has run.
void sleeper_and_another() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, [](void* a) {
            sleep_ns(5);
            runs<0>(a);
        });
        until_asleep(w);
        go(w, 1, runs<1>);
        until(w->ran[1]);
        model::finish();
    });
}

}  // namespace

}  // namespace trapeze
