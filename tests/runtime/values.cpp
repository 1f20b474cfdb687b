// SPDX-License-Identifier: BSD-3-Clause
// Text and files: what print writes (read back from a file), readfile and writefile with their errors, getenv, atoi.
#include "tests/tap.h"

#include "sys/calls.h"
#include "sys/mem.h"

using namespace trapeze;

static char path[64];

static void name_the_file() {
    const char* folder = "/tmp/trapeze-values-";
    usize n = str_len(folder);
    memcpy(path, folder, n);
    path[n + format_u64(path + n, static_cast<u64>(sys_getpid().value()))] = 0;
}

template <class... A>
static bool prints(const char* want, const A&... a) {
    Result f = open(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (f.failed()) return false;
    const i32 fd = static_cast<i32>(f.value());
    {
        Out out(fd);
        out.line(a...);
    }
    (void)close(fd);
    Bytes got;
    if (readfile(path, &got).failed()) return false;
    const bool same = got.size == str_len(want) && memcmp(got.data, want, got.size) == 0;
    if (!same) print("# got ", Str{reinterpret_cast<char*>(got.data), got.size}, ", want ", want, "\n");
    free_bytes(&got);
    return same;
}

static void text() {
    ok(prints("0 -1 255", 0, " ", -1, " ", u8{255}), "small numbers");
    ok(prints("-32768 65535 -2147483648 4294967295", i16{-32768}, " ", u16{65535}, " ", i32{-2147483647 - 1}, " ", u32{4294967295}),
       "16 and 32 bits, at their ends");
    ok(prints("-9223372036854775808 9223372036854775807 18446744073709551615", -0x7fffffffffffffff - 1, " ", 0x7fffffffffffffff, " ", ~u64{0}),
       "64 bits, at their ends");
    ok(prints("0x0 0xffffffffffffffff 0xff 0xdeadbeef", hex(0), " ", hex(i64{-1}), " ", hex(i8{-1}), " ", hex(0xdeadbeef)), "hex, a negative one in its own width");
    ok(prints("0x1234", reinterpret_cast<const void*>(0x1234)), "a pointer is hex");
    ok(prints("0.1 1e+100 -0 inf -inf nan", 0.1, " ", 1e100, " ", -0.0, " ", __builtin_inf(), " ", -__builtin_inf(), " ", __builtin_nan("")),
       "doubles: shortest, infinite, not a number");
    ok(prints("5e-324 1.7976931348623157e+308 0.30000000000000004", 5e-324, " ", 1.7976931348623157e308, " ", 0.1 + 0.2), "doubles that need all their digits");
    ok(prints("x|true|false||    7", 'x', "|", true, "|", false, "|", Str{"abc", 0}, "|", Pad{7, 5}), "characters, booleans, an empty Str, padding");
    static char big[1001];
    memset(big, 'b', 1000);
    ok(prints(big, big), "text longer than the buffer arrives whole");
}

static void files() {
    Result r = open("/nonexistent/file", O_RDONLY);
    ok(r.failed() && r.err() == kernel::ENOENT, "heritage 21: a missing file is ENOENT");
    ok(r.value() < 0, "heritage 21: a failing open never looks like a descriptor");
    char byte;
    ok(close(987).err() == kernel::EBADF && read(987, &byte, 1).err() == kernel::EBADF && write(987, "x", 1).err() == kernel::EBADF,
       "heritage 21: close, read and write of what is no descriptor are EBADF");
    FileInfo info;
    ok(fstat(987, &info).err() == kernel::EBADF, "heritage 21: fstat too");
    Bytes got;
    ok(readfile("/nonexistent/file", &got).err() == kernel::ENOENT && !got.data && !got.size, "readfile says why, and gives nothing");
    ok(readfile("/", &got).err() == kernel::EISDIR && !got.data, "readfile of a folder is EISDIR");
    ok(writefile("/nonexistent/file", "x", 1).err() == kernel::ENOENT, "writefile says why");
    static u8 block[300'001];
    for (usize i = 0; i < sizeof block; i++) block[i] = static_cast<u8>(i * 7 + (i >> 8));
    for (usize n : {usize{0}, usize{1}, usize{4095}, usize{4096}, usize{4097}, sizeof block}) {
        bool same = writefile(path, block, n).ok() && readfile(path, &got).value() == static_cast<i64>(n) && got.size == n;
        same = same && (!n || memcmp(got.data, block, n) == 0);
        free_bytes(&got);
        ok(same, "what writefile wrote readfile reads, also when it replaces a larger file");
    }
    r = open(path, O_RDONLY);
    ok(r.ok() && fstat(static_cast<i32>(r.value()), &info).ok() && info.size == sizeof block && (info.mode & S_IFMT) == S_IFREG,
       "heritage 16: fstat's size and mode");
    (void)close(static_cast<i32>(r.value()));
}

static void environment() {
    i64 n = 42;
    ok(atoi("0", &n) && n == 0 && atoi("-0", &n) && n == 0 && atoi("+7", &n) && n == 7 && atoi("007", &n) && n == 7, "atoi takes signs and zeros");
    ok(atoi("9223372036854775807", &n) && n == 0x7fffffffffffffff, "atoi: the largest");
    ok(atoi("-9223372036854775808", &n) && n == -0x7fffffffffffffff - 1, "atoi: the smallest");
    n = 42;
    bool refused = true;
    for (const char* bad : {"", "-", "+", "12x", " 1", "1 ", "--1", "0x10", "9223372036854775808", "-9223372036854775809", "99999999999999999999"})
        refused = refused && !atoi(bad, &n);
    ok(refused && n == 42, "atoi refuses what is no number or does not fit, and leaves the result alone");
    ok(!getenv("TRAPEZE_NO_SUCH_NAME") && !getenv(""), "getenv of what is not there is null");
    const char* p = getenv("PATH");
    ok(p && !getenv("PAT") && !getenv("PATH="), "getenv wants the whole name");
    ok(argc() >= 1 && argv()[0] && !argv()[argc()], "argv ends with null");
}

int main() {
    print("TAP version 13\n");
    name_the_file();
    text();
    files();
    environment();
    (void)sys_unlink(path);
    return done();
}
