// SPDX-License-Identifier: BSD-3-Clause
// Whole files in one call.
#include "sys/memory.h"
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
    return done();
}
