// SPDX-License-Identifier: BSD-3-Clause
// A thread's block: one for each of the model's threads, in memory that the scenario provides.
#pragma once
#include "model.h"
#include "sys/types.h"

namespace trapeze {

struct G;
struct M;
struct MalCache;

struct Tls {
    G* g;
    M* m;
    MalCache* mal;
    u64 sema;
};

inline Tls* tls_of_thread[8];  // set up by the scenario
[[gnu::no_sanitize("thread")]] inline Tls* tls() { return tls_of_thread[model::self()]; }
inline G* getg() { return tls()->g; }
inline M* getm() { return tls()->m; }

namespace lnx {
constexpr i32 EINTR = 4, EAGAIN = 11, ETIMEDOUT = 110;
constexpr i32 ENOMEM = 12, EINVAL = 22;
}
namespace kernel = lnx;

}  // namespace trapeze
