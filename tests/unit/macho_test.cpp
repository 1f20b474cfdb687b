// SPDX-License-Identifier: BSD-3-Clause
// The Mach-O rules of xnu-11417 bsd/kern/mach_loader.c, one by one: what must
// load, and what is refused with which errno and reason. The mutations that
// nobody thought of are in macho_mutation_test.cpp.
#include <catch2/catch.hpp>

#include "tests/unit/macho_image.h"

using namespace image;

namespace {

enum { ENOEXEC_ = 8, ENOMEM_ = 12, EAUTH_ = 80, EBADEXEC_ = 85, EBADARCH_ = 86, EBADMACHO_ = 88 };

void refused(const MachoPlan& plan, i32 err, const char* part) {
    INFO("reason: " << plan.reason);
    CHECK(plan.err == err);
    CHECK(std::string(plan.reason).find(part) != std::string::npos);
    CHECK(std::string(plan.reason).find('\n') == std::string::npos);
}

void loads(const Image& image) {
    MachoPlan plan = parse(image);
    INFO("reason: " << plan.reason);
    CHECK(plan.err == 0);
    CHECK(plan.reason[0] == 0);
}

}  // namespace

TEST_CASE("macho: a static program becomes a plan") {
    MachoPlan plan = parse(Image());
    REQUIRE(plan.err == 0);
    REQUIRE(plan.nsegments == 2);
    CHECK(std::string(plan.segments[0].name) == "__TEXT");
    CHECK(plan.segments[0].vmaddr == 0x100000000);
    CHECK(plan.segments[0].filesize == 0x1000);
    CHECK(plan.segments[0].initprot == 5);
    CHECK(plan.segments[1].vmsize == 0x5008);
    CHECK(plan.segments[1].fileoff == 0x1000);
    CHECK(plan.pagezero_end == 0x1000);
    CHECK(plan.low == 0x100000000);
    CHECK(plan.high == 0x100007000);
    CHECK(plan.header_addr == 0x100000000);
    CHECK(plan.regs.rip == 0x100000800);
    CHECK(plan.regs.rdi == 0xd1);
    CHECK(plan.regs.rsp == 0);
    CHECK_FALSE(plan.pie);
    CHECK_FALSE(plan.names_dyld);
}

