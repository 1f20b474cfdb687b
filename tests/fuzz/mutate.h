// SPDX-License-Identifier: BSD-3-Clause
// Damage to a Mach-O file: most of it to the header and the load commands, some to what they lead to.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

namespace fuzz {

struct Random {
    uint64_t state;
    uint64_t next(uint64_t n) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        return state % n;
    }
};

inline std::vector<unsigned char> mutate(std::vector<unsigned char> b, Random& random) {
    uint32_t commands = 0;
    if (b.size() >= 32) memcpy(&commands, &b[20], 4);
    size_t head = 32 + commands;
    if (head > b.size()) head = b.size();
    for (uint64_t k = random.next(5) + 1; k && head; k--) {
        const size_t range = random.next(6) ? head : b.size();
        size_t at = random.next(range);
        switch (random.next(6)) {
        case 0: b[at] = static_cast<unsigned char>(random.next(256)); break;
        case 1: b[at] ^= static_cast<unsigned char>(1 << random.next(8)); break;
        case 2: case 3: {
            const uint64_t words[] = {0, ~0ull, 1, 0x1000, 0xfff, 0x1001, 0x7fffffe00000, 1ull << 63, b.size(), random.next(1ull << 62), 0x7fff5fc00000,
                0x7e0000000000, 0x100000000, 0x7ffffffff000, 4096 * random.next(1 << 20), 0x80000000, 24, 0x19, 5};
            const size_t width = random.next(2) ? 8 : 4;
            at &= ~(width - 1);
            if (at + width <= b.size()) memcpy(&b[at], &words[random.next(sizeof words / sizeof *words)], width);
            break;
        }
        case 4: {  // a word a little more or less
            at &= ~size_t{7};
            uint64_t w;
            if (at + 8 > b.size()) break;
            memcpy(&w, &b[at], 8);
            w += random.next(2) ? random.next(64) : 0 - random.next(64);
            if (random.next(2)) w += 4096 * (random.next(16) - 8);
            memcpy(&b[at], &w, 8);
            break;
        }
        default: {
            const size_t from = random.next(range), longest = range - (at > from ? at : from);
            memmove(&b[at], &b[from], random.next(longest < 80 ? longest + 1 : 80));
        }
        }
    }
    if (random.next(12) == 0) b.resize(random.next(b.size() + 1));
    return b;
}

}  // namespace fuzz
