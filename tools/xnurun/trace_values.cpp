// SPDX-License-Identifier: BSD-3-Clause
// Arguments as a person reads them: by the kinds of the tables (tools/abi_gen/kinds.py). Messages: trace_message.cpp.
#include "sys/darwin/errno.h"
#include "sys/darwin/mach.h"
#include "sys/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/trace_line.h"

namespace trapeze {
namespace {

struct Bit {
    u32 bit;
    const char* name;
};

// Names of set bits joined by |, the rest in hex; `none` if there is no bit at all.
void bits(TraceLine& line, u32 value, const Bit* table, usize count, const char* none) {
    if (!value) {
        line.put(none);
        return;
    }
    bool first = true;
    for (usize i = 0; i < count; i++) {
        if ((value & table[i].bit) != table[i].bit) continue;
        if (!first) line.put("|");
        first = false;
        line.put(table[i].name);
        value &= ~table[i].bit;
    }
    if (value) line.put(first ? "" : "|").hex(value);
}

constexpr Bit prot_bits[] = {{1, "PROT_READ"}, {2, "PROT_WRITE"}, {4, "PROT_EXEC"}};
constexpr Bit map_bits[] = {{1, "MAP_SHARED"}, {2, "MAP_PRIVATE"}, {0x10, "MAP_FIXED"}, {0x40, "MAP_NORESERVE"},
                            {0x400, "MAP_NOCACHE"}, {0x800, "MAP_JIT"}, {0x1000, "MAP_ANON"}, {0x40000, "MAP_UNIX03"}};
constexpr Bit open_bits[] = {{4, "O_NONBLOCK"}, {8, "O_APPEND"}, {0x10, "O_SHLOCK"}, {0x20, "O_EXLOCK"}, {0x40, "O_ASYNC"},
                             {0x80, "O_SYNC"}, {0x100, "O_NOFOLLOW"}, {0x200, "O_CREAT"}, {0x400, "O_TRUNC"},
                             {0x800, "O_EXCL"}, {0x8000, "O_EVTONLY"}, {0x20000, "O_NOCTTY"}, {0x100000, "O_DIRECTORY"},
                             {0x200000, "O_SYMLINK"}, {0x1000000, "O_CLOEXEC"}};
constexpr Bit msg_bits[] = {{1, "MACH_SEND_MSG"}, {2, "MACH_RCV_MSG"}, {4, "MACH_RCV_LARGE"}, {8, "MACH_RCV_LARGE_IDENTITY"}, {0x10, "MACH_SEND_TIMEOUT"},
                            {0x40, "MACH_SEND_INTERRUPT"}, {0x100, "MACH_RCV_TIMEOUT"}, {0x400, "MACH_RCV_INTERRUPT"}};
#define TRAPEZE_BITS(t) t, sizeof t / sizeof *t

void string(TraceLine& line, u64 at) {
    char text[65];
    if (!at) {
        line.put("NULL");
        return;
    }
    const i32 failed = copyin_string(text, at, sizeof text - 1);
    if (failed == xnu::EFAULT) {
        line.hex(at);
        return;
    }
    text[64] = 0;
    line.put("\"").put(text).put(failed ? "\"..." : "\"");
}

// What is written to a descriptor, as far as it is text; the rest escaped.
void data(TraceLine& line, u64 at, u64 n) {
    u8 bytes[32];
    const u64 shown = n < sizeof bytes ? n : sizeof bytes;
    if (!at || !copyin(bytes, at, shown)) {
        line.hex(at);
        return;
    }
    line.put("\"");
    for (u64 i = 0; i < shown; i++) {
        const u8 c = bytes[i];
        const char plain = static_cast<char>(c);
        if (c == '\n') line.put("\\n");
        else if (c == '"' || c == '\\') line.put("\\").put(&plain, 1);
        else if (c >= 32 && c < 127) line.put(&plain, 1);
        else line.put("\\x").put(&"0123456789abcdef"[c >> 4], 1).put(&"0123456789abcdef"[c & 15], 1);
    }
    line.put(n > shown ? "\"..." : "\"");
}

}  // namespace

void trace_argument(TraceLine& line, const Trap& trap, const Call& call, u32 n) {
    const CallArg& arg = call.args[n];
    const u64 v = trap.arg[n];
    const u32 w = static_cast<u32>(v);
    if (trace_named(line, arg.kind, w) || trace_pointed(line, arg, v)) return;
    switch (arg.kind) {
    case Kind::in:
        if (arg.length_arg >= 0 && !arg.length_indirect && arg.target == Kind::none && !arg.structure)
            data(line, v, trap.arg[arg.length_arg]);
        else if (v) line.hex(v);
        else line.put("NULL");
        break;
    case Kind::out: case Kind::inout: case Kind::ptr: case Kind::addr: case Kind::code: case Kind::strv:
        if (v) line.hex(v);
        else line.put("NULL");
        break;
    case Kind::str: string(line, v); break;
    case Kind::i32: case Kind::fd: case Kind::dirfd: case Kind::pid: case Kind::boolean: case Kind::clock:
    case Kind::whence: case Kind::fcntl_cmd: case Kind::madv:
        line.number(static_cast<i32>(v));
        break;
    case Kind::sig:
        if (const char* name = xnu::signal_name(static_cast<i32>(v))) line.put(name);
        else line.number(static_cast<i32>(v));
        break;
    case Kind::u32: case Kind::uid: case Kind::gid: line.unsigned_number(w); break;
    case Kind::i64: case Kind::ssize: case Kind::off: line.number(static_cast<i64>(v)); break;
    case Kind::u64: case Kind::size: line.unsigned_number(v); break;
    case Kind::mode: line.octal(w); break;
    case Kind::prot: bits(line, w, TRAPEZE_BITS(prot_bits), "PROT_NONE"); break;
    case Kind::map_flags: bits(line, w, TRAPEZE_BITS(map_bits), "0"); break;
    case Kind::mach_msg_options: bits(line, w, TRAPEZE_BITS(msg_bits), "0"); break;
    case Kind::open_flags:
        line.put((w & 3) == 0 ? "O_RDONLY" : (w & 3) == 1 ? "O_WRONLY" : "O_RDWR");
        if (w & ~3u) {
            line.put("|");
            bits(line, w & ~3u, TRAPEZE_BITS(open_bits), "");
        }
        break;
    case Kind::sig_how: {
        constexpr const char* names[] = {"SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"};
        if (w >= 1 && w <= 3) line.put(names[w - 1]);
        else line.number(static_cast<i32>(v));
        break;
    }
    case Kind::x64: case Kind::ioctl_cmd: line.hex(v); break;
    default: line.hex(w); break;
    }
}

}  // namespace trapeze