TEST_CASE("macho: what is odd but right loads") {
    Image i;
    SECTION("LC_LOAD_DYLINKER without a dylib or a bind") {
        i.flags |= 4;
        i.commands.push_back(named(0xe, 12, "/usr/lib/dyld"));
        i.commands.push_back(command(0x80000022, std::vector<u32>(10)));
        loads(i);
        CHECK(parse(i).names_dyld);
    }
    SECTION("a segment of vmsize 0 that overlaps others, with a large filesize") {
        i.segments.push_back({"__DWARF", 0x100000000, 0, 0x1000, 0x20, 7});
        loads(i);
        CHECK(parse(i).nsegments == 2);
    }
    SECTION("a vmsize that is no page multiple") { i.data().vmsize = 0x21, loads(i); }
    SECTION("a base of 0x1000") {
        i.text().vmaddr = 0x1000, i.data().vmaddr = 0x2000, i.commands = {unixthread(0x1800)};
        loads(i);
    }
    SECTION("a base of 0x1000000") {
        i.text().vmaddr = 0x1000000, i.data().vmaddr = 0x1001000, i.commands = {unixthread(0x1000800)};
        loads(i);
    }
    SECTION("unknown load commands") { i.commands.push_back(command(0x7777, {1, 2, 3})), loads(i); }
    SECTION("a command whose size is no multiple of 8") {
        i.commands.push_back(Bytes{0x77, 0, 0, 0, 9, 0, 0, 0, 1}), loads(i);
    }
    SECTION("LC_VERSION_MIN_MACOSX") { i.commands.push_back(command(0x24, {0xa0d00, 0xa0d00})), loads(i); }
    SECTION("LC_SYMTAB") { i.commands.push_back(command(2, {0x1000, 1, 0x1010, 16})), loads(i); }
    SECTION("LC_UUID") { i.commands.push_back(command(0x1b, {1, 2, 3, 4})), loads(i); }
    SECTION("the obsolete LC_SYMSEG of 2008") { i.commands.push_back(command(3, {0, 0})), loads(i); }
    SECTION("bss alone: filesize 0") { i.data().filesize = 0, loads(i); }
    SECTION("a segment without access, as a reservation") {
        i.segments.push_back({"__HOLE", 0x200000000, 0x100000, 0, 0, 0});
        loads(i);
        CHECK(parse(i).nsegments == 3);
    }
    SECTION("a file segment larger than its vmsize is mapped by its file size") {
        i.text().vmsize = 0x900, i.text().filesize = 0x1000, loads(i);
    }
    SECTION("segments out of order") { std::swap(i.segments[1], i.segments[2]), loads(i); }
    SECTION("MH_PIE") {
        i.flags |= 0x200000, loads(i);
        CHECK(parse(i).pie);
    }
    SECTION("a stack of its own") {
        i.commands = {unixthread(0x100000800, 0x100006000)};
        loads(i);
        CHECK(parse(i).regs.rsp == 0x100006000);
    }
    SECTION("cpu subtype x86_64h, and capability bits") { i.cpusubtype = 0x80000008, loads(i); }
    SECTION("a page zero of 4 GiB under another name") {
        i.segments[0].name = "__NOTHING", i.segments[0].vmsize = 0x100000000, loads(i);
        CHECK(parse(i).pagezero_end == 0x100000000);
    }
    SECTION("rebases, for at slide 0 there is nothing to do") {
        i.commands.push_back(command(0x22, {0x1000, 8, 0, 0, 0, 0, 0, 0, 0, 0})), loads(i);
    }
}

TEST_CASE("macho: not a program for this machine") {
    Image i;
    SECTION("no Mach-O") { i.magic = 0x464c457f, refused(parse(i), ENOEXEC_, "not a Mach-O"); }
    SECTION("empty") { refused(parse(Bytes()), ENOEXEC_, "not a Mach-O"); }
    SECTION("big-endian") { i.magic = 0xcffaedfe, refused(parse(i), EBADARCH_, "big-endian"); }
    SECTION("32-bit") { i.magic = 0xfeedface, refused(parse(i), EBADARCH_, "32-bit"); }
    SECTION("wrong CPU") { i.cputype = 0x0100000c, refused(parse(i), EBADARCH_, "arm64, CPU type 0x100000c"); }
    SECTION("i386 in a 64-bit file") { i.cputype = 7, refused(parse(i), EBADARCH_, "not x86_64"); }
    SECTION("wrong subtype") { i.cpusubtype = 4, refused(parse(i), EBADARCH_, "subtype 0x4"); }
    SECTION("a dylib") { i.filetype = 6, refused(parse(i), ENOEXEC_, "a Mach-O dylib (file type 6)"); }
    SECTION("header only") {
        Bytes b = i.bytes();
        b.resize(20);
        refused(parse(b), EBADMACHO_, "truncated");
    }
}

