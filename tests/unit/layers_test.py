#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Includes go down the layers only: sys, sync, sched, chan, then rt0, which nothing includes; and nobody there asks which
kernel it is compiled for."""
import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
LAYERS = ['sys', 'sync', 'sched', 'chan', 'rt0']


def violations(layer, name, text):
    for number, line in enumerate(text.splitlines(), 1):
        to = re.match(r'\s*#\s*include\s+"([a-z0-9_]+)/', line)
        if to and (to[1] not in LAYERS or LAYERS.index(to[1]) > LAYERS.index(layer)):
            yield f'{name}:{number}: {layer} includes {to[1]}'
        if re.match(r'\s*#\s*(if|ifdef|ifndef|elif)\b.*(__linux__|__APPLE__)', line):
            yield f'{name}:{number}: asks for the kernel'


class Layers(unittest.TestCase):
    def test_the_tree(self):
        found, files = [], 0
        for layer in LAYERS:
            for folder, _, names in os.walk(os.path.join(ROOT, layer)):
                for name in names:
                    if name.endswith(('.h', '.cpp')):
                        path = os.path.join(folder, name)
                        files += 1
                        with open(path, encoding='utf-8') as f:
                            found += violations(layer, os.path.relpath(path, ROOT), f.read())
        self.assertGreater(files, 40)
        self.assertEqual(found, [])

    def test_what_is_found(self):
        self.assertTrue(list(violations('sys', 'x.h', '#include "sync/lock.h"\n')))
        self.assertTrue(list(violations('chan', 'x.h', '#include "rt0/trapeze.h"\n')))
        self.assertTrue(list(violations('sched', 'x.h', '#include "tests/x.h"\n')))
        self.assertTrue(list(violations('sync', 'x.h', '#ifdef __linux__\n')))
        self.assertFalse(list(violations('chan', 'x.h', '#include "sys/types.h"\n#include <new>\n')))


if __name__ == '__main__':
    unittest.main()
