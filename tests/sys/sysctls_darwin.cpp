// SPDX-License-Identifier: BSD-3-Clause
// sysctl's tree: the values that programs ask for and their sizes, names to numbers and back, the walk from leaf to leaf, the rules of
// the buffer, processes and arguments. Only readings: nothing here changes a machine.
#include "tests/tap.h"

#include "sys/mem.h"
#include "sys/os.h"
#include "sys/darwin/release.h"
#include "tests/sys/child.h"

using namespace trapeze;

static char buffer[300000];

static Result by_name(const char* name, void* value, usize* size) { return xnu::sysctl(name, value, size); }

// The size that is told without a buffer, and that the value then has.
static usize size_of(const char* name) {
    usize told = 0, had = sizeof buffer;
    if (by_name(name, nullptr, &told).failed() || by_name(name, buffer, &had).failed() || told != had) return 0;
    return had;
}

static void sizes() {
    const struct {
        const char* name;
        usize size;
    } fixed[] = {{"kern.osrevision", 4}, {"kern.maxproc", 4}, {"kern.maxfiles", 4}, {"kern.argmax", 4}, {"kern.ngroups", 4},
        {"kern.saved_ids", 4}, {"kern.job_control", 4}, {"kern.boottime", 16}, {"kern.clockrate", 20}, {"kern.usrstack64", 8},
        {"kern.maxfilesperproc", 4}, {"vm.loadavg", 24}, {"vm.swapusage", 32}, {"hw.ncpu", 4}, {"hw.activecpu", 4}, {"hw.physicalcpu", 4},
        {"hw.physicalcpu_max", 4}, {"hw.logicalcpu", 4}, {"hw.logicalcpu_max", 4}, {"hw.byteorder", 4}, {"hw.cputype", 4},
        {"hw.cpusubtype", 4}, {"hw.cpu64bit_capable", 4}, {"hw.cpufamily", 4}, {"hw.cacheconfig", 80}, {"hw.cachesize", 80},
        {"hw.pagesize", 8}, {"hw.memsize", 8}, {"hw.tbfrequency", 8}, {"hw.cachelinesize", 8}, {"hw.physmem", 4}, {"hw.packages", 4},
        {"hw.optional.sse2", 4}, {"hw.optional.x86_64", 4}, {"hw.optional.floatingpoint", 4}, {"machdep.cpu.family", 4},
        {"machdep.cpu.signature", 4}, {"machdep.cpu.feature_bits", 8}, {"machdep.cpu.core_count", 4}};
    for (auto& f : fixed) {
        const usize n = size_of(f.name);
        ok(n == f.size, f.name);
        if (n != f.size) print("# size ", n, " instead of ", f.size, "\n");
    }
    for (const char* name : {"kern.ostype", "kern.osrelease", "kern.version", "kern.hostname", "kern.osversion", "hw.machine", "hw.model",
                             "machdep.cpu.vendor", "machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.extfeatures"}) {
        const usize n = size_of(name);
        ok(n > 1 && buffer[n - 1] == 0 && str_len(buffer) == n - 1, name);
    }
}

static void values() {
    i32 n = 0;
    usize size = 4;
    const i32 page[] = {xnu::CTL_HW, xnu::HW_PAGESIZE};
    ok(xnu::sysctl(page, 2, &n, &size).ok() && size == 4 && n == 4096, "the page size by number has 4 bytes");
    size = 4;
    n = 0;
    ok(by_name("hw.pagesize", &n, &size).ok() && size == 4 && n == 4096, "by name it has 8, and 4 where there is room for no more");
    size = 4;
    u64 wide = 0;
    fails(by_name("kern.usrstack64", &wide, &size), xnu::ERANGE, "what does not fit into 4: ERANGE");
    size = 8;
    ok(by_name("kern.usrstack64", &wide, &size).ok() && wide > reinterpret_cast<u64>(&wide) && wide % 4096 == 0, "the stack's end");
    size = 20;
    i32 rate[5] = {};
    ok(by_name("kern.clockrate", rate, &size).ok() && rate[0] == 100 && rate[1] == 10000, "a hundred ticks a second");
    size = 4;
    ok(by_name("hw.byteorder", &n, &size).ok() && n == 1234, "little-endian");
    struct {
        i64 sec, usec;
    } boot{};
    size = sizeof boot;
    ok(by_name("kern.boottime", &boot, &size).ok() && boot.sec > 1000000000, "booted in this century");
    struct {
        u64 total, available, used;
        u32 page_size;
        i32 encrypted;
    } swap{};
    size = sizeof swap;
    ok(by_name("vm.swapusage", &swap, &size).ok() && swap.total == swap.available + swap.used && swap.page_size == 4096, "swap adds up");
    size = 4;
    ok(by_name("hw.optional.sse2", &n, &size).ok() && n == 1, "every processor of this kind has SSE2");
    size = sizeof buffer;
    bool found = false;
    if (by_name("machdep.cpu.features", buffer, &size).ok())
        for (const char* p = buffer; *p; p++) found = found || memcmp(p, " SSE2 ", 6) == 0;
    ok(found, "and its features say so");
}

