// SPDX-License-Identifier: BSD-3-Clause
// One primitive's suite: the true source passes all that is explored, each planted bug is found, each mutant is killed or justified.
//
//   model_NAME                       the suite
//   model_NAME --deeper[=N]          the true source only, every bound raised by N (1)
//   model_NAME --kills               also what killed each mutant
//   model_NAME --replay=SCHEDULE     a failing run again, as a table; SCHEDULE as printed: VARIANT/scenario/bound/choices
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine.h"

using namespace model;

namespace {

double seconds() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

std::string bound_name(int b) { return b >= all ? "all" : std::to_string(b); }

void describe(const char* variant, const Variant& v, int scenario, int bound, const Outcome& o) {
    std::printf("%s: %s, bound %s: %s\n", variant, v.scenarios[scenario].name, bound_name(bound).c_str(), o.what);
    print_table();
    std::printf("again: model_%s --replay=%s/%d/%d/%s\n", primitive.name, variant, scenario, bound, o.schedule);
}

// With ever larger bounds, so that what is found is as short as can be. The scenario that failed, or -1.
int find(const Variant& v, Outcome* out, int* bound, const int (&bounds)[4]) {
    int before = -1;
    u64 executions = 0;
    for (int b : bounds) {
        for (int s = 0; s < v.n; s++) {
            const int limit = std::min(b, v.scenarios[s].bound);
            if (limit <= before) continue;
            *out = explore(v.scenarios[s], limit, nullptr);
            out->executions += executions + out->cut;
            if (out->failed) {
                *bound = limit;
                return s;
            }
            executions = out->executions;
        }
        before = b;
    }
    return -1;
}

// The same, in a process of its own if what is wrong on purpose may write anywhere.
int find_apart(const Variant& v, Outcome* out, int* bound, const int (&bounds)[4]) {
    if (!primitive.apart) return find(v, out, bound, bounds);
    struct Found {
        int scenario, bound;
        Outcome out;
    } found{0, 0, {}};
    int ends[2];
    if (pipe(ends)) std::perror("pipe"), std::exit(2);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) std::perror("fork"), std::exit(2);
    if (!child) {
        watch();
        found.scenario = find(v, &found.out, &found.bound, bounds);
        _exit(write(ends[1], &found, sizeof found) != sizeof found);
    }
    close(ends[1]);
    const bool whole = read(ends[0], &found, sizeof found) == sizeof found;
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    if (!whole) {
        found.out.failed = true;
        std::strcpy(found.out.what, "it destroys the model itself");
    }
    *out = found.out;
    *bound = found.bound;
    return found.scenario;
}

const Variant* variant(const std::string& name) {
    for (int i = 0; i < primitive.nvariants; i++)
        if (name == primitive.variants[i].name) return &primitive.variants[i];
    return nullptr;
}

