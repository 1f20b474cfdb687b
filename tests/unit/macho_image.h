// SPDX-License-Identifier: BSD-3-Clause
// Builds Mach-O files in memory for the tests of the parser: a valid static
// program by default, any part of it changed by the test.
#pragma once
#include <cstring>
#include <string>
#include <vector>

#include "tools/xnurun/macho.h"

namespace image {

using namespace trapeze;
using Bytes = std::vector<u8>;

struct Words {
    Bytes bytes;
    Words& u(u32 v) { return raw(&v, 4); }
    Words& q(u64 v) { return raw(&v, 8); }
    Words& text(const std::string& s, usize width) {
        std::string padded = s;
        padded.resize(width);
        return raw(padded.data(), width);
    }
    Words& raw(const void* at, usize n) {
        auto* p = static_cast<const u8*>(at);
        bytes.insert(bytes.end(), p, p + n);
        return *this;
    }
};

struct Segment {
    std::string name;
    u64 vmaddr, vmsize, fileoff, filesize;
    u32 prot;
    u32 flags = 0;
    u32 nsects = 0;  // each a plain section of type section_type
    u32 section_type = 0;

    Bytes command() const {
        Words w;
        w.u(0x19).u(72 + 80 * nsects).text(name, 16).q(vmaddr).q(vmsize).q(fileoff).q(filesize);
        w.u(prot).u(prot).u(nsects).u(flags);
        for (u32 i = 0; i < nsects; i++)
            w.text("__s", 16).text(name, 16).q(vmaddr).q(0).u(0).u(0).u(0).u(0).u(section_type).u(0).u(0).u(0);
        return w.bytes;
    }
};

inline Bytes unixthread(u64 rip, u64 rsp = 0, u32 flavor = 4, u32 count = 42) {
    Words w;
    w.u(5).u(16 + 4 * count).u(flavor).u(count);
    for (u32 i = 0; i < count / 2; i++) w.q(i == 16 ? rip : i == 7 ? rsp : i == 4 ? 0xd1 : 0);
    return w.bytes;
}

// A load command of these 32-bit words behind cmd and cmdsize.
inline Bytes command(u32 cmd, std::vector<u32> words) {
    Words w;
    w.u(cmd).u(8 + 4 * static_cast<u32>(words.size()));
    for (u32 v : words) w.u(v);
    return w.bytes;
}

inline Bytes named(u32 cmd, u32 offset, const std::string& name) {
    Words w;
    u32 size = (offset + static_cast<u32>(name.size()) + 8) & ~7u;
    w.u(cmd).u(size).u(offset);
    w.bytes.resize(offset);
    w.text(name, size - offset);
    return w.bytes;
}

struct Image {
    u32 magic = 0xfeedfacf, cputype = 0x01000007, cpusubtype = 3, filetype = 2, flags = 1;
    std::vector<Segment> segments = {
        {"__PAGEZERO", 0, 0x1000, 0, 0, 0},
        {"__TEXT", 0x100000000, 0x1000, 0, 0x1000, 5, 0, 1},
        {"__DATA", 0x100001000, 0x5008, 0x1000, 0x20, 3},
    };
    std::vector<Bytes> commands = {unixthread(0x100000800)};
    u32 extra_ncmds = 0;
    usize size = 0x1020;

    Segment& text() { return segments[1]; }
    Segment& data() { return segments[2]; }

    Bytes bytes() const {
        Words body;
        for (auto& s : segments) {
            Bytes c = s.command();
            body.raw(c.data(), c.size());
        }
        for (auto& c : commands) body.raw(c.data(), c.size());
        Words w;
        w.u(magic).u(cputype).u(cpusubtype).u(filetype);
        w.u(static_cast<u32>(segments.size() + commands.size()) + extra_ncmds);
        w.u(static_cast<u32>(body.bytes.size())).u(flags).u(0);
        w.raw(body.bytes.data(), body.bytes.size());
        w.bytes.resize(size);
        return w.bytes;
    }
};

inline MachoPlan parse(const Bytes& b) { return parse_macho({b.data(), b.size()}, b.size()); }
inline MachoPlan parse(const Image& i) { return parse(i.bytes()); }

}  // namespace image
