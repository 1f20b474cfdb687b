// SPDX-License-Identifier: BSD-3-Clause
// exec, the search in PATH, spawn and its report of exec's error. The program executes itself with a word that says what
// to look at; a script and files that cannot be executed it makes in a folder of its own. TRAPEZE_UNANSWERED=host_programs: who
// runs this executes programs of its own kind alone.
#include "child.h"

#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/path.h"

using namespace trapeze;

static const char* self;
static char folder[64];
static char place[128];

static const char* in_folder(const char* name) {
    const usize n = str_len(folder);
    memcpy(place, folder, n);
    place[n] = '/';
    memcpy(place + n + 1, name, str_len(name) + 1);
    return place;
}

// What the executed copy does: exits with 0 if it finds what it was told.
static int executed(int argc, char** argv) {
    const char* what = argv[1];
    if (str_eq(what, "code")) return argc - 2;
    if (str_eq(what, "arguments")) return argc == 4 && str_eq(argv[2], "a b") && !*argv[3] && str_eq(argv[0], "name") ? 0 : 1;
    if (str_eq(what, "environment")) {
        const char* v = getenv("TRAPEZE_EXEC");
        return v && str_eq(v, "yes") && envp()[0] && !envp()[1] ? 0 : 1;
    }
    if (str_eq(what, "closed")) {  // 10 closed by exec, 11 open
        FileInfo info;
        return fstat(10, &info).err() == kernel::EBADF && fstat(11, &info).ok() ? 0 : 1;
    }
    if (str_eq(what, "signals")) {
        SignalHandling a, b;
        (void)signal_action(kernel::SIGUSR1, &a);
        (void)signal_action(kernel::SIGUSR2, &b);
        return a.handler == SIG_DFL && b.handler == SIG_IGN && signals_mask().has(kernel::SIGTERM) && !signals_mask().has(kernel::SIGUSR1) ? 0 : 1;
    }
    if (str_eq(what, "search")) {  // PATH has a folder that is not there, the test's own, and the usual ones
        const char* const words[] = {"x", nullptr};
        if (exec_path("no-such-command-anywhere", words, envp()).err() != kernel::ENOENT) return 1;
        if (exec_path("plain", words, envp()).err() != kernel::EACCES) return 2;
        if (exec_path("nonsense", words, envp()).err() != kernel::ENOEXEC) return 3;
        if (!answered("host_programs")) return 0;
        return exec_path("true", words, envp()).failed() ? 4 : 0;
    }
    if (str_eq(what, "swapped")) {  // descriptors 8 and 9 each give the other's letter
        char c = 0, d = 0;
        (void)read(8, &c, 1);
        (void)read(9, &d, 1);
        return c == '9' && d == '8' ? 0 : 1;
    }
    return 99;
}

static Result exec_self(const char* what) {
    const char* argv[] = {"name", what, nullptr};
    return exec(self, argv, envp());
}

static void execs() {
    const char* const two[] = {self, "code", "1", "2", nullptr};
    held(in_child([&] {
             (void)exec(self, two, envp());
             return 1;
         }).code() == 2 ? WaitStatus{0} : WaitStatus{1 << 8}, "exec: another program, its exit");
    const char* const words[] = {"name", "arguments", "a b", "", nullptr};
    held(in_child([&] { return exec(self, words, envp()).err(); }), "its arguments, whatever is in them, and argv[0] is what was said");
    const char* const envy[] = {"TRAPEZE_EXEC=yes", nullptr};
    const char* const env[] = {self, "environment", nullptr};
    held(in_child([&] { return exec(self, env, envy).err(); }), "its environment is what was said");
    held(in_child([] {
             i32 ends[2];
             if (pipe(ends, O_CLOEXEC).failed() || dup2(ends[0], 11).failed()) return 1;
             if (dup2(ends[0], 10, O_CLOEXEC).failed()) return 2;
             return exec_self("closed").err();
         }),
         "descriptors with close-on-exec are closed, others are not");
    held(in_child([] {
             (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {});
             (void)signal_ignore(kernel::SIGUSR2);
             (void)signals_setmask(SignalSet::of(kernel::SIGTERM));
             return exec_self("signals").err();
         }),
         "handlers become the default, ignored signals and the mask stay");
    held(in_child([] {
             (void)exec("/nowhere", nullptr, nullptr);
             (void)exec(folder, nullptr, nullptr);
             return in_child([] { return 4; }).code() == 4 && raise(0).ok() ? 0 : 1;
         }),
         "after an exec that failed the program goes on as it was");
}