static void names() {
    i32 mib[12];
    usize size = sizeof mib;
    const i32 service[] = {0, 3};
    ok(xnu::sysctl(service, 2, mib, &size, "kern.hostname", 13).ok() && size == 8 && mib[0] == 1 && mib[1] == 10, "kern.hostname is 1.10");
    size = sizeof mib;
    ok(xnu::sysctl(service, 2, mib, &size, "kern.proc.pid", 13).ok() && size == 12 && mib[1] == 14 && mib[2] == 1, "kern.proc.pid is 1.14.1");
    size = sizeof mib;
    ok(xnu::sysctl(service, 2, mib, &size, "hw.optional.", 12).ok() && size == 8 && mib[0] == 6, "a node, and a dot at its end");
    size = sizeof mib;
    fails(xnu::sysctl(service, 2, mib, &size, "kern.hostnam", 12), xnu::ENOENT, "a name cut short: ENOENT");
    size = sizeof mib;
    fails(xnu::sysctl(service, 2, mib, &size), xnu::ENOENT, "no name: ENOENT");
    memset(buffer, 'a', 2000);
    size = sizeof mib;
    fails(xnu::sysctl(service, 2, mib, &size, buffer, 1024), xnu::ENAMETOOLONG, "1,024 bytes: ENAMETOOLONG");
    fails(xnu::sysctl(service, 2, mib, &size, buffer, 1023), xnu::ENOENT, "1,023: ENOENT");
    fails(xnu::sysctl(service, 2, mib, &size, reinterpret_cast<void*>(8), 5), xnu::EFAULT, "a bad name: EFAULT");

    const i32 back[] = {0, 1, 1, 10}, odd[] = {0, 1, 1, 14, 1, 77};
    size = sizeof buffer;
    ok(xnu::sysctl(back, 4, buffer, &size).ok() && size == 14 && str_eq(buffer, "kern.hostname"), "and 1.10 is kern.hostname");
    size = sizeof buffer;
    ok(xnu::sysctl(odd, 6, buffer, &size).ok() && str_eq(buffer, "kern.proc.pid.77"), "numbers beyond the tree stay numbers");

    // From leaf to leaf, as sysctl -a walks.
    i32 at[14] = {0, 2};
    u32 depth = 0, leaves = 0;
    bool rising = true;
    for (;;) {
        size = sizeof mib;
        Result r = xnu::sysctl(at, 2 + depth, mib, &size);
        if (r.failed()) {
            fails(r, xnu::ENOENT, "after the last leaf: ENOENT");
            break;
        }
        const u32 n = static_cast<u32>(size / 4);
        u32 i = 0;
        while (i < n && i < depth && mib[i] == at[2 + i]) i++;
        rising = rising && i < n && (i == depth || mib[i] > at[2 + i]);
        i32 ask[14] = {0, 4};
        memcpy(ask + 2, mib, size);
        memcpy(at + 2, mib, size);
        depth = n;
        leaves++;
        size = sizeof buffer;
        if (xnu::sysctl(ask, 2 + n, buffer, &size).failed() || size < 5 || !rising || leaves > 5000) {
            ok(false, "each has a kind and a format");
            break;
        }
    }
    ok(rising && leaves > 80, "the walk rises over more than eighty leaves");
}

static void rules() {
    const i32 type[] = {xnu::CTL_KERN, xnu::KERN_OSTYPE};
    usize size = 3;
    char text[8] = "unhurt";
    Result r = xnu::sysctl(type, 2, text, &size);
    if (darwin_major >= 19) fails(r, xnu::ENOMEM, "a short buffer: ENOMEM");
    else ok(r, "a short buffer, up to 10.14: no error");
    ok(size == 0 && str_eq(text, "unhurt"), "and nothing is in it");
    fails(xnu::sysctl(type, 2, text, nullptr), xnu::ENOMEM, "without a size there is no room: ENOMEM");
    ok(xnu::sysctl(type, 2, nullptr, nullptr), "neither is nothing asked");
    size = 2;
    ok(by_name("kern.hostname", text, &size).ok() && size == 2 && str_len(text) == 1, "the host's name alone is cut to fit");
    const i32 deep[] = {xnu::CTL_KERN, xnu::KERN_OSTYPE, 1}, plain[] = {xnu::CTL_KERN, 14};
    size = sizeof buffer;
    fails(xnu::sysctl(deep, 3, buffer, &size), xnu::EISDIR, "below a leaf: EISDIR");
    fails(xnu::sysctl(plain, 2, buffer, &size), xnu::ENOENT, "a node is no leaf: ENOENT");
    fails(by_name("kern", buffer, &size), xnu::EINVAL, "by name it is one number, which is none: EINVAL");
    i32 one = 1;
    fails(xnu::sysctl("hw.ncpu", nullptr, nullptr, &one, 4), xnu::EPERM, "setting what is only read: EPERM");
    size = sizeof text;
    ok(xnu::sysctl("kern.ostype", text, &size, &one, 0), "no bytes set nothing");
    fails(xnu::sysctl(type, 2, text, reinterpret_cast<usize*>(8)), xnu::EFAULT, "a bad size: EFAULT");
}

