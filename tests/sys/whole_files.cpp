// SPDX-License-Identifier: BSD-3-Clause
// Whole files in one call.
#include "sys/memory.h"
#include "sys/thread.h"
#include "tests/sys/fs_tools.h"

int main() {
    print("TAP version 13\n");
    Workplace here;
    Bytes bytes;
    ok(writefile("a", "hello", 5).raw == 5 && readfile("a", &bytes).raw == 5 && memcmp(bytes.data, "hello", 5) == 0, "written and read");
    free_bytes(&bytes);
    ok(appendfile("a", ", world", 7).raw == 7 && readfile("a", &bytes).raw == 12 && memcmp(bytes.data, "hello, world", 12) == 0, "appended");
    free_bytes(&bytes);
    ok(appendfile("b", "x", 1).raw == 1 && readfile("b", &bytes).raw == 1, "appending makes the file");
    free_bytes(&bytes);
    ok(writefile("a", "", 0).raw == 0 && readfile("a", &bytes).raw == 0 && !bytes.data, "replaced by nothing");
    Mapping map;
    ok(map_file("a", &map).raw == 0 && !map.data, "which maps as nothing");
    ok(map_file("b", &map).raw == 1 && map.data[0] == 'x' && map.data[1] == 0, "a mapped byte, then zeros");
    unmap_file(&map);
    ok(!map.data, "given back");
    fails(readfile("missing", &bytes), kernel::ENOENT, "heritage 21: readfile");
    fails(readfile(".", &bytes), kernel::EISDIR, "of a directory");
    ok(!bytes.data && bytes.size == 0, "leaves nothing");
    fails(writefile("missing/x", "x", 1), kernel::ENOENT, "heritage 21: writefile");
    fails(writefile("a", bad_pointer(), 5), kernel::EFAULT, "of nothing");
    fails(appendfile(".", "x", 1), kernel::EISDIR, "heritage 21: appendfile");
    fails(map_file("missing", &map), kernel::ENOENT, "heritage 21: map_file");
    fails(map_file(".", &map), either(kernel::ENODEV, kernel::EINVAL), "of a directory");
    fails(map_file("/dev/null", &map), kernel::ENODEV, "of a device without memory");
    fails(map_file("/dev/zero", &map), kernel::ENODEV, "of one with memory but without a size");

    // A FIFO stops readfile while its descriptor is open.
    ok(mkfifo("fifo"), "a fifo");
    Result r;
    Bytes slow;
    Thread* reader = thread_create([](void* into) { (void)readfile("fifo", static_cast<Bytes*>(into)); }, &slow, &r);
    if (!reader) return 1;
    const i32 writer = static_cast<i32>(open("fifo", O_WRONLY | O_CLOEXEC).raw);
    static u8 much[1 << 18];  // more than a FIFO holds: it has read some of it then
    ok(write_all(writer, much, sizeof much), "it reads");
    FileInfo fifo;
    ok(fstat(writer, &fifo), "the fifo's number");
    bool marked = true;
    for (i32 fd = 3; fd < 64; fd++) {
        FileInfo info;
        const Result flags = fcntl(fd, kernel::F_GETFD);
        if (flags.ok() && !(flags.raw & kernel::FD_CLOEXEC) && fstat(fd, &info).ok() && info.ino == fifo.ino && info.dev == fifo.dev) marked = false;
    }
    ok(marked, "the descriptor that readfile reads has close-on-exec");
    ok(close(writer).ok(), "the end");
    thread_join(reader);
    ok(slow.size == sizeof much, "all of it");
    free_bytes(&slow);
    return done();
}
