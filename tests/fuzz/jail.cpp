// SPDX-License-Identifier: BSD-3-Clause
// See jail.h.
#include "jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fuzz {
namespace {

bool as_root;

bool write_file(const std::string& path, const std::string& text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    const bool all = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    return all;
}
bool copy_file(const std::string& from, const std::string& to) {
    const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC), out = open(to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char block[65536];
    ssize_t n = -1;
    while (in >= 0 && out >= 0 && (n = read(in, block, sizeof block)) > 0)
        if (write(out, block, static_cast<size_t>(n)) != n) return false;
    close(in);
    close(out);
    return n == 0;
}

// Everything of a folder that a stranger could have changed.
std::string listing(const std::string& folder) {
    std::vector<std::string> lines;
    DIR* d = opendir(folder.c_str());
    if (!d) return "gone";
    while (const dirent* e = readdir(d)) {
        struct stat s {};
        const std::string path = folder + "/" + e->d_name;
        if (strcmp(e->d_name, "..") == 0 || lstat(path.c_str(), &s)) continue;
        char line[400], text[64] = {};
        const int fd = S_ISREG(s.st_mode) ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1;
        if (fd >= 0) {
            if (read(fd, text, sizeof text - 1) < 0) text[0] = '?';
            close(fd);
        }
        snprintf(line, sizeof line, "%s mode %o size %lld links %lu changed %lld.%ld: %s\n", e->d_name, s.st_mode, static_cast<long long>(s.st_size),
                 static_cast<unsigned long>(s.st_nlink), static_cast<long long>(s.st_ctim.tv_sec), s.st_ctim.tv_nsec, text);
        lines.push_back(line);
    }
    closedir(d);
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const auto& l : lines) all += l;
    return all;
}

bool separate() {
    as_root = geteuid() == 0;
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    const int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    if (as_root && unshare(spaces) == 0) return true;
    if (unshare(CLONE_NEWUSER | spaces)) return false;
    as_root = false;
    write_file("/proc/self/setgroups", "deny");
    return write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") && write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
}

bool furnish(const std::string& root, const std::vector<std::string>& programs) {
    if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr)) return false;
    if (mount("fuzz", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=755")) return false;
    for (const char* folder : {"/bin", "/w", "/proc", "/tmp", "/dev"}) mkdir((root + folder).c_str(), 0755);
    for (const auto& p : programs)
        if (!copy_file(p, root + "/bin/" + p.substr(p.rfind('/') + 1))) return false;
    if (mount("proc", (root + "/proc").c_str(), "proc", MS_NOSUID | MS_RDONLY, nullptr)) return false;
    if (chroot(root.c_str()) || chdir("/")) return false;
    fresh_folder();
    if (mount("fuzz", "/", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr)) return false;
    // Loopback, so that sockets find somebody.
    const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq r{};
    strcpy(r.ifr_name, "lo");
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(s, SIOCSIFFLAGS, &r);
    close(s);
    return true;
}

void drop_privileges() {
    if (as_root) {
        if (setgroups(0, nullptr) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) _exit(250);
    } else {
        prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED);
        for (int c = 0; prctl(PR_CAPBSET_READ, c) >= 0; c++) prctl(PR_CAPBSET_DROP, c);
        __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2]{};
        if (syscall(SYS_capset, &head, none)) _exit(250);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) _exit(250);
}

}  // namespace

void Witnesses::make() {
    char name[] = "/tmp/trapeze-fuzz.XXXXXX";
    folder = mkdtemp(name) ? name : "";
    if (folder.empty()) return;
    mkdir((folder + "/root").c_str(), 0755);
    write_file(folder + "/witness", "nobody writes here\n");
    chmod((folder + "/witness").c_str(), 0666);
    process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        for (;;) pause();
    }
    before = listing(folder) + listing(folder + "/root");
}

std::string Witnesses::harmed() {
    std::string what;
    const std::string after = listing(folder) + listing(folder + "/root");
    if (after != before) what += "the folder outside has changed, from\n" + before + "to\n" + after;
    if (waitpid(process, nullptr, WNOHANG | WUNTRACED | WCONTINUED) != 0) what += "the process outside was ended or stopped\n";
    FILE* f = fopen(("/proc/" + std::to_string(process) + "/status").c_str(), "r");
    char line[200];
    while (f && fgets(line, sizeof line, f))
        if ((!strncmp(line, "SigPnd:", 7) || !strncmp(line, "ShdPnd:", 7)) && strspn(line + 7, "\t 0\n") != strlen(line + 7))
            what += std::string("the process outside got a signal: ") + line;
    if (f) fclose(f);
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
    unlink((folder + "/witness").c_str());
    rmdir((folder + "/root").c_str());
    if (rmdir(folder.c_str())) what += "the folder outside cannot be removed\n";
    return what;
}

bool enter_jail(const Witnesses& w, const std::vector<std::string>& programs, pid_t& pid, std::string& why) {
    pid = -1;
    int tell[2];
    if (pipe2(tell, O_CLOEXEC)) return false;
    const pid_t keeper = fork();  // whose children are in the new namespace
    if (keeper == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(tell[0]);
        if (!separate()) {
            const std::string text = std::string("no namespaces: ") + strerror(errno);
            if (write(tell[1], text.data(), text.size()) < 0) {}
            _exit(77);
        }
        const pid_t first = fork();
        if (first == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (!furnish(w.folder + "/root", programs)) {
                const std::string text = std::string("no file system: ") + strerror(errno);
                if (write(tell[1], text.data(), text.size()) < 0) {}
                _exit(77);
            }
            close(tell[1]);
            return true;
        }
        close(tell[1]);
        int status = 0;
        waitpid(first, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    close(tell[1]);
    char text[200];
    const ssize_t n = read(tell[0], text, sizeof text);
    close(tell[0]);
    pid = keeper;
    if (n > 0) {
        why.assign(text, static_cast<size_t>(n));
        waitpid(keeper, nullptr, 0);
        pid = -1;
    }
    return false;
}

void fresh_folder() {
    umount2("/w", MNT_DETACH);
    if (mount("fuzz", "/w", "tmpfs", MS_NOSUID | MS_NODEV, "size=8m,mode=777")) _exit(251);
}

void become_guest(const char* const* argv, int nowhere, int error_fd) {
    const struct {
        __rlimit_resource_t which;
        rlim_t limit;
    } limits[] = {{RLIMIT_AS, 4ull << 30}, {RLIMIT_CPU, 2}, {RLIMIT_NPROC, 400}, {RLIMIT_FSIZE, 1 << 20}, {RLIMIT_NOFILE, 256}, {RLIMIT_CORE, 0},
        {RLIMIT_MSGQUEUE, 1 << 16}, {RLIMIT_MEMLOCK, 1 << 16}};
    for (const auto& l : limits) {
        const rlimit r{l.limit, l.limit};
        setrlimit(l.which, &r);
    }
    if (chdir("/w")) _exit(250);
    dup2(nowhere, 0);
    dup2(nowhere, 1);
    dup2(error_fd, 2);
    syscall(SYS_close_range, 3, ~0u, 0);
    drop_privileges();
    char* const env[] = {nullptr};
    execve(argv[0], const_cast<char* const*>(argv), env);
    _exit(250);
}

void sweep() {
    kill(-1, SIGCONT);
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, __WALL) > 0) {}
}

}  // namespace fuzz
