// SPDX-License-Identifier: BSD-3-Clause
// Binary trees: made, counted and freed again, each by a goroutine; what is left of their memory is said at the end.
//   tree DEPTH     0 to 24; 2^(DEPTH + 1) - 1 nodes a tree
#include "trapeze.h"

using namespace trapeze;

struct Node {
    Node* left = nullptr;
    Node* right = nullptr;
};

static Node* grow(i64 depth) {
    Node* n = make<Node>();
    if (depth) *n = {grow(depth - 1), grow(depth - 1)};
    return n;
}

static u64 count(const Node* n) { return n ? 1 + count(n->left) + count(n->right) : 0; }

static void fell(Node* n) {
    if (!n) return;
    fell(n->left);
    fell(n->right);
    destroy(n);
}

int main(int argc, char** argv) {
    i64 depth;
    if (argc != 2 || !atoi(argv[1], &depth) || depth < 0 || depth > 24) {
        eprint("usage: tree DEPTH    (0 to 24)\n");
        return 2;
    }
    constexpr int trees = 4;
    auto grown = make_chan<Node*>();
    auto felled = make_chan<u64>();
    for (int i = 0; i < trees; i++) go([=] { grown.send(grow(depth)); });
    for (int i = 0; i < trees; i++)
        go([=] {
            Node* tree = grown.recv();
            const u64 nodes = count(tree);
            fell(tree);
            felled.send(nodes);
        });
    for (int i = 0; i < trees; i++) print(felled.recv(), " nodes\n");
    // The Ps keep some memory of each class for their next calls, whatever the number of nodes was.
    const MalStats s = mal_stats();
    print(s.in_use <= static_cast<usize>(gomaxprocs() + 1) << 20 ? "nothing" : "something", " is left of them\n");
}
