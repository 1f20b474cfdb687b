// SPDX-License-Identifier: BSD-3-Clause
// One line of --trace: text in a buffer of fixed size, written by one write. What does not fit is cut, with "..." at its end.
#pragma once
#include "tools/xnurun/trace.h"

namespace trapeze {

class TraceLine {
public:
    explicit TraceLine(TraceBuffer& buffer) : b_(buffer) { used_ = 0; }
    void resume() { used_ = b_.used; }  // goes on behind what was there
    TraceLine& put(const char* s);
    TraceLine& put(const char* s, usize n);
    TraceLine& number(i64 v);
    TraceLine& unsigned_number(u64 v);
    TraceLine& hex(u64 v);
    TraceLine& octal(u64 v);
    void write();

    ~TraceLine() { b_.used = used_; }
    TraceLine(const TraceLine&) = delete;

private:
    TraceBuffer& b_;
    usize used_;
};

bool trace_named(TraceLine&, Kind, u32);           // by sys/darwin/values.tbl; false: it has no names for that kind
bool trace_pointed(TraceLine&, const CallArg&, u64 at);  // what a pointer leads to, if it is small and known
void trace_argument(TraceLine&, const Trap&, const Call&, u32 n);
void trace_message_sent(TraceLine&, const Trap&);
void trace_message_received(TraceLine&, const Trap&, const Answer&);

}  // namespace trapeze
