// SPDX-License-Identifier: BSD-3-Clause
// xnurun's loader as a hosted program: each case forks, loads a file built here
// into the child's own address space and looks at the memory a guest would see.
// A program of its own (with main.cpp, load*.cpp and macho*.cpp of xnurun): it
// supplies the host calls that xnurun makes in assembly.
#include <catch2/catch.hpp>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/macho_image.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/load_parts.h"

namespace trapeze {

extern "C" i64 host_call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    long r = syscall(static_cast<long>(number), a, b, c, d, e, f);
    return r == -1 ? -errno : r;
}
i64 nanotime() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}
i32 cpu_count() { return 3; }

}  // namespace trapeze

using namespace image;

namespace {

// xnurun executes itself again when its own stack lies where the guest's belongs; a test case cannot, so the whole
// program runs without randomisation from the start.
[[gnu::constructor]] void fixed_addresses(int, char** argv, char** envp) {
    int now = personality(0xffffffff);
    if (now == -1 || now & ADDR_NO_RANDOMIZE) return;
    if (personality(static_cast<unsigned>(now) | ADDR_NO_RANDOMIZE) != -1) execve("/proc/self/exe", argv, envp);
}

constexpr i32 xnu_ENOMEM = 12, xnu_EACCES = 13, xnu_E2BIG = 7, xnu_ENAMETOOLONG = 63, xnu_EBADMACHO = 88;

std::string temporary() {
    static struct Folder {
        std::string name;
        Folder() {
            const char* base = std::getenv("TMPDIR");
            name = std::string(base ? base : "/tmp") + "/trapeze-load-XXXXXX";
            if (!mkdtemp(name.data())) std::abort();
        }
        ~Folder() { rmdir(name.c_str()); }
    } folder;
    return folder.name + "/program";
}

// A program whose every file byte is known: the byte at offset n behind the commands is n / 7.
Bytes marked(const Image& image) {
    Bytes b = image.bytes();
    for (usize n = 0x700; n < b.size(); n++) b[n] = static_cast<u8>(n / 7);
    return b;
}

struct Loaded {
    i32 err;
    std::string message, wrong;
};

// What the child finds wrong with the guest it loaded comes back as text.
Loaded load(const Bytes& file, std::function<void(Guest&, std::ostream&)> look = {}, std::function<void()> before = {},
            mode_t mode = 0755) {
    std::string path = temporary();
    unlink(path.c_str());
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(file.data()), static_cast<long>(file.size()));
    chmod(path.c_str(), mode);
    int pipes[2];
    if (pipe(pipes)) std::abort();
    pid_t child = fork();
    if (!child) {
        static Guest guest;
        char message[400] = "", *none[] = {nullptr};
        const char *argv[] = {"name", "", "two words", nullptr}, *envp[] = {"A=1", "LONG=0123456789", nullptr};
        i32 err = 0;
        if (!reserve_guest_areas(none, none, message, sizeof message)) _exit(99);
        if (before) before();
        err = load_guest(path.c_str(), argv, envp, guest, message, sizeof message);
        if (!err) make_commpage();
        std::ostringstream wrong;
        if (!err && look) look(guest, wrong);
        std::string all = std::to_string(err) + "\n" + message + "\n" + wrong.str();
        _exit(write(pipes[1], all.data(), all.size()) == static_cast<ssize_t>(all.size()) ? 0 : 98);
    }
    close(pipes[1]);
    std::string all;
    char part[1000];
    for (ssize_t n; (n = read(pipes[0], part, sizeof part)) > 0;) all.append(part, static_cast<usize>(n));
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);
    unlink(path.c_str());
    INFO("child's status " << status);
    REQUIRE(status == 0);
    std::istringstream lines(all);
    std::string err, message, wrong;
    std::getline(lines, err);
    std::getline(lines, message);
    std::getline(lines, wrong, '\0');
    return {std::atoi(err.c_str()), message, wrong};
}

void loads(const Bytes& file, std::function<void(Guest&, std::ostream&)> look) {
    Loaded r = load(file, look);
    INFO(r.message);
    CHECK(r.err == 0);
    CHECK(r.wrong == "");
}

void refused(const Loaded& r, i32 err, const char* part) {
    INFO(r.message);
    CHECK(r.err == err);
    CHECK(r.message.find(temporary()) == 0);
    CHECK(r.message.find(part) != std::string::npos);
}

u8 byte_at(u64 address) { return *reinterpret_cast<volatile u8*>(address); }

// "r-xp" and the like of the mapping that holds an address, from the kernel itself.
std::string protection(u64 address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        u64 from, to;
        char dash, bits[5];
        std::istringstream(line) >> std::hex >> from >> dash >> to >> std::ws >> bits;
        if (address >= from && address < to) return std::string(bits, 3);
    }
    return "none";
}

}  // namespace

