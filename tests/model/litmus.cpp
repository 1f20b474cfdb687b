// SPDX-License-Identifier: BSD-3-Clause
// What the model generates and what it does not: each litmus test with all outcomes that it must show, no more and no less.
// Names as in the literature (Alglave et al., "Herding cats"; Batty et al., "Mathematizing C++ concurrency").
#include <string>

#include "sync/atomic.h"

namespace trapeze {
namespace {

struct Shared {
    Atomic<u32> x, y, z;
    u32 data;
    u32 r[4];
};

// Each body is a thread; `show` says the outcome.
template <class... F>
void litmus(std::string (*show)(Shared*), F... body) {
    Shared* s = model::fresh<Shared>("x");
    model::name(&s->y, "y");
    model::name(&s->z, "z");
    (model::thread([=] { body(s); }), ...);
    model::at_end([=] { model::outcome(show(s).c_str()); });
}

std::string digits(std::initializer_list<u32> of) {
    std::string s;
    for (u32 d : of) s += static_cast<char>('0' + d);
    return s;
}
std::string r01(Shared* s) { return digits({s->r[0], s->r[1]}); }
std::string r012(Shared* s) { return digits({s->r[0], s->r[1], s->r[2]}); }
std::string r0123(Shared* s) { return digits({s->r[0], s->r[1], s->r[2], s->r[3]}); }
std::string xy(Shared* s) { return digits({s->x.peek(), s->y.peek()}); }
std::string r0y(Shared* s) { return digits({s->r[0], s->y.peek()}); }
std::string r0x(Shared* s) { return digits({s->r[0], s->x.peek()}); }

template <Order W, Order R>
void sb() {
    litmus(r01, [](Shared* s) { s->x.store(1, W), s->r[0] = s->y.load(R); }, [](Shared* s) { s->y.store(1, W), s->r[1] = s->x.load(R); });
}
template <bool First>
void sb_fences() {
    litmus(r01, [](Shared* s) { s->x.store(1, relaxed), (First ? store_load_fence() : (void)0), s->r[0] = s->y.load(relaxed); },
           [](Shared* s) { s->y.store(1, relaxed), store_load_fence(), s->r[1] = s->x.load(relaxed); });
}
template <Order O>
void sb_xchg() {
    litmus(r01, [](Shared* s) { s->x.xchg(1, O), s->r[0] = s->y.load(O == seq_cst ? seq_cst : acquire); },
           [](Shared* s) { s->y.xchg(1, O), s->r[1] = s->x.load(O == seq_cst ? seq_cst : acquire); });
}
template <Order W, Order R>
void mp() {
    litmus(r01, [](Shared* s) { s->x.store(1, relaxed), s->y.store(1, W); }, [](Shared* s) { s->r[0] = s->y.load(R), s->r[1] = s->x.load(relaxed); });
}
template <Order W, Order R>
void mp_fences() {
    litmus(r01, [](Shared* s) { s->x.store(1, relaxed), fence(W), s->y.store(1, relaxed); },
           [](Shared* s) { s->r[0] = s->y.load(relaxed), fence(R), s->r[1] = s->x.load(relaxed); });
}
// The flag's store is followed in modification order by another thread's: a read-modify-write goes on with its release, a store does not.
template <bool Rmw>
void mp_sequence() {
    litmus(r01, [](Shared* s) { s->x.store(1, relaxed), s->y.store(1, release); },
           [](Shared* s) {
               if (Rmw) s->y.xadd(1, relaxed);
               else if (s->y.load(relaxed) == 1) s->y.store(2, relaxed);
           },
           [](Shared* s) { if ((s->r[0] = s->y.load(acquire)) == 2) s->r[1] = s->x.load(relaxed); else s->r[0] = s->r[1] = 0; });
}
template <Order W, Order R>
void iriw() {
    litmus(r0123, [](Shared* s) { s->x.store(1, W); }, [](Shared* s) { s->y.store(1, W); },
           [](Shared* s) { s->r[0] = s->x.load(R), s->r[1] = s->y.load(R); }, [](Shared* s) { s->r[2] = s->y.load(R), s->r[3] = s->x.load(R); });
}
template <Order W, Order R>
void wrc() {
    litmus(r012, [](Shared* s) { s->x.store(1, W); }, [](Shared* s) { s->r[0] = s->x.load(R), s->y.store(1, W); },
           [](Shared* s) { s->r[1] = s->y.load(R), s->r[2] = s->x.load(relaxed); });
}
template <Order W, Order R>
void isa2() {
    litmus(r012, [](Shared* s) { s->x.store(1, relaxed), s->y.store(1, W); }, [](Shared* s) { s->r[0] = s->y.load(R), s->z.store(1, W); },
           [](Shared* s) { s->r[1] = s->z.load(R), s->r[2] = s->x.load(relaxed); });
}
template <Order W>
void w22() {
    litmus(xy, [](Shared* s) { s->x.store(1, W), s->y.store(2, W); }, [](Shared* s) { s->y.store(1, W), s->x.store(2, W); });
}
template <Order W, Order R>
void r() {
    litmus(r0y, [](Shared* s) { s->x.store(1, W), s->y.store(1, W); }, [](Shared* s) { s->y.store(2, W), s->r[0] = s->x.load(R); });
}
template <Order W, Order R>
void s() {
    litmus(r0x, [](Shared* s) { s->x.store(2, relaxed), s->y.store(1, W); }, [](Shared* s) { s->r[0] = s->y.load(R), s->x.store(1, relaxed); });
}
void lb() {
    litmus(r01, [](Shared* s) { s->r[0] = s->x.load(relaxed), s->y.store(1, relaxed); }, [](Shared* s) { s->r[1] = s->y.load(relaxed), s->x.store(1, relaxed); });
}
void corr() {
    litmus(r01, [](Shared* s) { s->x.store(1, relaxed), s->x.store(2, relaxed); }, [](Shared* s) { s->r[0] = s->x.load(relaxed), s->r[1] = s->x.load(relaxed); });
}
void cowr() {
    litmus(r0x, [](Shared* s) { s->x.store(1, relaxed), s->r[0] = s->x.load(relaxed); }, [](Shared* s) { s->x.store(2, relaxed); });
}
void atomicity() {
    litmus(r012, [](Shared* s) { s->r[0] = s->x.xadd(1, relaxed); }, [](Shared* s) { s->r[1] = s->x.xadd(1, relaxed); },
           [](Shared* s) { u32 e = 0; s->r[2] = s->x.cas(e, 5, relaxed) ? 9 : e; });
}
// An sc store and a relaxed one: a fence between two relaxed accesses is stronger than a store that is seq_cst.
void sb_mixed() {
    litmus(r01, [](Shared* s) { s->x.store(1, seq_cst), s->r[0] = s->y.load(relaxed); }, [](Shared* s) { s->y.store(1, seq_cst), s->r[1] = s->x.load(relaxed); });
}
// Plain data behind a flag: no race is found where there is none. (Where there is one, every planted order shows it.)
void plain() {
    litmus(r01, [](Shared* s) { s->data = 7, s->y.store(1, release); }, [](Shared* s) { if ((s->r[0] = s->y.load(acquire))) s->r[1] = s->data; });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"SB, relaxed", sb<relaxed, relaxed>, model::all, "00 01 10 11"},
    {"SB, release and acquire", sb<release, acquire>, model::all, "00 01 10 11"},
    {"SB, seq_cst: not 00", sb<seq_cst, seq_cst>, model::all, "01 10 11"},
    {"SB, seq_cst stores, relaxed loads", sb_mixed, model::all, "00 01 10 11"},
    {"SB, relaxed with seq_cst fences: not 00", sb_fences<true>, model::all, "01 10 11"},
    {"SB, one fence alone", sb_fences<false>, model::all, "00 01 10 11"},
    {"SB, acq_rel exchanges (x86 would not)", sb_xchg<acq_rel>, model::all, "00 01 10 11"},
    {"SB, seq_cst exchanges: not 00", sb_xchg<seq_cst>, model::all, "01 10 11"},
    {"MP, relaxed", mp<relaxed, relaxed>, model::all, "00 01 10 11"},
    {"MP, release alone", mp<release, relaxed>, model::all, "00 01 10 11"},
    {"MP, acquire alone", mp<relaxed, acquire>, model::all, "00 01 10 11"},
    {"MP, release and acquire: not 10", mp<release, acquire>, model::all, "00 01 11"},
    {"MP, fences: not 10", mp_fences<release, acquire>, model::all, "00 01 11"},
    {"MP, the wrong fences", mp_fences<acquire, release>, model::all, "00 01 10 11"},
    {"MP, release sequence by xadd: not 20", mp_sequence<true>, model::all, "00 21"},
    {"MP, no release sequence by a store", mp_sequence<false>, model::all, "00 20 21"},
    {"IRIW, acquire", iriw<release, acquire>, model::all, "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111"},
    {"IRIW, seq_cst: not 1010", iriw<seq_cst, seq_cst>, model::all, "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111"},
    {"WRC, relaxed", wrc<relaxed, relaxed>, model::all, "000 001 010 011 100 101 110 111"},
    {"WRC, release and acquire: not 110", wrc<release, acquire>, model::all, "000 001 010 011 100 101 111"},
    {"ISA2, relaxed", isa2<relaxed, relaxed>, model::all, "000 001 010 011 100 101 110 111"},
    {"ISA2, release and acquire: not 110", isa2<release, acquire>, model::all, "000 001 010 011 100 101 111"},
    {"2+2W, relaxed", w22<relaxed>, model::all, "11 12 21 22"},
    {"2+2W, seq_cst: not 11", w22<seq_cst>, model::all, "12 21 22"},
    {"R, release and acquire", r<release, acquire>, model::all, "01 02 11 12"},
    {"R, seq_cst: not 02", r<seq_cst, seq_cst>, model::all, "01 11 12"},
    {"S, relaxed", s<relaxed, relaxed>, model::all, "01 02 11 12"},
    {"S, release and acquire: not 12", s<release, acquire>, model::all, "01 02 11"},
    {"LB, relaxed: C++ has 11 too, the model not", lb, model::all, "00 01 10"},
    {"CoRR: never backwards", corr, model::all, "00 01 02 11 12 22"},
    {"CoWR: never older than one's own", cowr, model::all, "11 12 22"},
    {"read-modify-writes are atomic", atomicity, model::all, "011 012 101 102 569 659"},
    {"plain data behind a flag", plain, model::all, "00 17"},
};

}  // namespace trapeze
