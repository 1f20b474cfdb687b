// SPDX-License-Identifier: BSD-3-Clause
// The state of a run, shared by the suite's parts: explorer.cpp (choices), fibers.cpp (threads), states.cpp (snapshots,
// states seen), objects.cpp (regions, semaphores, channels), memory.cpp (Atomics), plain.cpp (races),
// table.cpp (what a failing run looked like). What it all means is in model.h.
//
// Everything that a run changes lies in fixed memory: Now, the fibers' stacks, the arena, registered regions. At a choice it
// is copied (a few KiB) and put back for the next alternative, so no run is repeated from its start and no step allocates.
// Messages, steps and what undo logs hold only grow along a run: for them the length is part of Now, and no copy is needed.
#pragma once
#include <vector>

#include "model.h"

namespace model {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using usize = std::size_t;

constexpr int max_threads = 8, max_locs = 64, max_order = 256, max_messages = 4096, max_stacks = 16, max_steps = 4096, max_regions = 12, max_channels = 16;
constexpr int max_foreign = 256;
constexpr usize stack_size = 16 << 10, arena_size = 128 << 10;
constexpr usize world_size = max_stacks * stack_size + arena_size, cells_size = world_size + (64 << 10);
constexpr u16 gap = 16;  // between neighbours of a modification order: room for four stores in between

enum : int { relaxed, acquire, release, acq_rel, seq_cst };
constexpr bool acquires(int o) { return o == acquire || o == acq_rel || o == seq_cst; }
constexpr bool releases(int o) { return o >= release; }

// The oldest store of each location that may be read, and what happens before, by thread.
struct View {
    u16 at[max_locs];
    u16 clock[max_threads];
    void join_stores(const View& v) {
        for (int i = 0; i < max_locs; i++) at[i] = at[i] < v.at[i] ? v.at[i] : at[i];
    }
    void join(const View& v) {
        join_stores(v);
        for (int i = 0; i < max_threads; i++) clock[i] = clock[i] < v.clock[i] ? v.clock[i] : clock[i];
    }
};

// A store. Never changed once made.
struct Message {
    u64 value;
    View view;  // what whoever acquires it sees
    u64 hash;
    u16 ts;
    bool rmw;   // glued to the store before it in modification order
};

struct Location {
    void* at;
    u32 size;
    u8 maker;               // the thread that constructed it, or max_threads
    bool gone;
    u16 maker_clock;
    u16 last[max_threads];  // each thread's clock when it last used it
    u16 n;
    u16 order[max_order];   // messages, oldest first
};

struct Thread {
    void* sp;
    u64 observed;     // hash of all that it has read: with the code, that is its local state
    u64 hash;         // of the whole Thread, if not stale
    u64 token;        // its semaphore
    bool (*ready)(void*);
    void* arg;
    void (*fn)(void*);
    const char* what;
    u64 seen, tried, own;  // epochs: at its pause; when a spin ran out last; its own part
    u16 stack;
    bool stale, daemon, ended, panicked, pausing, free_to_go;
    u8 forced;
    View cur, acq, rel, token_view;
};

enum class Kind : u8 { load, store, rmw, cas, cas_failed, fence, note, event };

struct Step {
    const char* file;
    const char* what;
    const void* at;
    u64 before, value;
    u32 line;
    Kind kind;
    u8 thread, order;
    bool deviates;
};

struct Channel {
    const void* key;
    View view;
};

struct Now {
    int nthreads, current;  // current: -1 in setup and at the end
    int budget;
    u32 steps, choices, nmessages, nundo, nlocs, nstacks, nforeign, nchannels, ntrace;
    bool switches;  // there are stacks that are nobody's own
    u64 epoch, memory_hash;
    usize arena_used;
    View sc;
    Channel channels[max_channels];
    u16 foreign_size[max_foreign];
    const void* foreign[max_foreign];  // words of a stack that another thread wrote
    Thread threads[max_threads];
    Location locs[max_locs];
};

struct Region {
    unsigned char* at;
    usize n;
    u32 cells;  // where its cells begin
};

// What is known of a byte where an access began.
struct Cell {
    u16 read[max_threads];
    u16 write;
    u8 writer;
    u8 loc;  // + 1
    bool foreign;
};
struct Undo {
    u32 cell;
    Cell was;
};

extern Now now;
extern unsigned char world[world_size];
extern Message messages[max_messages];
extern Step trace[max_steps];
extern Region regions[max_regions];
extern int nregions;
extern Cell cells[cells_size];
extern bool allowed_panic, quiet;  // quiet: in a look that is no step of the current thread

inline u64 mix(u64 h, u64 v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15;
    return h ^ h >> 29;
}
u64 hash_words(const void* at, usize bytes);

inline Thread& me() { return now.threads[now.current]; }
inline bool stack_of(const void* p, u32* n) {
    const usize off = static_cast<usize>(static_cast<const unsigned char*>(p) - world);
    *n = static_cast<u32>(off / stack_size);
    return off < max_stacks * stack_size;
}

u32 cell_of(const void* at);        // cells_size if nobody watches that place
void change(u32 cell);              // before a cell is changed: so that it can be undone
Location* find(const void* at, u32 size);
void check_stack(const void* at);   // fails if it lies below its owner's frames
void point();
// Why a thread comes back to explorer.cpp, and the way there and to the current thread.
enum class Left { choice, ended, cut };
extern Left left;
void leave(Left how);
void go_on();
extern volatile u64 progress;  // so that a run without an end is seen
u32 branch(u32 n);     // the alternatives of one place: which is taken this time
u32 deviation(u32 n);  // the same; all but 0 use the bound up
void wrote();
void record(Kind kind, const void* at, u64 before, u64 value, int order, bool deviates, const char* file, u32 line, const char* what = nullptr);
void print_table();

// A choice that can be gone back to.
struct Frame {
    usize size;
    u32 n, taken, number;
};
extern std::vector<Frame> frames;
void make_room_for_states();
bool known_state();         // it was reached before with as much of the bound left; notes it if not
void forget_states();
void save(u32 n);           // a snapshot before a choice among n
void restore();             // the latest one
void drop_snapshot();
void forget_snapshots();
void undo_down_to(u32 mark, u32 from);

void forget_names();
const char* shown(u64 value, char* buffer, usize n);

struct Outcome {
    bool failed = false;
    u64 executions = 0, cut = 0;
    u32 steps = 0;
    char what[512] = "";
    char schedule[512] = "";
};
void watch();  // a process without progress is stopped; forks do not inherit it
// replay: "12.1-17.2" or null.
Outcome explore(const Scenario& s, int bound, const char* replay);

}  // namespace model