TEST_CASE("load: segments lie at their addresses with their protection and the file's bytes") {
    Bytes file = marked(Image());
    loads(file, [&](Guest& g, std::ostream& wrong) {
        for (u64 n = 0; n < 0x1000; n++)
            if (byte_at(0x100000000 + n) != file[n]) wrong << "text byte " << n << " differs\n";
        for (u64 n = 0; n < 0x20; n++)
            if (byte_at(0x100001000 + n) != file[0x1000 + n]) wrong << "data byte " << n << " differs\n";
        for (u64 at = 0x100001020; at < 0x100007000; at++)
            if (byte_at(at)) wrong << "bss byte " << std::hex << at << " is not 0\n";
        if (protection(0x100000000) != "r-x") wrong << "text is " << protection(0x100000000) << "\n";
        if (protection(0x100001000) != "rw-") wrong << "data is " << protection(0x100001000) << "\n";
        if (protection(0x100006000) != "rw-") wrong << "bss is " << protection(0x100006000) << "\n";
        if (protection(0x1000) != "none" || protection(0x100007000) != "none") wrong << "something beside the image\n";
        *reinterpret_cast<volatile u8*>(0x100001000) = 1;
        if (g.regs.rip != 0x100000800 || g.regs.rdi != 0xd1 || g.regs.rflags != 0x200) wrong << "registers\n";
    });
}

TEST_CASE("load: the rest of a segment's last file page keeps the file's content, as XNU leaves it") {
    Image i;
    i.size = 0x2020;  // more file follows the data
    Bytes file = marked(i);
    loads(file, [&](Guest&, std::ostream& wrong) {
        if (byte_at(0x100001fff) != file[0x1fff]) wrong << "the page's rest was zeroed\n";
        if (byte_at(0x100002000)) wrong << "the page behind it was not\n";
    });
}

TEST_CASE("load: a segment of vmsize 0 is not mapped, one without access is") {
    Image i;
    i.segments.push_back({"__DWARF", 0x100000000, 0, 0x1000, 0x20, 7});
    i.segments.push_back({"__HOLE", 0x200000000, 0x4000000000, 0, 0, 0});
    loads(i.bytes(), [](Guest&, std::ostream& wrong) {
        if (protection(0x200000000) != "---") wrong << "hole is " << protection(0x200000000) << "\n";
        if (protection(0x100000000) != "r-x") wrong << "text is " << protection(0x100000000) << "\n";
    });
}

TEST_CASE("load: XNU's main stack and commpage") {
    loads(Image().bytes(), [](Guest& g, std::ostream& wrong) {
        if (g.stack_top != 0x7fff5fc00000 || g.stack_low != 0x7fff5f400000) wrong << "stack bounds\n";
        if (protection(g.stack_top - 1) != "rw-" || protection(g.stack_low) != "rw-") wrong << "stack protection\n";
        if (protection(g.stack_low - 1) != "---" || protection(0x7fff5bc00000) != "---") wrong << "no guard below\n";
        if (protection(g.stack_top) != "none") wrong << "something above the stack\n";
        auto* page = reinterpret_cast<u8*>(guest_commpage);
        if (std::memcmp(page, "commpage 64-bit", 16)) wrong << "signature\n";
        auto get = [&](usize at, usize size) {
            u64 v = 0;
            std::memcpy(&v, page + at, size);
            return v;
        };
        if (get(0x1e, 2) != 13 || get(0x22, 1) != 3 || get(0x36, 1) != 3 || get(0x26, 2) != 64) wrong << "facts\n";
        if (get(0x68, 4) == 0) wrong << "nt_generation is 0: readers would spin for ever\n";
        if (get(0x6c, 4) != 0) wrong << "gtod_generation promises a wall clock\n";
        if (protection(guest_commpage) != "r--") wrong << "commpage is " << protection(guest_commpage) << "\n";
        timespec pause{0, 20'000'000};
        nanosleep(&pause, nullptr);
        i64 before = nanotime();
        u64 tsc = __builtin_ia32_rdtsc();
        i64 after = nanotime();
        u64 ticks = (tsc - get(0x50, 8)) << get(0x5c, 4);
        i64 ns = static_cast<i64>(static_cast<u64>(static_cast<unsigned __int128>(ticks) * get(0x58, 4) >> 32) + get(0x60, 8));
        if (ns < before - 1'000'000 || ns > after + 1'000'000) wrong << "nanotime is off by " << ns - before << " ns\n";
    });
}

TEST_CASE("load: a stack of the program's own") {
    Image i;
    i.commands = {unixthread(0x100000800, 0x100006123)};
    loads(i.bytes(), [](Guest& g, std::ostream& wrong) {
        if (g.stack_top || g.stack_low) wrong << "stack bounds\n";
        if (g.regs.rsp >= 0x100006000 || g.regs.rsp < 0x100001000) wrong << "rsp outside\n";
        if (*reinterpret_cast<u64*>(g.regs.rsp) != 3) wrong << "argc\n";
        if (protection(0x7fff5fbff000) != "none") wrong << "XNU allocates no stack then\n";
    });
    i.commands = {unixthread(0x100000800, 0x300000000)};
    refused(load(i.bytes()), 14, "stack that the program brings");
}