int replay(std::string which) {
    std::string part[4];
    for (auto& p : part) {
        const size_t slash = which.find('/');
        p = which.substr(0, slash);
        which = slash == std::string::npos ? "" : which.substr(slash + 1);
    }
    const Variant* v = variant(part[0]);
    if (!v && part[0].rfind("mutant", 0) == 0) {
        v = variant("mutants");
        mutant = std::atoi(part[0].c_str() + 6);
        for (int i = 0; i < primitive.nmutants; i++)
            if (primitive.mutants[i].id == mutant) std::printf("%s: %s\n", primitive.mutants[i].where, primitive.mutants[i].what);
    }
    const int s = std::atoi(part[1].c_str()), bound = std::atoi(part[2].c_str());
    if (!v || s < 0 || s >= v->n) return std::fprintf(stderr, "there is no such variant or scenario\n"), 2;
    const Outcome o = explore(v->scenarios[s], bound, part[3].c_str());
    if (!o.failed) std::strcpy(const_cast<Outcome&>(o).what, "passes");
    describe(part[0].c_str(), *v, s, bound, o);
    return o.failed;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    int deeper = 0;
    bool kills = false;
    for (int i = 1; i < argc; i++) {
        const std::string a = argv[i];
        if (a.rfind("--replay=", 0) == 0) return replay(a.substr(9));
        if (a == "--deeper") deeper = 1;
        else if (a.rfind("--deeper=", 0) == 0) deeper = std::atoi(a.c_str() + 9);
        else if (a == "--kills") kills = true;
        else return std::fprintf(stderr, "usage: model_%s [--deeper[=N]] [--kills] [--replay=SCHEDULE]\n", primitive.name), 2;
    }
    bool good = true;
    u64 executions = 0;
    int least = all + 1, most = 0;
    const Variant& truth = primitive.variants[0];
    for (int s = 0; s < truth.n; s++) {
        const Scenario& k = truth.scenarios[s];
        const int bound = std::min(all, k.bound + deeper);
        const double start = seconds();
        const Outcome o = explore(k, bound, nullptr);
        std::printf("%-50s bound %-4s %9llu executions, %9llu cut at a known state %7.2f s\n", k.name, bound_name(bound).c_str(),
                    static_cast<unsigned long long>(o.executions), static_cast<unsigned long long>(o.cut), seconds() - start);
        std::fflush(stdout);
        executions += o.executions + o.cut;
        least = std::min(least, bound);
        most = std::max(most, bound);
        if (!o.failed) continue;
        good = false;
        describe("true", truth, s, bound, o);
    }
    int found = 0, planted = 0, killed = 0, justified = 0;
    if (!deeper) {
        for (int i = 1; i < primitive.nvariants; i++) {
            const Variant& v = primitive.variants[i];
            if (!std::strcmp(v.name, "mutants")) continue;
            planted++;
            Outcome o;
            int bound = 0;
            const int s = find_apart(v, &o, &bound, {0, 1, 2, all});
            if (s < 0) {
                std::printf("planted %-14s NOT FOUND: %s\n", v.name, v.what);
                good = false;
                continue;
            }
            found++;
            std::printf("planted %-14s found with %s deviations in a run of %u steps, after %llu executions: %s\n    %s [%s] --replay=%s/%d/%d/%s\n", v.name,
                        bound_name(bound).c_str(), o.steps, static_cast<unsigned long long>(o.executions), o.what, v.what, v.scenarios[s].name, v.name, s, bound, o.schedule);
        }
        const Variant* v = variant("mutants");
        for (int i = 0; i < primitive.nmutants; i++) {
            const Mutant& m = primitive.mutants[i];
            mutant = m.id;
            Outcome o;
            int bound = 0;
            const int s = find_apart(*v, &o, &bound, {1, all, all, all});
            if (s >= 0) {
                killed++;
                if (m.survives) {
                    std::printf("mutant %d, %s: %s: is killed, but is said to survive: %s\n", m.id, m.where, m.what, m.survives);
                    good = false;
                }
                if (kills)
                    std::printf("mutant %-3d %s: %s: %s [%s] --replay=mutant%d/%d/%d/%s\n", m.id, m.where, m.what, o.what, v->scenarios[s].name, m.id, s, bound, o.schedule);
            } else if (m.survives) {
                justified++;
                std::printf("mutant %-3d %s: %s: survives: %s\n", m.id, m.where, m.what, m.survives);
            } else {
                std::printf("mutant %-3d %s: %s: SURVIVES\n", m.id, m.where, m.what);
                good = false;
            }
        }
        mutant = -1;
    }
    if (primitive.nvariants == 1) return std::printf("model %s: %llu executions, bound %s, %d litmus tests, %s\n", primitive.name, static_cast<unsigned long long>(executions),
                                                      bound_name(most).c_str(), truth.n, good ? "all as they should be" : "NOT as they should be"), !good;
    std::printf("model %s: %llu executions, bound %s, %d of %d planted bugs found, %d of %d mutants killed", primitive.name,
                static_cast<unsigned long long>(executions),
                (least == most ? bound_name(most) : bound_name(least) + " to " + bound_name(most)).c_str(), found, planted, killed, primitive.nmutants);
    std::printf(justified ? ", %d justified\n" : "\n", justified);
    return !good;
}