static void refused() {
    const char* const argv[] = {"x", nullptr};
    auto errno_of = [&](const char* path) { return exec(path, argv, envp()); };
    fails(errno_of(in_folder("nothing")), kernel::ENOENT, "no such file: ENOENT");
    fails(errno_of(""), kernel::ENOENT, "an empty path: ENOENT");
    fails(errno_of(folder), kernel::EACCES, "a folder: EACCES");
    (void)writefile(in_folder("plain"), "text\n", 5, 0644);
    fails(errno_of(place), kernel::EACCES, "not executable: EACCES, for root too");
    (void)writefile(in_folder("plain/x"), "", 0, 0755);
    fails(errno_of(in_folder("plain/x")), kernel::ENOTDIR, "below a file: ENOTDIR");
    (void)writefile(in_folder("nonsense"), "\1\2\3 nonsense of no format at all", 33, 0755);
    fails(errno_of(place), kernel::ENOEXEC, "no format: ENOEXEC");
    (void)writefile(in_folder("empty"), "", 0, 0755);
    fails(errno_of(place), kernel::ENOEXEC, "an empty file: ENOEXEC");
    (void)writefile(in_folder("bare"), "#!\n", 3, 0755);
    fails(errno_of(place), kernel::ENOEXEC, "a script that names no interpreter: ENOEXEC");
    (void)writefile(in_folder("lost"), "#!/nowhere/sh\n", 14, 0755);
    fails(errno_of(place), kernel::ENOENT, "a script whose interpreter is not there: ENOENT");
    fails(exec(reinterpret_cast<const char*>(8), argv, envp()), kernel::EFAULT, "a bad path: EFAULT");
    fails(exec(self, reinterpret_cast<const char* const*>(8), envp()), kernel::EFAULT, "bad arguments: EFAULT");
    const char* const bad[] = {"x", reinterpret_cast<const char*>(8), nullptr};
    fails(exec(self, bad, envp()), kernel::EFAULT, "a bad word: EFAULT");
    fails(exec(self, argv, bad), kernel::EFAULT, "a bad environment: EFAULT");

    static char name[5000];
    memset(name, 'n', sizeof name - 1);
    fails(errno_of(name), kernel::ENAMETOOLONG, "a path beyond every limit: ENAMETOOLONG");
    static char loop[128];
    memcpy(loop, in_folder("loop"), str_len(in_folder("loop")) + 1);
    (void)symlink(loop, loop);
    fails(errno_of(loop), kernel::ELOOP, "a link to itself: ELOOP");

    static char word[1 << 16];
    memset(word, 'w', sizeof word - 1);
    static const char* many[400];
    for (usize i = 0; i < 399; i++) many[i] = word;
    fails(exec(self, many, envp()), kernel::E2BIG, "25 MiB of arguments: E2BIG");
}

static void searches() {
    const char* const argv[] = {"x", nullptr};
    if (!answered("host_programs")) skip("host_programs", "exec_path finds true");
    else held(in_child([&] { return exec_path("true", argv, envp()).err(); }), "exec_path finds true");
    static char path[160] = "PATH=/nowhere:";
    usize n = str_len(path);
    memcpy(path + n, folder, str_len(folder));
    memcpy(path + n + str_len(folder), ":/usr/bin:/bin", 15);
    const char* const environment[] = {path, answered("host_programs") ? nullptr : "TRAPEZE_UNANSWERED=host_programs", nullptr};
    const char* const search[] = {self, "search", nullptr};
    held(in_child([&] { return exec(self, search, environment).err(); }),
         "what is in no folder is ENOENT, what may not be executed EACCES, what has no format ENOEXEC, and later folders are looked at");
    fails(exec_path("", argv, envp()), kernel::ENOENT, "an empty name: ENOENT");
    fails(exec_path("/nowhere/true", argv, envp()), kernel::ENOENT, "a slash: no search");
}

static WaitStatus finished(Result child) {
    WaitStatus s{-1};
    if (child.ok()) (void)wait(static_cast<i32>(child.value()), &s);
    return s;
}