TEST_CASE("load: a fat file's slice") {
    Bytes fat(0x2000), thin = marked(Image());
    const u8 table[] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1, 1, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0x20, 0, 0, 0, 0x10, 0x20, 0, 0, 0, 12};
    std::copy(std::begin(table), std::end(table), fat.begin());
    fat.insert(fat.end(), thin.begin(), thin.end());
    loads(fat, [&](Guest&, std::ostream& wrong) {
        if (byte_at(0x100000000) != 0xcf || byte_at(0x100001001) != thin[0x1001]) wrong << "wrong bytes\n";
    });
}

TEST_CASE("load: what stands in the way is named") {
    Image i;
    SECTION("an address that is taken") {
        refused(load(i.bytes(), {}, [] {
            mmap(reinterpret_cast<void*>(0x100003000), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        }), xnu_ENOMEM, "segment __DATA: cannot map 0x100002000 to 0x100007000: the emulator");
    }
    SECTION("a low address, where Linux allows none") {
        i.text().vmaddr = 0x1000, i.data().vmaddr = 0x2000, i.commands = {unixthread(0x1800)};
        unsigned long least = 0;
        std::ifstream("/proc/sys/vm/mmap_min_addr") >> least;
        if (geteuid() == 0 && least > 0x1000) least = 0x1000;  // root is exempt
        Loaded r = load(i.bytes());
        if (least > 0x1000) refused(r, xnu_ENOMEM, "vm.mmap_min_addr");
        else {
            INFO(r.message);
            CHECK(r.err == 0);
        }
    }
    SECTION("the parser's reason comes through") {
        i.data().fileoff = 8;
        refused(load(i.bytes()), xnu_EBADMACHO, "segment __DATA: file offset 0x8 is not page-aligned");
    }
    SECTION("no permission to execute") { refused(load(i.bytes(), {}, {}, 0644), xnu_EACCES, "chmod +x"); }
    SECTION("an empty file") { refused(load({}), 8, "empty"); }
}

namespace {

// The entry stack in a buffer of the test: pointers in it are real.
struct Stack {
    std::vector<u64> room = std::vector<u64>(1 << 18);
    u64 low() { return reinterpret_cast<u64>(room.data()); }
    u64 top() { return low() + 8 * room.size(); }
    u64 rsp = 0;
    i32 write(const char* path, const char* const* argv, const char* const* envp) {
        EntryStack what{path, argv, envp, top(), 0x800000, 0x7fff5bc00000, 0x4000000, {0x1122334455667788, 2, 3}};
        return write_entry_stack(what, low(), rsp);
    }
};

}  // namespace

TEST_CASE("load: the entry stack, word by word") {
    const char *argv[] = {"a", "", "bcd", nullptr}, *envp[] = {"X=1", nullptr};
    for (const char* path : {"p", "./path/of/odd/length", "12345678"}) {
        Stack s;
        REQUIRE(s.write(path, argv, envp) == 0);
        CHECK(s.rsp % 8 == 0);
        auto* w = reinterpret_cast<u64*>(s.rsp);
        auto text = [](u64 at) { return std::string(reinterpret_cast<const char*>(at)); };
        CHECK(w[0] == 3);
        CHECK(text(w[1]) == "a");
        CHECK(text(w[2]) == "");
        CHECK(text(w[3]) == "bcd");
        CHECK(w[4] == 0);
        CHECK(text(w[5]) == "X=1");
        CHECK(w[6] == 0);
        CHECK(text(w[7]) == std::string("executable_path=") + path);
        CHECK(text(w[8]) == "stack_guard=0x1122334455660088");
        CHECK(text(w[9]) == "malloc_entropy=0x2,0x3");
        std::ostringstream stack;
        stack << "main_stack=0x" << std::hex << s.top() << ",0x800000,0x7fff5bc00000,0x4000000";
        CHECK(text(w[10]) == stack.str());
        CHECK(w[11] == 0);
        // strings follow in order, the path first, and end at the top
        CHECK(w[7] == s.rsp + 8 * 12);
        CHECK((w[7] < w[1] && w[1] < w[5] && w[5] < w[8] && w[8] < w[10]));
        CHECK(s.top() - (w[10] + text(w[10]).size() + 1) < 8);
    }
}

TEST_CASE("load: an entry stack without arguments, and arguments that do not fit") {
    Stack s;
    CHECK(s.write("p", nullptr, nullptr) == 0);
    auto* w = reinterpret_cast<u64*>(s.rsp);
    CHECK((w[0] == 0 && w[1] == 0 && w[2] == 0 && w[3] != 0));
    std::string large(1 << 20, 'x');
    const char* argv[] = {large.c_str(), nullptr};
    CHECK(s.write("p", argv, nullptr) == xnu_E2BIG);
    CHECK(s.write(std::string(1024, 'p').c_str(), nullptr, nullptr) == xnu_ENAMETOOLONG);
    CHECK(s.write(std::string(1023, 'p').c_str(), nullptr, nullptr) == 0);
}
