// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes xnurun, in a jail (jail.h):
//   driver machos XNURUN COUNT SEED PROGRAM...   damaged copies of the programs, each loaded and started
//   driver traps XNURUN COUNT SEED RANDOM_TRAPS [PROGRAM...]   COUNT traps at random, by processes of at most 400
//
// Whatever the guest does to itself is its own affair: a status, a signal, a call that waits for ever. What fails the run: a fault in the
// emulator ("broken:", or an end by signal without the report that --stats promises), a hang in the emulator (watch.h), and a trace outside
// the jail. Each failure names the seed that replays it: the same command with that SEED and COUNT 1. Two runs with other seeds share
// nothing, so several can go on at once. Status 0, 1 failed, 77 there can be no jail here.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "jail.h"
#include "mutate.h"
#include "watch.h"

using namespace fuzz;

namespace {

std::string emulator_path;
Emulator emulator;
int errors;   // what the guests and the emulator print
int nowhere;  // their input and output; no file outside, of which they could change mode or times
uint64_t failures;
std::map<std::string, uint64_t> ends;

struct Ended {
    int status = 0;
    bool killed = false;    // by us, since it did not go on
    std::string hang, text;
};

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Runs it; when *progress stands still it is shaken by SIGALRM, then looked at and ended.
Ended run(const std::vector<const char*>& argv, const volatile uint64_t* progress) {
    for (const int fd : {errors, nowhere})
        if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)) abort();
    const pid_t pid = fork();
    if (pid == 0) become_guest(argv.data(), nowhere, errors);
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    Ended e;
    pollfd p{handle, POLLIN, 0};
    const int patience = progress ? 40 : 1500;
    uint64_t before = 0;
    int still = 0;
    while (poll(&p, 1, patience) == 0) {
        const uint64_t at = progress ? *progress : 0;
        if (at != before) still = 0;
        before = at;
        if (progress && ++still < 4) {
            if (at) kill(pid, SIGALRM);  // not before it has its handler
            continue;
        }
        e.hang = hangs(pid, emulator);
        if (poll(&p, 1, 0)) break;
        e.killed = true;
        kill(pid, SIGKILL);
        poll(&p, 1, -1);
        break;
    }
    close(handle);
    waitpid(pid, &e.status, __WALL);
    struct stat all {};
    fstat(errors, &all);
    char text[4096];
    const ssize_t n = pread(errors, text, sizeof text, all.st_size > static_cast<off_t>(sizeof text) ? all.st_size - static_cast<off_t>(sizeof text) : 0);
    if (n > 0) e.text.assign(text, static_cast<size_t>(n));
    return e;
}

// Why this end is the emulator's fault; empty: it is not.
std::string wrong(const Ended& e) {
    if (!e.hang.empty()) return e.hang;
    if (const size_t at = e.text.find("broken:"); at != std::string::npos) return e.text.substr(at, e.text.find('\n', at) - at);
    const bool fault = WIFSIGNALED(e.status) && (WTERMSIG(e.status) == SIGSEGV || WTERMSIG(e.status) == SIGBUS || WTERMSIG(e.status) == SIGILL ||
                                                 WTERMSIG(e.status) == SIGSYS || WTERMSIG(e.status) == SIGABRT);
    if (fault && !e.killed && e.text.find("xnurun: ports ") == std::string::npos && e.text.find("xnurun: ") == std::string::npos)
        return "ended by signal " + std::to_string(WTERMSIG(e.status)) + " without a word";
    return "";
}

void count(const Ended& e) {
    std::string how = e.killed ? "did not go on" : WIFSIGNALED(e.status) ? "signal " + std::to_string(WTERMSIG(e.status)) : "status";
    if (WIFEXITED(e.status)) {
        const int status = WEXITSTATUS(e.status);
        how = status == 125 ? "emulator refused to go on" : status == 126 ? "refused to load" : "ended by itself";
        if (const size_t at = e.text.find("is not emulated"); status == 125 && at != std::string::npos && getenv("FUZZ_SHOW_REFUSALS")) {
            const size_t from = e.text.rfind('\n', at) + 1;
            how += ": " + e.text.substr(from, at - from).substr(0, 90);
        }
    }
    ends[how]++;
}

void blame(const std::string& why, const char* mode, uint64_t seed) {
    failures++;
    printf("# %s: %s\n# replay: seed %llu, count 1\n", mode, why.c_str(), static_cast<unsigned long long>(seed));
    fflush(stdout);
}

uint64_t mix(uint64_t seed) {
    seed = (seed + 1) * 0x9e3779b97f4a7c15;
    return (seed ^ seed >> 29) * 0xbf58476d1ce4e5b9 | 1;
}

std::vector<unsigned char> contents(const std::string& path) {
    std::vector<unsigned char> all;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    unsigned char block[65536];
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;) all.insert(all.end(), block, block + n);
    close(fd);
    return all;
}

