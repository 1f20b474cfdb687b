// SPDX-License-Identifier: BSD-3-Clause
// Copies a file, with its permissions and times: reads a mapping of it, writes beside the target, and renames, so that the
// target is the old file or the whole new one at any moment.
#include "trapeze.h"

using namespace trapeze;

static Result copy(const char* from, const char* to, const FileInfo& info) {
    Mapping source;
    Result r = map_file(from, &source);
    if (r.failed()) return r;
    char beside[1024];
    const usize n = str_len(to);
    if (n + 8 > sizeof beside) return Result::error(kernel::ENAMETOOLONG);
    memcpy(beside, to, n);
    memcpy(beside + n, ".XXXXXX", 8);
    const Result file = make_temporary(beside);
    if (file.failed()) return file;
    const i32 fd = static_cast<i32>(file.value());
    r = write_all(fd, source.data, source.size);
    if (r.ok()) r = fchmod(fd, info.mode & 0777);
    if (Result c = close(fd); r.ok()) r = c;
    if (r.ok()) r = set_times(beside, info.atime, info.mtime);
    if (r.ok()) r = rename(beside, to);
    if (r.failed()) (void)unlink(beside);
    unmap_file(&source);
    return r;
}

int main(int argc, char** argv) {
    if (argc != 3) {
        eprint("usage: cp FROM TO\n");
        return 2;
    }
    FileInfo info;
    Result r = stat(argv[1], &info);
    if (r.ok()) r = copy(argv[1], argv[2], info);
    if (r.failed()) {
        eprint("cp: ", argv[1], " to ", argv[2], ": ", errno_text(r.err()), "\n");
        return 1;
    }
    return 0;
}