TEST_CASE("macho: load commands") {
    Image i;
    SECTION("do not fit the file") {
        Bytes b = i.bytes();
        b.resize(200);
        refused(parse(b), EBADMACHO_, "do not fit");
    }
    SECTION("the file ends inside their last page") {
        i.size = 0xfff;
        refused(parse(i), EBADMACHO_, "in whole pages");
    }
    SECTION("not all given") {
        Bytes b = i.bytes();
        refused(parse_macho({b.data(), 100}, b.size()), EBADMACHO_, "could be read");
    }
    SECTION("more commands than bytes") { i.extra_ncmds = 1, refused(parse(i), EBADMACHO_, "beyond"); }
    SECTION("size 0") { i.commands.push_back(Bytes(8)), refused(parse(i), EBADMACHO_, "size of 0"); }
    SECTION("size beyond the end") {
        i.commands.push_back(Bytes{1, 2, 0, 0, 255, 255, 255, 255}), refused(parse(i), EBADMACHO_, "outside");
    }
    SECTION("two versions") {
        i.commands.push_back(command(0x24, {0, 0}));
        i.commands.push_back(command(0x32, {1, 0, 0, 0}));
        refused(parse(i), EBADMACHO_, "two version");
    }
    SECTION("short LC_UUID") { i.commands.push_back(command(0x1b, {1})), refused(parse(i), EBADMACHO_, "needs 24"); }
    SECTION("a 32-bit segment") {
        i.commands.push_back(command(1, std::vector<u32>(12))), refused(parse(i), EBADMACHO_, "32-bit segment");
    }
    SECTION("a short segment") { i.commands.push_back(command(0x19, {0})), refused(parse(i), EBADMACHO_, "needs 72"); }
    SECTION("more sections than the command holds") {
        i.commands.push_back(Segment{"__S", 0x200000000, 0x1000, 0, 0, 3, 0, 0}.command());
        i.commands.back()[64] = 1;
        refused(parse(i), EBADMACHO_, "too short for 1 section");
    }
}

TEST_CASE("macho: the thread command") {
    Image i;
    SECTION("none") { i.commands.clear(), refused(parse(i), EBADEXEC_, "no thread command"); }
    SECTION("two") {
        i.commands.push_back(i.commands[0]), refused(parse(i), EBADEXEC_, "two thread commands");
    }
    SECTION("LC_MAIN") {
        i.commands = {command(0x80000028, {0x800, 0, 0, 0})};
        refused(parse(i), EBADEXEC_, "LC_MAIN");
    }
    SECTION("LC_MAIN as well") {
        i.commands.push_back(command(0x80000028, {0x800, 0, 0, 0})), refused(parse(i), EBADEXEC_, "two thread");
    }
    SECTION("another flavor") { i.commands = {unixthread(0, 0, 7, 44)}, refused(parse(i), EBADEXEC_, "flavor 7"); }
    SECTION("another count") { i.commands = {unixthread(0, 0, 4, 40)}, refused(parse(i), EBADEXEC_, "count 40"); }
    SECTION("registers beyond the command") {
        i.commands[0][12] = 43;
        refused(parse(i), EBADMACHO_, "beyond its end");
    }
    SECTION("a count that overflows") {
        i.commands[0][15] = 0x40;
        refused(parse(i), EBADMACHO_, "beyond its end");
    }
    SECTION("empty") { i.commands = {command(5, {})}, refused(parse(i), EBADMACHO_, "empty"); }
    SECTION("entry outside") { i.commands = {unixthread(0x99)}, refused(parse(i), EBADEXEC_, "entry point 0x99"); }
    SECTION("entry in data") {
        i.commands = {unixthread(0x100001000)}, refused(parse(i), EBADEXEC_, "readable and executable");
    }
    SECTION("entry without R") { i.text().prot = 4, refused(parse(i), EBADMACHO_, "not readable and executable"); }
}