void machos(uint64_t wanted, uint64_t seed, const std::vector<std::string>& programs) {
    std::vector<std::vector<unsigned char>> seeds;
    for (const auto& p : programs) seeds.push_back(contents(p));
    for (uint64_t n = 0; n < wanted; n++, seed++) {
        Random random{mix(seed)};
        const auto image = mutate(seeds[random.next(seeds.size())], random);
        if (n % 256 == 0) fresh_folder();
        unlink("/w/program");
        const int fd = open("/w/program", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
        if (fd < 0 || write(fd, image.data(), image.size()) != static_cast<ssize_t>(image.size())) abort();
        close(fd);
        const Ended e = run({emulator_path.c_str(), "--stats", "program", "1", nullptr}, nullptr);
        count(e);
        if (const std::string why = wrong(e); !why.empty()) blame(why, "machos", seed);
        sweep();
    }
    printf("# %llu damaged programs\n", static_cast<unsigned long long>(wanted));
}

// "BSD trap 122 (...) at rip ... is not emulated": its bit for random_traps. True: something new.
unsigned char unanswered[3 * 128];
bool learn(const std::string& text) {
    bool fresh = false;
    const char* classes[] = {"xnurun: Mach trap ", "xnurun: BSD trap ", "xnurun: machdep trap "};
    for (size_t end, at = 0; at < text.size(); at = end + 1) {
        end = text.find('\n', at);
        if (end == std::string::npos) end = text.size();
        const std::string line = text.substr(at, end - at);
        for (int c = 0; c < 3 && line.find("is not emulated") != std::string::npos; c++) {
            const int number = line.find(classes[c]) == 0 ? atoi(line.c_str() + strlen(classes[c])) : -1;
            if (number < 0 || number >= 1024) continue;
            unanswered[c * 128 + number / 8] |= static_cast<unsigned char>(1 << number % 8);
            fresh = true;
        }
    }
    return fresh;
}

void traps(uint64_t wanted, uint64_t seed, const std::string& program) {
    constexpr uint64_t batch = 400;
    uint64_t done = 0, processes = 0;
    const bool once = wanted == 1;
    for (; done < wanted; seed++, processes++) {
        fresh_folder();
        const int fd = open("/w/progress", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 || fchmod(fd, 0666) || ftruncate(fd, 4096)) abort();
        auto* progress = static_cast<volatile uint64_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        close(fd);
        memcpy(const_cast<uint64_t*>(progress) + 128, unanswered, sizeof unanswered);
        const std::string s = std::to_string(seed), c = std::to_string(batch);
        const Ended e = run({emulator_path.c_str(), once ? "--trace" : "--stats", program.c_str(), s.c_str(), c.c_str(), nullptr}, progress);
        count(e);
        if (const std::string why = wrong(e); !why.empty()) blame(why + ", after " + std::to_string(*progress) + " traps", "traps", seed);
        if (once || (WIFSIGNALED(e.status) && !e.killed && getenv("FUZZ_SHOW_SIGNALS")))
            printf("# seed %s ended by signal %d\n%s\n", s.c_str(), WTERMSIG(e.status), e.text.c_str());
        if (learn(e.text) && once) {  // what is replayed knew them
            seed--;
            sweep();
            munmap(const_cast<uint64_t*>(progress), 4096);
            continue;
        }
        done += *progress < batch ? *progress + 1 : batch;
        munmap(const_cast<uint64_t*>(progress), 4096);
        sweep();
    }
    printf("# %llu traps in %llu processes\n", static_cast<unsigned long long>(done), static_cast<unsigned long long>(processes));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: driver machos|traps XNURUN COUNT SEED PROGRAM...\n");
        return 2;
    }
    const std::string mode = argv[1];
    const uint64_t wanted = strtoull(argv[3], nullptr, 0);
    uint64_t seed = strtoull(argv[4], nullptr, 0);
    if (seed == 0) seed = static_cast<uint64_t>(time(nullptr)) << 20 ^ static_cast<uint64_t>(getpid());
    std::vector<std::string> outside{argv[2]}, inside;
    for (int i = 5; i < argc; i++) outside.push_back(argv[i]);
    for (const auto& p : outside) inside.push_back("/bin/" + p.substr(p.rfind('/') + 1));
    emulator_path = inside[0];
    if (!emulator.read(argv[2])) {
        fprintf(stderr, "driver: %s is no xnurun with symbols\n", argv[2]);
        return 2;
    }
    printf("# %s, seed %llu\n", mode.c_str(), static_cast<unsigned long long>(seed));
    fflush(stdout);
    nowhere = memfd_create("nowhere", MFD_CLOEXEC);
    Witnesses witnesses;
    witnesses.make();
    std::string why;
    pid_t pid;
    if (!enter_jail(witnesses, outside, pid, why)) {
        int status = 1;
        if (pid > 0) {
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
            status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        } else {
            printf("# skipped: %s\n", why.c_str());
            status = 77;
        }
        if (const std::string harm = witnesses.harmed(); !harm.empty()) {
            printf("# OUTSIDE: %s\n", harm.c_str());
            status = 1;
        } else if (status == 0) {
            printf("# nothing outside was touched\n");
        }
        return status;
    }
    errors = memfd_create("errors", MFD_CLOEXEC);
    const double start = now();
    const std::vector<std::string> programs(inside.begin() + 1, inside.end());
    if (mode == "machos") machos(wanted, seed, programs);
    else traps(wanted, seed, programs[0]);
    for (const auto& [how, times] : ends) printf("#   %s: %llu\n", how.c_str(), static_cast<unsigned long long>(times));
    printf("# %.1f s, %llu failures\n", now() - start, static_cast<unsigned long long>(failures));
    fflush(stdout);
    _exit(failures ? 1 : 0);
}
