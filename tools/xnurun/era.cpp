// SPDX-License-Identifier: BSD-3-Clause
// See era.h. Each era is the last release of its line; the numbers are those of Apple's published tags and of its builds.
#include "tools/xnurun/era.h"

#include "sys/calltypes.h"
#include "sys/mem.h"

namespace trapeze {

u32 era;

namespace {

constexpr Era eras[] = {
    {"10.5", 1228015, "9.8.0", "9L31a", "xnu-1228.15.4", "10.5.8"},
    {"10.6", 1504015, "10.8.0", "10K549", "xnu-1504.15.3", "10.6.8"},
    {"10.11", era_10_11, "15.6.0", "15G31", "xnu-3248.60.10", "10.11.6"},
    {"10.13", 4570071, "17.7.0", "17G65", "xnu-4570.71.2", "10.13.6"},
    {"12", 8020140, "21.6.0", "21G115", "xnu-8020.140.41", "12.5"},
    {"13", 8796141, "22.6.0", "22G120", "xnu-8796.141.3", "13.5"},
    {"14", 10063141, "23.6.0", "23G93", "xnu-10063.141.1", "14.6"},
    {"15", 11417121, "24.5.0", "24F74", "xnu-11417.121.6", "15.5"},
};
constexpr const Era& default_era = eras[2];

}  // namespace

bool era_choose(const char* name) {
    for (const Era& e : eras) {
        if (!str_eq(e.name, name)) continue;
        era = e.xnu;
        return true;
    }
    return false;
}

const Era& era_shown() {
    for (const Era& e : eras)
        if (e.xnu == era) return e;
    return default_era;
}

const Call* call_of_era(const Call* call) {
    const Call* newest = call;
    for (; call; call = call->older) {
        if (!era && !call->enosys) return call;
        if (era && call->name && (!call->since || call->since <= era) && (!call->until || era <= call->until)) return call;
    }
    return era ? nullptr : newest;
}

u32 era_kernel_version(char* to, u32 room) {
    const char* const parts[] = {"Darwin Kernel Version ", era_shown().osrelease, ": emulated by xnurun; root:", era_shown().tag,
                                 "/RELEASE_X86_64"};
    u32 n = 0;
    for (const char* p : parts)
        for (; *p && n + 1 < room; p++) to[n++] = *p;
    for (u32 i = n; i < room; i++) to[i] = 0;
    return n;
}

}  // namespace trapeze
