// SPDX-License-Identifier: BSD-3-Clause
// The model suite: the true algorithms pass everything that is explored; each planted bug is found in its own part of it.
#include <catch2/catch.hpp>
#include <cstdio>

#include "explorer.h"

using Report = std::function<void(const char* name, const model::Outcome&)>;

#define MODEL(name)                                                                                       \
    namespace model_##name {                                                                              \
    void explore_lock(const Report&);                                                                     \
    void explore_note(const Report&);                                                                     \
    void explore_chan(const Report&);                                                                     \
    void explore_select(const Report&);                                                                   \
    void explore_runq(const Report&);                                                                     \
    }

static void passes(void (*part)(const Report&)) {
    part([](const char* name, const model::Outcome& o) {
        std::printf("%-45s %9llu interleavings%s\n", name, static_cast<unsigned long long>(o.runs), o.complete ? "" : " (stopped there)");
        std::fflush(stdout);
        INFO(name << ": " << o.what);
        CHECK_FALSE(o.failed);
    });
}

static void finds(void (*part)(const Report&), const char* bug) {
    bool found = false;
    part([&](const char* name, const model::Outcome& o) {
        if (o.failed && !found)
            std::printf("%-14s found by %s after %llu: %s\n", bug, name, static_cast<unsigned long long>(o.runs), o.what.substr(0, o.what.find('\n')).c_str());
        found |= o.failed;
    });
    INFO("planted bug " << bug);
    CHECK(found);
}

MODEL(true)
#define PART(part) \
    TEST_CASE(#part " passes") { passes(model_true::explore_##part); }
PART(lock)
PART(note)
PART(chan)
PART(select)
PART(runq)

#define PLANTED(part, name) \
    MODEL(name)             \
    TEST_CASE(#name " is found") { finds(model_##name::explore_##part, #name); }
#include "planted.inc"
