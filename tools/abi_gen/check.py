# SPDX-License-Identifier: BSD-3-Clause
"""`tools/abi check`: the tables against the kernels' own sources, which are not in this tree.

A half for each kernel (check_linux, check_darwin) knows which sources it reads, how one
gets them, and what it compares. It has KERNEL, HOW, sources(folder) and
compare(folder, root, report). Here are the frame and the judgement: every difference is
one line, and sys/<kernel>/settled.tbl says of those that stay who is right and why:

    source | difference | right | reason

`source` and `difference` are patterns in which `*` stands for anything; `right` is `ours`
(the source is mistaken or no release) or `both` (each says what it is meant to say). That
the source is right is no way to settle anything: then the table is to be corrected.
"""
import fnmatch
import os
import re

from . import check_darwin, check_linux, table
from .table import Bad

HALVES = (check_linux, check_darwin)
SETTLED_COLUMNS = ('source', 'difference', 'right', 'reason')

HELP = '''usage: tools/abi check FOLDER

Compares the tables with sources in FOLDER, which nothing else needs and nobody commits.
Each difference is a line; who is right is in sys/<kernel>/settled.tbl. The status is 0 if
all are settled, 1 if one is not, 2 if there was nothing to compare with.

What FOLDER holds, as much of it as you like:
'''


def help_text():
    return HELP + ''.join(f'\n{half.KERNEL}\n{half.HOW}' for half in HALVES)


class Report:
    """What a half found: how many facts it compared, and (source, text) of each that differs."""
    def __init__(self):
        self.compared, self.found = 0, []

    def fact(self, source, same, text):
        self.compared += 1
        if not same:
            self.found.append((source, text))


class Settled:
    def __init__(self, row):
        self.where, self.right, self.reason = row.where, row.right, row.reason
        self.source, self.difference, self.used = row.source, row.difference, False

    def fits(self, source, text):
        def like(pattern, word):            # only `*` is special
            return fnmatch.fnmatchcase(word, re.sub(r'([?[])', r'[\1]', pattern))
        return like(self.source, source) and like(self.difference, text)


def settled(kernel, root):
    path = f'sys/{kernel}/settled.tbl'
    if not os.path.exists(os.path.join(root, path)):
        return []
    rows = [Settled(row) for row in table.read(path, SETTLED_COLUMNS, root)[0]]
    for row in rows:
        if row.right not in ('ours', 'both'):
            raise Bad(f'{row.where}: "{row.right}" is not one of ours, both')
        if row.reason == '-':
            raise Bad(f'{row.where}: a settled difference needs its reason')
    return rows


def half(module, folder, root):
    """(lines about one kernel, differences that are not settled)"""
    sources = module.sources(folder)
    if not sources:
        return [f'{module.KERNEL}: not compared, no sources in {folder}'], 0
    report, rows, open_ones, lines = Report(), settled(module.KERNEL, root), 0, []
    module.compare(folder, root, report)
    for source, text in report.found:
        row = next((r for r in rows if r.fits(source, text)), None)
        if row is None:
            open_ones += 1
            lines.append(f'{source}: {text}: NOT SETTLED')
            continue
        row.used = True
        who = 'ours is right' if row.right == 'ours' else 'both are right'
        lines.append(f'{source}: {text}: {who}: {row.reason}')
    lines += [f'{row.where}: nothing differs like this (any more)' for row in rows
              if not row.used and any(fnmatch.fnmatchcase(s, row.source) for s in sources)]
    return lines + [f'{module.KERNEL}: {len(sources)} sources, {report.compared} facts compared, '
                    f'{len(report.found)} differences, {open_ones} of them not settled'], open_ones


def check(folder, root):
    """(text, status)"""
    if not os.path.isdir(folder):
        raise Bad(f'{folder}: no such folder\n\n{help_text()}'.rstrip())
    if not any(module.sources(folder) for module in HALVES):
        raise Bad(f'{folder}: no sources in this folder\n\n{help_text()}'.rstrip())
    lines, open_ones = [], 0
    for module in HALVES:
        more, count = half(module, folder, root)
        lines += more
        open_ones += count
    return '\n'.join(lines) + '\n', 1 if open_ones else 0
