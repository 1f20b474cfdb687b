// SPDX-License-Identifier: BSD-3-Clause
// Arguments by name: flags and selectors by sys/darwin/values.tbl, ioctl requests by their parts, and small things
// behind pointers, as they are before the call. Guest memory that cannot be read leaves the address.
#include "sys/darwin/values.h"
#include "sys/mem.h"
#include "tools/xnurun/trace_line.h"

namespace trapeze {
namespace {

bool same(const char* a, const char* b) {
    usize i = 0;
    while (a[i] && a[i] == b[i]) i++;
    return a[i] == b[i];
}

const xnu::ValueSet* find(Kind kind, bool bits) {
    for (const auto& set : xnu::value_sets)
        if (set.kind == kind && set.bits == bits) return &set;
    return nullptr;
}

void request(TraceLine& line, u32 v) {      // _IOC: direction in the top three bits, size in 13, group, number
    constexpr const char* names[] = {"_IOC", "_IO", "_IOR", "_IOC", "_IOW", "_IOC", "_IOWR", "_IOC"};
    const char group = static_cast<char>(v >> 8);
    line.put(names[v >> 29]).put("('").put(&group, 1).put("', ").unsigned_number(v & 0xff);
    if (const u32 size = v >> 16 & 0x1fff) line.put(", ").unsigned_number(size);
    line.put(")");
}

}  // namespace

bool trace_named(TraceLine& line, Kind kind, u32 v) {
    if (kind == Kind::ioctl_cmd && (v >> 8 & 0xff) > 32 && (v >> 8 & 0xff) < 127) {
        request(line, v);
        return true;
    }
    const xnu::ValueSet* bits = find(kind, true);
    const xnu::ValueSet* values = find(kind, false);
    if (!bits && !values) return false;
    u32 named = 0;
    for (u32 i = 0; bits && i < bits->count; i++) named |= bits->names[i].number;
    const u32 rest = v & ~named;
    bool first = true;
    auto separate = [&] {
        if (!first) line.put("|");
        first = false;
    };
    for (u32 i = 0; values && i < values->count && first; i++)
        if (values->names[i].number == rest) separate(), line.put(values->names[i].name);
    if (first && (rest || v == 0)) {        // a value without a name, bits without one, or nothing at all
        separate();
        if (values && !bits) line.number(static_cast<i32>(rest));
        else if (rest) line.hex(rest);
        else line.put("0");
    }
    for (u32 i = 0; bits && i < bits->count; i++)
        if (v & bits->names[i].number) separate(), line.put(bits->names[i].name);
    return true;
}

bool trace_pointed(TraceLine& line, const CallArg& arg, u64 at) {
    if (!at || arg.kind == Kind::out || arg.length || arg.length_arg >= 0) return false;
    u64 word[3];
    const bool mask = arg.target == Kind::sigmask;
    if (mask || arg.target == Kind::u32 || arg.target == Kind::i32 || arg.target == Kind::port) {
        u32 v;
        if (!copyin(&v, at, sizeof v)) return false;
        line.put("[");
        if (mask) line.hex(v);
        else line.number(static_cast<i32>(v));
        line.put("]");
        return true;
    }
    if (arg.target == Kind::u64 || arg.target == Kind::off || arg.target == Kind::size) {
        if (!copyin(word, at, 8)) return false;
        line.put("[").number(static_cast<i64>(word[0])).put("]");
        return true;
    }
    if (!arg.structure) return false;
    if (same(arg.structure, "timespec") || same(arg.structure, "timeval")) {    // timeval's second half has 32 bits
        if (!copyin(word, at, 16)) return false;
        const i64 part = same(arg.structure, "timeval") ? static_cast<i32>(word[1]) : static_cast<i64>(word[1]);
        line.put("{").number(static_cast<i64>(word[0])).put(", ").number(part).put("}");
        return true;
    }
    if (same(arg.structure, "rlimit")) {
        if (!copyin(word, at, 16)) return false;
        line.put("{").unsigned_number(word[0]).put(", ").unsigned_number(word[1]).put("}");
        return true;
    }
    if (same(arg.structure, "sigaction_in")) {
        if (!copyin(word, at, 24)) return false;
        line.put("{").hex(word[0]).put(", trampoline ").hex(word[1]).put(", mask ").hex(word[2] & 0xffffffff);
        line.put(", flags ").hex(word[2] >> 32).put("}");
        return true;
    }
    if (same(arg.structure, "stack_t")) {
        if (!copyin(word, at, 24)) return false;
        line.put("{").hex(word[0]).put(", size ").unsigned_number(word[1]).put(", flags ").hex(word[2] & 0xffffffff).put("}");
        return true;
    }
    return false;
}

}  // namespace trapeze