static void spawns() {
    const char* const code[] = {self, "code", "1", "2", "3", nullptr};
    ok(finished(spawn(self, code, envp())).code() == 3, "spawn: a child that is another program");
    const char* const sh[] = {"sh", "-c", "exit 41", nullptr};
    const char* const none[] = {self, "code", nullptr};
    const bool hosts = answered("host_programs");
    if (!hosts) skip("host_programs", "spawn_path: one of PATH");
    else ok(finished(spawn_path("sh", sh, envp())).code() == 41, "spawn_path: one of PATH");
    fails(spawn(in_folder("nothing"), sh, envp()), kernel::ENOENT, "exec's errno comes back: ENOENT");
    fails(spawn(in_folder("plain"), sh, envp()), kernel::EACCES, "EACCES");
    fails(spawn(in_folder("nonsense"), sh, envp()), kernel::ENOEXEC, "ENOEXEC");
    const SpawnFile bad = {500, 3};
    fails(spawn(self, code, envp(), &bad, 1), kernel::EBADF, "a descriptor that is not open: EBADF");
    const SpawnFile negative = {1, -3};
    fails(spawn(self, code, envp(), &negative, 1), kernel::EBADF, "a target that cannot be: EBADF");
    fails(wait(-1, nullptr, WNOHANG), kernel::ECHILD, "and no child is left of any of them");

    i32 a[2], b[2];
    if (pipe(a, O_CLOEXEC).failed() || pipe(b, O_CLOEXEC).failed()) return;
    (void)dup2(a[0], 8);
    (void)dup2(b[0], 9);
    (void)write(a[1], "8", 1);
    (void)write(b[1], "9", 1);
    const SpawnFile swap[] = {{8, 9}, {9, 8}};
    const char* const swapped[] = {self, "swapped", nullptr};
    ok(finished(spawn(self, swapped, envp(), swap, 2)).code() == 0, "descriptors can swap places");
    // The writing end as standard output; the pipe of spawn itself must get out of the way of a low target.
    const SpawnFile output[] = {{a[1], 1}, {a[1], 3}, {a[1], 4}, {a[1], 5}, {a[1], 6}, {a[1], 7}};
    const char* const echo[] = {"sh", "-c", "echo hi; echo ho >&7", nullptr};
    if (!hosts) skip("host_programs", "an output goes where it is sent, and comes out there");
    else {
        ok(finished(spawn_path("sh", echo, envp(), output, 6)).code() == 0, "an output goes where it is sent");
        char text[8] = {};
        (void)read(a[0], text, sizeof text);
        ok(str_eq(text, "hi\nho\n"), "and comes out there");
    }
    fails(spawn(in_folder("nothing"), echo, envp(), output, 6), kernel::ENOENT, "and errors still come back");

    held(in_child([&] {
             if (setlimit(Limit::files, {64, 64}).failed()) return 1;
             const SpawnFile last[] = {{a[1], 63}, {a[1], 7}};
             return finished(hosts ? spawn_path("sh", echo, envp(), last, 2) : spawn(self, none, envp(), last, 2)).code() == 0 ? 0 : 2;
         }),
         "a target may be the last descriptor of the limit");
    const SpawnFile beyond = {1, 0x7fffffff};
    fails(spawn(self, code, envp(), &beyond, 1), kernel::EBADF, "a target beyond every limit: EBADF");
    static SpawnFile many[spawn_files_max + 1];
    for (usize i = 0; i <= spawn_files_max; i++) many[i] = {a[1], 20 + static_cast<i32>(i)};
    ok(finished(spawn(self, code, envp(), many, spawn_files_max)).code() == 3, "as many files as there may be");
    fails(spawn(self, code, envp(), many, spawn_files_max + 1), kernel::EINVAL, "one more: EINVAL");

    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {});
    (void)signal_ignore(kernel::SIGUSR2);
    (void)signals_setmask(SignalSet::of(kernel::SIGTERM));
    const char* const signals[] = {self, "signals", nullptr};
    ok(finished(spawn(self, signals, envp())).code() == 0, "its signals are as exec leaves them");
    (void)signals_setmask({});
}

static void scripts() {
    static char text[512];
    const char* line[] = {"#! ", self, "  code\n"};
    usize n = 0;
    for (const char* part : line) {
        memcpy(text + n, part, str_len(part));
        n += str_len(part);
    }
    (void)writefile(in_folder("script"), text, n, 0755);
    const char* const argv[] = {"x", "1", "2", nullptr};
    ok(finished(spawn(place, argv, envp())).code() == 3, "a script: its interpreter with its word, the script's path, the arguments");
}

int main(int argc, char** argv) {
    if (argc > 1) return executed(argc, argv);
    self = argv[0];
    print("TAP version 13\n");
    const char stem[] = "/tmp/trapeze-exec-";
    memcpy(folder, stem, sizeof stem);
    usize n = sizeof stem - 1;
    for (u32 pid = static_cast<u32>(getpid()); pid; pid /= 10) folder[n++] = static_cast<char>('0' + pid % 10);
    ok(mkdir(folder, 0700), "a folder to work in");
    execs();
    refused();
    searches();
    spawns();
    scripts();
    constexpr const char* made[] = {"plain", "nonsense", "empty", "bare", "lost", "loop", "script"};
    for (const char* name : made) (void)unlink(in_folder(name));
    ok(rmdir(folder), "and gone again");
    return done();
}
