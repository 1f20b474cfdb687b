// SPDX-License-Identifier: BSD-3-Clause
// What the scenarios of channels and select share.
#pragma once
#include "chan/hchan.h"

namespace trapeze {
namespace {

using model::at_end;
using model::check;

// Overwrites the stack below its caller: what a function that has returned left there is no longer an answer.
[[gnu::noinline]] void scribble() {
    volatile u64 rubbish[128];
    for (auto& word : rubbish) word = 0xaaaaaaaaaaaaaaaa;
}

constexpr u64 raw_memory = 0x7261776d656d6f72;
const Elem value{sizeof(u64), [](void* raw, void* from) {
    u64* f = static_cast<u64*>(from);
    check(*f != 0, "a value was moved twice");
    *static_cast<u64*>(raw) = std::exchange(*f, 0);
}, [](void* object) {
    check(*static_cast<u64*>(object) == 0, "a value is destroyed that is still there");
    *static_cast<u64*>(object) = raw_memory;
}};

struct Chans {
    Hchan *a = nullptr, *b = nullptr;
    u64 got[8]{};
    u32 ngot = 0, sent = 0;
    Chans() { all_random = false; }
    // Not the channel's business: several threads may do it, between two steps.
    [[gnu::no_sanitize("thread")]] void take(u64 v) { got[ngot++] = v; }
    [[gnu::no_sanitize("thread")]] void sent_one() { sent++; }
    // Each of n values once; those of one sender (v / 16) in their order, if there is one receiver.
    void exactly(u32 n, bool fifo) {
        check(ngot == n, "a value was lost or came twice");
        for (u32 i = 0; i < ngot; i++)
            for (u32 k = 0; k < i; k++) {
                check(got[i] != got[k], "a value came twice");
                check(!fifo || got[i] / 16 != got[k] / 16 || got[k] < got[i], "a sender's values are out of order");
            }
        for (Hchan* c : {a, b})
            if (c) check(!c->senders.first && !c->receivers.first && c->lock.word.peek() == 0, "somebody is left in a channel");
    }
};

}  // namespace
}  // namespace trapeze
