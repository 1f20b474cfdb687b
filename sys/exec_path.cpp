// SPDX-License-Identifier: BSD-3-Clause
// exec_path of process.h: the search in PATH, as execvp of every libc does it, without the shell.
#include "sys/args.h"
#include "sys/mem.h"
#include "sys/process.h"

namespace trapeze {

Result exec_path(const char* name, const char* const* argv, const char* const* envp) {
    const usize length = str_len(name);
    for (const char* p = name; *p; p++)
        if (*p == '/') return exec(name, argv, envp);
    if (!length) return Result::error(kernel::ENOENT);

    const char* folders = getenv("PATH");
    if (!folders) folders = "/usr/bin:/bin";
    Result last = Result::error(kernel::ENOENT);
    bool forbidden = false;
    for (const char* from = folders;;) {
        const char* end = from;
        while (*end && *end != ':') end++;
        const usize n = static_cast<usize>(end - from);
        char path[1024];  // XNU's PATH_MAX; Linux has 4,096
        if (n + length + 2 > sizeof path) {
            last = Result::error(kernel::ENAMETOOLONG);
        } else {
            memcpy(path, from, n);
            usize at = n;
            if (n) path[at++] = '/';  // an empty folder is the current one
            memcpy(path + at, name, length + 1);
            last = exec(path, argv, envp);
            const i32 e = last.err();
            if (e == kernel::EACCES) forbidden = true;
            else if (e != kernel::ENOENT && e != kernel::ENOTDIR && e != kernel::ELOOP && e != kernel::ENAMETOOLONG) return last;
        }
        if (!*end) break;
        from = end + 1;
    }
    return forbidden ? Result::error(kernel::EACCES) : last;
}

}  // namespace trapeze