TEST_CASE("macho: segments") {
    Image i;
    SECTION("beyond the file") { i.data().filesize = 0x21, refused(parse(i), EBADMACHO_, "beyond its end"); }
    SECTION("beyond the file, though not mapped") {
        i.segments.push_back({"__DWARF", 0, 0, 0x1000, 0x21, 7}), refused(parse(i), EBADMACHO_, "beyond its end");
    }
    SECTION("file range overflows") {
        i.data().fileoff = ~u64{0xfff}, i.data().filesize = 0x2000, refused(parse(i), EBADMACHO_, "beyond its end");
    }
    SECTION("file offset not aligned") { i.data().fileoff = 0xff0, refused(parse(i), EBADMACHO_, "not page-aligned"); }
    SECTION("address not aligned") { i.data().vmaddr += 8, refused(parse(i), EBADMACHO_, "not page-aligned"); }
    SECTION("overlapping") { i.data().vmaddr = 0x100000000, refused(parse(i), ENOMEM_, "overlaps segment __TEXT"); }
    SECTION("overlapping in their last page") {
        i.text().vmsize = 0x1001, refused(parse(i), ENOMEM_, "__DATA at 0x100001000 overlaps");
    }
    SECTION("overlapping by file size") {
        i.size = 0x3000, i.text().filesize = 0x1001, refused(parse(i), ENOMEM_, "overlaps");
        std::swap(i.segments[1], i.segments[2]), refused(parse(i), ENOMEM_, "overlaps");
    }
    SECTION("in the commpage") { i.data().vmsize = 0x7fff00000000, refused(parse(i), ENOMEM_, "end of user memory"); }
    SECTION("address overflows") { i.data().vmaddr = ~u64{0xfff}, refused(parse(i), ENOMEM_, "end of user memory"); }
    SECTION("in the page zero") {
        i.segments[0].vmsize = 0x100001000, refused(parse(i), ENOMEM_, "page zero");
    }
    SECTION("page zero after what it would cover") {
        i.segments[0].vmsize = 0x100001000, std::swap(i.segments[0], i.segments[2]);
        refused(parse(i), EBADEXEC_, "covers other segments");
    }
    SECTION("no page zero") {
        i.segments.erase(i.segments.begin()), refused(parse(i), EBADMACHO_, "no page zero");
    }
    SECTION("a page zero with access is none") {
        i.segments[0].prot = 1, refused(parse(i), EBADMACHO_, "no page zero");
    }
    SECTION("no header segment") {
        i.size = 0x2020, i.text().fileoff = 0x1000, refused(parse(i), EBADMACHO_, "maps the Mach header");
    }
    SECTION("two header segments") {
        i.data().fileoff = 0, i.data().prot = 5, refused(parse(i), EBADMACHO_, "a second one");
    }
    SECTION("two read-only segments") {
        i.text().flags = i.data().flags = 0x10, refused(parse(i), EBADMACHO_, "SG_READ_ONLY");
    }
    SECTION("encrypted") { i.data().flags = 8, refused(parse(i), EBADEXEC_, "encrypted"); }
    SECTION("a name that is no text stays one line") {
        i.data().name = "a\n\x1b[2J", i.data().vmaddr += 1, refused(parse(i), EBADMACHO_, "a??[2J");
    }
    SECTION("more than the plan holds") {
        i.size = 0x4000;
        for (u64 n = 0; n < 63; n++) i.segments.push_back({"__S", 0x200000000 + n * 0x1000, 0x1000, 0, 0, 3});
        i.text().vmsize = 0x4000, i.text().filesize = 0x4000, i.data().vmaddr = 0x100004000;
        refused(parse(i), ENOMEM_, "more than 64 segments");
    }
}

