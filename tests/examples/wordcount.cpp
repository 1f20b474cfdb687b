// SPDX-License-Identifier: BSD-3-Clause
// Lines, words and bytes of files, as `LC_ALL=C wc` counts and prints them, through a pipeline: one goroutine reads blocks,
// another counts them, and a few blocks go round between the two, so memory does not grow with the file.
//   wordcount FILE...     a file that cannot be read is named on standard error, the others are counted, status 1
#include "trapeze.h"

using namespace trapeze;

struct Count {
    u64 lines = 0, words = 0, bytes = 0;
};

struct Block {
    static constexpr usize room = 64 << 10;
    char* data = nullptr;
    i64 size = 0;  // 0: end of file; negative: -errno
};

// wc's columns are as wide as the sum of the files' sizes needs, and at least 7 if one of them is no regular file.
static int width = 1;

static void show(const Count& c, const char* name) {
    print(Pad{c.lines, width}, " ", Pad{c.words, width}, " ", Pad{c.bytes, width}, " ", name, "\n");
}

static void complain(const char* name, i32 error) {
    const char* text = errno_text(error);
    eprint("wordcount: ", name, ": ", text ? text : errno_name(error), "\n");
}

static void reader(i32 fd, chan<Block> empty, chan<Block> full) {
    for (;;) {
        Block b = empty.recv();
        b.size = read(fd, b.data, Block::room).raw;
        const bool more = b.size > 0;
        full.send(b);
        if (!more) return;
    }
}

static bool count(const char* name, chan<Block> empty, chan<Block> full, Count* total) {
    Result file = open(name, O_RDONLY);
    if (file.failed()) {
        complain(name, file.err());
        return false;
    }
    const i32 fd = static_cast<i32>(file.value());
    go([=] { reader(fd, empty, full); });
    Count c;
    bool inside = false;
    Block b;
    while ((b = full.recv()).size > 0) {
        c.bytes += static_cast<u64>(b.size);
        for (i64 i = 0; i < b.size; i++) {
            const unsigned char ch = static_cast<unsigned char>(b.data[i]);
            if (ch == '\n') c.lines++;
            if (ch == ' ' || (ch >= '\t' && ch <= '\r')) inside = false;
            else if (!inside && ch > ' ' && ch < 0x7f) inside = true, c.words++;
        }
        empty.send(b);
    }
    const i64 end = b.size;
    empty.send(b);
    (void)close(fd);
    if (end < 0) complain(name, static_cast<i32>(-end));
    if (end == 0 || static_cast<i32>(-end) == kernel::EISDIR) show(c, name);
    total->lines += c.lines, total->words += c.words, total->bytes += c.bytes;
    return end == 0;
}

static void find_width(int n, char** names) {
    u64 sum = 0;
    int least = 1;
    for (int i = 0; i < n; i++) {
        Result file = open(names[i], O_RDONLY);
        if (file.failed()) continue;
        FileInfo info;
        if (fstat(static_cast<i32>(file.value()), &info).ok()) {
            if ((info.mode & S_IFMT) == S_IFREG) sum += info.size;
            else least = 7;
        }
        (void)close(static_cast<i32>(file.value()));
    }
    for (; sum >= 10; sum /= 10) width++;
    if (width < least) width = least;
}

int main(int argc, char** argv) {
    if (argc < 2) {
        eprint("usage: wordcount FILE...    (lines, words and bytes of each)\n");
        return 2;
    }
    find_width(argc - 1, argv + 1);
    constexpr int blocks = 4;
    auto empty = make_chan<Block>(blocks), full = make_chan<Block>(blocks);
    for (int i = 0; i < blocks; i++) {
        Result memory = pages_map(Block::room);
        if (memory.failed()) {
            eprint("wordcount: no memory for the buffers\n");
            return 1;
        }
        empty.send(Block{reinterpret_cast<char*>(memory.value()), 0});
    }
    Count total;
    bool all = true;
    for (int i = 1; i < argc; i++) all &= count(argv[i], empty, full, &total);
    if (argc > 2) show(total, "total");
    return all ? 0 : 1;
}
