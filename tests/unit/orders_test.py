#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every memory order stronger than relaxed, in sync, sched and chan, names its partner: in a comment on its line or right above it, or
in the table of the word at the file's head (or that of its header, or of the source that implements it): with the word "with".
(tests/model says whether the order is needed.)"""
import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
ORDER = re.compile(r'(?:[.>](?:load|store|xchg|cas|xadd|set_bits)\(|\bfence\().*\b(?:acquire|release|acq_rel|seq_cst)\)|\bstore_load_fence\(\)')
EXEMPT = {'sync/atomic.h'}  # declares them
TABLE = re.compile(r'\b(?:acquire|release|acq_rel|seq_cst|releases)\b[^.]{0,80}\bwith\b|\bwith\b[^.]{0,80}\b(?:acquire|release|acq_rel|seq_cst)\b')


def head(text):
    return re.match(r'(?://[^\n]*\n)*', text)[0].replace('\n//', '')


def has_table(path):
    """The file's own, its namesake's, or one of a header that it includes from its folder."""
    folder, name = os.path.split(path)
    stem = os.path.splitext(path)[0]
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        text = f.read()
    places = {path, stem + '.h', stem + '.cpp', *re.findall(rf'^#include "({folder}/\w+\.h)"', text, re.M)} - EXEMPT
    for place in places:
        if os.path.exists(os.path.join(ROOT, place)):
            with open(os.path.join(ROOT, place), encoding='utf-8') as f:
                if TABLE.search(head(f.read())):
                    return True
    return False


def unexplained(name, text):
    lines = text.splitlines()
    for i, line in enumerate(lines):
        code, _, comment = line.partition('//')
        if not ORDER.search(code):
            continue
        above = []
        for before in reversed(lines[:i]):
            if before.lstrip().startswith('//'):
                above.append(before)
            elif above or not ORDER.search(before.partition('//')[0]):
                break
        if not re.search(r'\bwith\b', ' '.join([comment, *above]), re.I):
            yield f'{name}:{i + 1}: {code.strip()}'


class Orders(unittest.TestCase):
    def test_the_tree(self):
        found, files = [], 0
        for layer in ('sync', 'sched', 'chan'):
            for name in sorted(os.listdir(os.path.join(ROOT, layer))):
                path = f'{layer}/{name}'
                if name.endswith(('.h', '.cpp')) and path not in EXEMPT:
                    files += 1
                    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
                        left = list(unexplained(path, f.read()))
                    if left and not has_table(path):
                        found += left
        self.assertGreater(files, 30)
        self.assertEqual(found, [], '\n' + '\n'.join(found))

    def test_what_is_found(self):
        self.assertTrue(list(unexplained('x', 'int v = word.load(acquire);\n')))
        self.assertTrue(list(unexplained('x', '// why\nif (word.cas(v, 1, acq_rel)) return;\n')))
        self.assertTrue(list(unexplained('x', '// with the other\nint a;\nword.store(1, Order::release);\n')))
        self.assertTrue(list(unexplained('x', 'store_load_fence();\n')))
        self.assertFalse(list(unexplained('x', 'int v = word.load(acquire);  // with release in put\n')))
        self.assertFalse(list(unexplained('x', '// with put\nhead.load(acquire);\ntail.load(acquire);\n')))
        self.assertFalse(list(unexplained('x', 'word.load(relaxed);\ns.release(1);\n')))


if __name__ == '__main__':
    unittest.main()
