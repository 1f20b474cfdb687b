// SPDX-License-Identifier: BSD-3-Clause
// The stack that a program finds at its first instruction, as exec_copyout_strings
// and exec_add_apple_strings of xnu-3789 bsd/kern/kern_exec.c lay it out:
//
//   rsp -> argc | argv... 0 | envp... 0 | apple... 0 | strings | top
//   strings: executable_path=PATH, padded to 8 | argv, envp, padded | other apple strings, padded
//
// No Mach header below argc: that is for dyld. rsp is a multiple of 8, not
// always of 16. pfz= is missing among the apple strings, since there is no
// preemption-free zone to name.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/load_parts.h"
#include "tools/xnurun/macho_file.h"

namespace trapeze {

namespace {

constexpr u64 NCARGS = 1 << 20;      // argv and envp with their pointers; 256 KiB before xnu-4570
constexpr usize MAXPATHLEN = 1024;   // with its NUL
constexpr char path_key[] = "executable_path=";
constexpr usize apple_strings = 3;   // besides the path
constexpr usize apple_size = 112;    // main_stack= and four numbers is the longest

u64 align8(u64 n) { return (n + 7) & ~u64{7}; }

struct Strings {
    u64 count = 0, bytes = 0;
    explicit Strings(const char* const* list) {
        for (; list && list[count]; count++) bytes += str_len(list[count]) + 1;
    }
};

class Writer {
public:
    Writer(u64 pointers, u64 strings) : pointer_(reinterpret_cast<u64*>(pointers)), text_(strings) {}

    void word(u64 v) { *pointer_++ = v; }
    void string(const char* s) {
        word(text_);
        text(s, str_len(s) + 1);
    }
    void strings(const char* const* list) {
        for (; list && *list; list++) string(*list);
        word(0);
    }
    void text(const char* s, usize n) {
        memcpy(reinterpret_cast<void*>(text_), s, n);
        text_ += n;
    }
    void pad() {
        for (; text_ % 8; text_++) *reinterpret_cast<char*>(text_) = 0;
    }

    u64* pointer_;
    u64 text_;
};

}  // namespace

i32 write_entry_stack(const EntryStack& what, u64 lowest, u64& rsp) {
    Strings argv(what.argv), envp(what.envp);
    usize path_size = str_len(what.path) + 1;
    if (path_size > MAXPATHLEN) return xnu::ENAMETOOLONG;
    if (argv.bytes + envp.bytes + 8 * (argv.count + envp.count + 2) > NCARGS) return xnu::E2BIG;

    char apple[apple_strings][apple_size];
    using macho::Line;
    // The second byte is 0, so that no C string carries the guard over.
    (Line(apple[0], apple_size) << "stack_guard=").hex(what.random[0] & ~u64{0xff00});
    ((Line(apple[1], apple_size) << "malloc_entropy=").hex(what.random[1]) << ",").hex(what.random[2]);
    ((((Line(apple[2], apple_size) << "main_stack=").hex(what.top) << ",").hex(what.size) << ",").hex(what.alloc) << ",")
        .hex(what.alloc_size);

    u64 path_area = align8(sizeof path_key - 1 + path_size);
    u64 args_area = align8(argv.bytes + envp.bytes), apple_area = 0;
    for (auto& s : apple) apple_area += str_len(s) + 1;
    u64 strings = path_area + args_area + align8(apple_area);
    u64 words = 1 + argv.count + 1 + envp.count + 1 + 1 + apple_strings + 1;
    if (strings + 8 * words > what.top - lowest) return xnu::EFAULT;

    u64 string_start = what.top - strings;
    rsp = string_start - 8 * words;
    Writer w(rsp, string_start);
    w.text(path_key, sizeof path_key - 1);
    w.text(what.path, path_size);
    w.pad();
    w.word(argv.count);
    w.strings(what.argv);
    w.strings(what.envp);
    w.pad();
    w.word(string_start);
    for (auto& s : apple) w.string(s);
    w.word(0);
    w.pad();
    return 0;
}

}  // namespace trapeze
