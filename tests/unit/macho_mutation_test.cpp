// SPDX-License-Identifier: BSD-3-Clause
// Damaged Mach-O files: every truncation, every byte of header and commands
// changed, and random damage in several places. Whatever is left, the parser
// answers with a reason, or with a plan that a loader can carry out blindly.
// Run it under -fsanitize=address,undefined too: each image is a heap block of
// exactly its size, so a read one byte beyond it is seen.
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/unit/macho_image.h"

using namespace image;

namespace {

u64 walked;

// What a loader relies on; nullptr if all of it holds.
const char* broken(const MachoPlan& plan, u64 size) {
    if (plan.err) return plan.reason[0] ? std::strchr(plan.reason, '\n') ? "a reason of two lines" : nullptr : "no reason";
    if (plan.reason[0]) return "a plan with a reason";
    if (plan.nsegments == 0 || plan.nsegments > MachoPlan::max_segments) return "number of segments";
    if (plan.pagezero_end < 0x1000 || plan.low < plan.pagezero_end) return "page zero";
    bool entry = false;
    for (usize i = 0; i < plan.nsegments; i++) {
        const MachoSegment& s = plan.segments[i];
        u64 extent = (std::max(s.vmsize, s.filesize) + 0xfff) & ~u64{0xfff}, end = s.vmaddr + extent;
        if (s.filesize > size || s.fileoff > size - s.filesize) return "outside the file";
        if (s.fileoff % 0x1000 || s.vmaddr % 0x1000) return "not aligned";
        if (!s.vmsize || extent > 0x7fffffe00000 || s.vmaddr > 0x7fffffe00000 - extent) return "outside user memory";
        if (s.vmaddr < plan.low || end > plan.high) return "low and high";
        if (s.initprot > 7 || s.maxprot > 7) return "protection";
        for (usize j = 0; j < i; j++) {
            const MachoSegment& o = plan.segments[j];
            u64 o_end = o.vmaddr + ((std::max(o.vmsize, o.filesize) + 0xfff) & ~u64{0xfff});
            if (s.vmaddr < o_end && o.vmaddr < end) return "overlap";
        }
        if (plan.regs.rip >= s.vmaddr && plan.regs.rip < s.vmaddr + s.vmsize) entry = (s.initprot & 5) == 5;
    }
    return entry ? nullptr : "entry point";
}

void walk(const Bytes& bytes, u64 file_size) {
    walked++;
    u8* exact = static_cast<u8*>(std::malloc(bytes.size() ? bytes.size() : 1));
    std::copy(bytes.begin(), bytes.end(), exact);
    ByteView view{exact, bytes.size()};
    MachoSlice slice = macho_slice(view, file_size);
    if (!slice.err) {
        ByteView head{exact + std::min<u64>(slice.offset, bytes.size()), bytes.size() - std::min<u64>(slice.offset, bytes.size())};
        MachoPlan plan = parse_macho(head, slice.size, slice.offset, file_size);
        if (const char* what = broken(plan, file_size)) FAIL(what << " after mutation " << walked << ": " << plan.reason);
    } else if (!slice.reason[0]) FAIL("a slice refused without a reason");
    std::free(exact);
}

std::vector<Image> seeds() {
    Image plain, dyld, low;
    dyld.flags |= 0x200004;
    dyld.commands.push_back(named(0xe, 12, "/usr/lib/dyld"));
    dyld.commands.push_back(command(0x80000022, std::vector<u32>(10)));
    dyld.commands.push_back(command(0xb, std::vector<u32>(18)));
    dyld.commands.push_back(command(0x1b, {1, 2, 3, 4}));
    dyld.commands.push_back(command(0x24, {0xa0d00, 0xa0d00}));
    low.text().vmaddr = 0x1000, low.data().vmaddr = 0x2000, low.commands = {unixthread(0x1800, 0x5000)};
    low.segments.push_back({"__DWARF", 0x1000, 0, 0x1000, 0x20, 7});
    return {plain, dyld, low};
}

}  // namespace

TEST_CASE("macho: no damage makes the parser crash or give a plan that cannot be mapped") {
    const char* given = std::getenv("TRAPEZE_TEST_SEED");
    u64 seed = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
    std::printf("macho mutations: seed %llu (TRAPEZE_TEST_SEED repeats it)\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    walked = 0;

    for (const Image& image : seeds()) {
        const Bytes good = image.bytes();
        REQUIRE(parse(good).err == 0);
        usize head = parse(good).commands_end;
        for (usize n = 0; n <= good.size(); n++) {
            Bytes cut(good.begin(), good.begin() + static_cast<isize>(n));
            walk(cut, n);            // a file cut short
            walk(cut, good.size());  // a read cut short
        }
        for (usize at = 0; at < head; at++)
            for (u8 to : {u8{0}, u8{0xff}, u8{1}, u8{0x80}, u8(good[at] ^ 1), u8(good[at] ^ 0x80), u8(~good[at]),
                          u8(good[at] + 1), u8(good[at] - 1)}) {
                Bytes b = good;
                b[at] = to;
                walk(b, b.size());
            }
        for (int n = 0; n < 5000; n++) {
            Bytes b = good;
            for (u64 k = random() % 6 + 1; k; k--) {
                usize at = random() % head;
                switch (random() % 4) {
                case 0: b[at] = static_cast<u8>(random()); break;
                case 1: b[at] ^= static_cast<u8>(1 << random() % 8); break;
                case 2: {  // an aligned word: an extreme, a neighbour of a page, or noise
                    const u64 words[] = {0, ~u64{0}, 1, 0x1000, 0xfff, 0x1001, 0x7fffffe00000, u64{1} << 63, good.size(), random()};
                    u64 word = words[random() % std::size(words)];
                    usize width = random() % 2 ? 8 : 4;
                    at &= ~(width - 1);
                    std::memcpy(&b[at], &word, std::min(width, b.size() - at));
                    break;
                }
                default: {  // move a piece
                    usize from = random() % head, n_bytes = std::min<usize>(random() % 80, head - std::max(at, from));
                    std::memmove(&b[at], &b[from], n_bytes);
                }
                }
            }
            if (random() % 8 == 0) b.resize(random() % (b.size() + 1));
            walk(b, b.size());
        }
    }
    Bytes fat(0x1000);
    const u8 table[] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1, 1, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0x10, 0, 0, 0, 0x10, 0x20, 0, 0, 0, 12};
    std::copy(std::begin(table), std::end(table), fat.begin());
    Bytes thin = Image().bytes();
    fat.insert(fat.end(), thin.begin(), thin.end());
    for (usize at = 0; at < sizeof table; at++)
        for (int to = 0; to < 256; to++) {
            Bytes b = fat;
            b[at] = static_cast<u8>(to);
            walk(b, b.size());
        }
    std::printf("macho mutations: %llu walked\n", static_cast<unsigned long long>(walked));
    CHECK(walked >= 10000);
}