static i32 word(usize at) {
    i32 v;
    memcpy(&v, buffer + at, 4);
    return v;
}

static void processes() {
    const i32 me = static_cast<i32>(getpid());
    i32 mib[] = {xnu::CTL_KERN, 14, 1, me};
    usize size = sizeof buffer;
    ok(xnu::sysctl(mib, 4, buffer, &size).ok() && size == 648, "kinfo_proc of oneself has 648 bytes");
    ok(word(40) == me && word(560) == static_cast<i32>(getppid()) && buffer[36] == 2, "process, parent, SRUN");
    ok(memcmp(buffer + 243, "sys_sysctls_dar", 15) == 0, "the program's name");
    ok(static_cast<u32>(word(296 + 124)) == static_cast<u32>(geteuid()) && word(32) & 4, "the effective user; 64 bits");
    size = 0;
    ok(xnu::sysctl(mib, 4, nullptr, &size).ok() && size == 6 * 648, "the size alone: room for five more");
    size = 100;
    Result r = xnu::sysctl(mib, 4, buffer, &size);
    if (darwin_major >= 19) fails(r, xnu::ENOMEM, "too short for one: ENOMEM");
    else ok(size == 0, "too short for one: nothing");
    mib[3] = 0x3ffffff;
    size = sizeof buffer;
    ok(xnu::sysctl(mib, 4, buffer, &size).ok() && size == 0, "nobody: no bytes");
    fails(xnu::sysctl(mib, 3, buffer, &size), xnu::EINVAL, "by what number? EINVAL");
    mib[2] = 7;
    fails(xnu::sysctl(mib, 4, buffer, &size), xnu::ENOTSUP, "login contexts are no more: ENOTSUP");
    mib[2] = 3;
    fails(xnu::sysctl(mib, 4, buffer, &size), xnu::ENOENT, "sessions never were: ENOENT");

    const i32 child = sleeper();
    const i32 all[] = {xnu::CTL_KERN, 14, 0};
    size = sizeof buffer;
    bool self = false, other = false;
    ok(xnu::sysctl(all, 3, buffer, &size).ok() && size % 648 == 0, "all of them");
    for (usize at = 0; at + 648 <= size; at += 648) {
        self = self || word(at + 40) == me;
        other = other || (word(at + 40) == child && word(at + 560) == me);
    }
    ok(self && other, "among them oneself and one's child");
    (void)kill(child, xnu::SIGKILL);
    (void)wait(child, nullptr);
}

static void arguments(int argc, char** argv) {
    i32 mib[] = {xnu::CTL_KERN, 49, static_cast<i32>(getpid())};
    usize told = 0, size = sizeof buffer / 2;
    ok(xnu::sysctl(mib, 3, nullptr, &told).ok() && told > 4, "procargs2 tells its size");
    ok(xnu::sysctl(mib, 3, buffer, &size).ok() && size <= told && word(0) == argc, "and first the number of arguments");
    usize at = 4;
    while (at < size && buffer[at]) at++;
    while (at < size && !buffer[at]) at++;
    ok(at < size && str_eq(buffer + at, argv[0]), "the path, then the arguments");
    size = 4;
    fails(xnu::sysctl(mib, 3, buffer, &size), xnu::EINVAL, "no room but for the number: EINVAL");
    size = 300000;
    fails(xnu::sysctl(mib, 3, buffer, &size), xnu::EINVAL, "more room than arguments can take: EINVAL");
    mib[2] = 0x3ffffff;
    size = 1000;
    fails(xnu::sysctl(mib, 3, buffer, &size), xnu::EINVAL, "of nobody: EINVAL");
    fails(xnu::sysctl(mib, 2, buffer, &size), xnu::EINVAL, "of whom? EINVAL");
}

int main(int argc, char** argv) {
    print("TAP version 13\n");
    sizes();
    values();
    names();
    rules();
    processes();
    arguments(argc, argv);
    return done();
}