TEST_CASE("macho: what only dyld can do") {
    Image i;
    SECTION("a dylib") {
        i.commands.push_back(named(0xc, 24, "/usr/lib/libSystem.B.dylib"));
        refused(parse(i), EBADEXEC_, "/usr/lib/libSystem.B.dylib");
    }
    SECTION("a weak dylib") {
        i.commands.push_back(named(0x80000018, 24, "libx.dylib")), refused(parse(i), EBADEXEC_, "libx.dylib");
    }
    SECTION("binds") {
        i.commands.push_back(command(0x80000022, {0, 0, 0x1000, 8, 0, 0, 0, 0, 0, 0})), refused(parse(i), EBADEXEC_, "bind");
    }
    SECTION("lazy binds") {
        i.commands.push_back(command(0x22, {0, 0, 0, 0, 0, 0, 0x1000, 8, 0, 0})), refused(parse(i), EBADEXEC_, "bind");
    }
    SECTION("external relocations") {
        std::vector<u32> w(18);
        w[15] = 1;
        i.commands.push_back(command(0xb, w)), refused(parse(i), EBADEXEC_, "relocations");
    }
    SECTION("chained fix-ups") {
        i.commands.push_back(command(0x80000034, {0x1000, 8})), refused(parse(i), EBADEXEC_, "chained");
    }
    SECTION("thread-local variables") {
        i.data().nsects = 1, i.data().section_type = 0x13, refused(parse(i), EBADEXEC_, "thread-local");
    }
    SECTION("encryption") { i.commands.push_back(command(0x2c, {0, 0, 1, 0})), refused(parse(i), EAUTH_, "encrypted"); }
    SECTION("MH_DYLDLINK without a dynamic linker") { i.flags |= 4, refused(parse(i), EBADEXEC_, "MH_DYLDLINK"); }
    SECTION("two dynamic linkers") {
        i.commands.push_back(named(0xe, 12, "/usr/lib/dyld"));
        i.commands.push_back(named(0xe, 12, "/usr/lib/dyld"));
        refused(parse(i), EBADEXEC_, "two LC_LOAD_DYLINKER");
    }
    SECTION("a dynamic linker's name that does not end") {
        i.commands.push_back(command(0xe, {12, 0x61616161})), refused(parse(i), EBADMACHO_, "does not end");
    }
}

TEST_CASE("macho: fat files") {
    auto big = [](Bytes& b, usize at, u32 v) {
        for (int k = 0; k < 4; k++) b[at + k] = static_cast<u8>(v >> (24 - 8 * k));
    };
    Bytes thin = Image().bytes();
    Bytes b(0x1000);
    b.insert(b.end(), thin.begin(), thin.end());
    u32 table[] = {0xcafebabe, 2, 0x0100000c, 0, 0x800, 0x100, 12, 0x01000007, 3, 0x1000, static_cast<u32>(thin.size()), 12};
    for (usize k = 0; k < std::size(table); k++) big(b, 4 * k, table[k]);
    auto slice = [&] { return macho_slice({b.data(), b.size()}, b.size()); };

    SECTION("the x86_64 slice is found, and its plan counts from the file's start") {
        MachoSlice s = slice();
        REQUIRE(s.err == 0);
        CHECK(s.offset == 0x1000);
        MachoPlan plan = parse_macho({b.data() + s.offset, b.size() - s.offset}, s.size, s.offset, b.size());
        INFO(plan.reason);
        REQUIRE(plan.err == 0);
        CHECK(plan.segments[1].fileoff == 0x2000);
        CHECK(macho_head_size({b.data() + s.offset, 32}) == plan.commands_end);
    }
    SECTION("no slice for us") { big(b, 7 * 4, 7); CHECK(slice().err == EBADARCH_); }
    SECTION("a slice over the table") { big(b, 9 * 4, 8); CHECK(slice().err == EBADMACHO_); }
    SECTION("a slice beyond the end") { big(b, 10 * 4, 0x7fffffff); CHECK(slice().err == EBADMACHO_); }
    SECTION("overlapping slices") { big(b, 5 * 4, 0x900); CHECK(slice().err == EBADMACHO_); }
    SECTION("too many slices") { big(b, 4, 1000); CHECK(slice().err == EBADMACHO_); }
    SECTION("64-bit fat header") { big(b, 0, 0xcafebabf); CHECK(slice().err == ENOEXEC_); }
    SECTION("an unaligned slice") {
        Bytes c(0x1010);
        c.insert(c.end(), thin.begin(), thin.end());
        refused(parse_macho({c.data() + 0x1010, thin.size()}, thin.size(), 0x1010, c.size()), EBADMACHO_, "page-aligned");
    }
    SECTION("a thin file is its own slice") {
        MachoSlice s = macho_slice({thin.data(), thin.size()}, thin.size());
        CHECK((s.err == 0 && s.offset == 0 && s.size == thin.size()));
    }
}
