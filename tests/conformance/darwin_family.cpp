// SPDX-License-Identifier: BSD-3-Clause
// darwin_family: says its pid, forks a child that executes this program, which says its own and spawns one that does.
// darwin_family rights: leaves rights behind and says their names.  darwin_family ... print: says its words.
// What an emulator tells about such a run (its trace, its list of rights) is looked at by whoever starts it: no TAP here.
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

static bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static void say_hex(u32 v) {
    char text[9] = {};
    u32 at = 8;
    do text[--at] = "0123456789abcdef"[v % 16];
    while (v /= 16);
    say(text + at);
    say(" ");
}

static int rights() {
    const u32 both = allocate(right_receive), lone = allocate(right_receive), set = allocate(right_set), dead = allocate(right_dead);
    const bool done = !insert_right(both, both, make_send) && !mod_refs(both, right_send, 2) && !mod_refs(dead, right_dead, 1);
    const u32 all[] = {both, lone, set, dead};
    for (const u32 name : all) say_hex(name);
    return !done;
}

static void waited(u64 pid) { call(bsd + 7, pid, 0, 0, 0); }

int raw_main(int argc, char** argv) {
    if (equal(argv[argc - 1], "print")) {
        for (int n = 0; n < argc; n++) say("<"), say(argv[n]), say(">");
        say("\n");
        return 0;
    }
    if (argc > 1 && equal(argv[1], "rights")) return rights();
    say_number(static_cast<i64>(call(bsd + 20)));
    say("\n");
    const char* const none[] = {nullptr};
    if (argc == 1) {
        Trap child(bsd + 2);
        child.go();
        if (child.r.rdx == 1) {
            call(bsd + 12, "/");
            const char* const words[] = {argv[0], "second", nullptr};
            call(bsd + 59, argv[0], words, none);
            return 1;
        }
        waited(child.r.rax);
    } else if (equal(argv[1], "second")) {
        i32 pid = 0;
        const char* const words[] = {argv[0], "third", nullptr};
        if (call(bsd + 244, &pid, argv[0], 0, words, none)) return 1;
        waited(static_cast<u64>(pid));
    }
    return 0;
}
