// SPDX-License-Identifier: BSD-3-Clause
// What a run did, as a table: a column for each thread, names for places, the source line of each operation.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "engine.h"

namespace model {
namespace {

struct Name {
    const void* at;
    const char* name;
};
Name names[64];
int nnames;

const char* const orders[] = {"relaxed", "acquire", "release", "acq_rel", "seq_cst"};

std::string place(const void* p) {
    char buffer[96];
    u32 n;
    if (stack_of(p, &n)) {
        for (int i = 0; i < now.nthreads; i++)
            if (now.threads[i].stack == n) {
                std::snprintf(buffer, sizeof buffer, "T%d's stack+%zu", i, static_cast<usize>(world + (n + 1) * stack_size - static_cast<const unsigned char*>(p)));
                return buffer;
            }
    }
    const Name* best = nullptr;
    for (int i = 0; i < nnames; i++)
        if (names[i].at <= p && (!best || names[i].at > best->at)) best = &names[i];
    const usize off = best ? static_cast<usize>(static_cast<const char*>(p) - static_cast<const char*>(best->at)) : 0;
    if (!best || off > 8192) {
        std::snprintf(buffer, sizeof buffer, "%p", p);
        return buffer;
    }
    std::snprintf(buffer, sizeof buffer, off ? "%s+%zu" : "%s", best->name, off);
    return buffer;
}

std::string value(u64 v) {
    const usize in_world = v - reinterpret_cast<u64>(world);
    if (in_world < world_size) {
        const u64 low = v & 7;
        std::string s = "&" + place(reinterpret_cast<const void*>(v - low));
        return low ? s + "|" + std::to_string(low) : s;
    }
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, v < 1000 || ~v < 1000 ? "%lld" : "0x%llx", static_cast<long long>(v));
    return buffer;
}

std::string source_line(const char* file, u32 line) {
    std::ifstream in(std::string(MODEL_ROOT) + "/" + file);
    std::string s;
    for (u32 i = 0; i < line && std::getline(in, s); i++) {}
    const usize from = s.find_first_not_of(' ');
    return from == std::string::npos ? "" : s.substr(from, 70);
}

std::string said(const Step& s) {
    const std::string at = s.at ? place(s.at) : "", order = s.order < 5 ? orders[s.order] : "";
    switch (s.kind) {
    case Kind::load: return "load " + at + " = " + value(s.value) + (s.deviates ? " STALE " : " ") + order;
    case Kind::store: return "store " + at + " := " + value(s.value) + (s.deviates ? " IN BETWEEN " : " ") + order;
    case Kind::rmw: return "rmw " + at + " " + value(s.before) + " -> " + value(s.value) + (s.deviates ? " IN BETWEEN " : " ") + order;
    case Kind::cas: return "cas " + at + " " + value(s.before) + " -> " + value(s.value) + (s.deviates ? " IN BETWEEN " : " ") + order;
    case Kind::cas_failed: return "cas " + at + " fails: " + value(s.before) + (s.deviates ? " STALE " : " ") + order;
    case Kind::fence: return "fence " + order;
    case Kind::note: return std::string(s.what);
    case Kind::event: return std::string(s.what) + (s.at ? " " + at : std::strchr(s.what, '=') || !std::strstr(s.what, " of") ? "" : " T" + std::to_string(s.value));
    }
    return "";
}

}  // namespace

void forget_names() { nnames = 0; }
void name(const void* at, const char* n) {
    if (nnames < 64) names[nnames++] = {at, n};
}

void record(Kind kind, const void* at, u64 before, u64 v, int order, bool deviates, const char* file, u32 line, const char* what) {
    if (now.current < 0 || now.ntrace == max_steps) return;
    trace[now.ntrace++] = {file, what, at, before, v, line, kind, static_cast<u8>(now.current), static_cast<u8>(order), deviates};
}

void print_table() {
    const int width = now.nthreads > 3 ? 4 : 8;  // by how much each thread's column is shifted
    std::printf("%5s ", "step");
    for (int i = 0; i < now.nthreads; i++) std::printf("T%-*d", width - 1, i);
    std::printf("\n");
    for (u32 i = 0; i < now.ntrace; i++) {
        if (i == 60 && now.ntrace > 200) {
            i = now.ntrace - 100;
            std::printf("  ...\n");
        }
        const Step& s = trace[i];
        const std::string text = std::string(static_cast<usize>(s.thread * width), ' ') + "T" + std::to_string(s.thread) + " " + said(s);
        if (s.file) std::printf("%5u %-72s %s:%u  %s\n", i + 1, text.c_str(), s.file, s.line, source_line(s.file, s.line).c_str());
        else std::printf("%5u %s\n", i + 1, text.c_str());
    }
    for (int i = 0; i < now.nthreads; i++) {
        const Thread& t = now.threads[i];
        if (!t.ended) std::printf("      T%d %s%s\n", i, t.ready ? t.what : t.pausing ? "spins" : "could go on", t.daemon ? " (need not end)" : "");
    }
}

}  // namespace model
