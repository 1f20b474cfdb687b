# SPDX-License-Identifier: BSD-3-Clause
"""What others than the kernel say of Linux's calls: strace's table and the manual's page syscalls(2).

strace counts the arguments itself. The manual gives the release in which a call came to any
architecture: where amd64 was later, both are right and settled.tbl says so.
"""
import os
import re

HOW = '''  strace/              of https://github.com/strace/strace: src/linux/x86_64/syscallent.h and
                       src/linux/generic/syscallent-common.h
  man-pages/           of https://github.com/mkerrisk/man-pages: man2/syscalls.2
'''
STRACE = ('src/linux/x86_64/syscallent.h', 'src/linux/generic/syscallent-common.h')
MANUAL = ('man2/syscalls.2',)
FILES = {'strace': STRACE, 'man-pages': MANUAL}


def sources(folder):
    return [name for name, files in FILES.items() if all(os.path.isfile(os.path.join(folder, name, f)) for f in files)]


def text_of(folder, name):
    for path in FILES[name]:
        with open(os.path.join(folder, name, path), encoding='utf-8', errors='replace') as file:
            yield file.read()


def strace(texts, rows, report):
    theirs = {}
    for text in texts:
        for number, argc, name in re.findall(r'^\[\s*(?:BASE_NR \+ )?(\d+)\] = \{ (\d),[^"\n]*"(\w+)"', text, re.M):
            theirs[int(number)] = (name, int(argc))
    for row in rows:
        if 'x32' in row.marks or 'old' in row.marks:
            continue
        name, argc = theirs.pop(row.number, ('', 0))
        report.fact('strace', name == row.name, f'{row.number} is {name or "unknown"} there, {row.name} here')
        if name == row.name and 'enosys' not in row.marks:
            report.fact('strace', argc == len(row.args), f'{row.number} {name}: {argc} arguments there, {len(row.args)} here')
    for number, (name, _) in sorted(theirs.items()):
        report.fact('strace', False, f'{number} {name} is only there')


def manual(texts, rows, report):
    """`2.6`, `2.4` and before are development series: an era of ours that begins in 2.6.0 or has no beginning fits them."""
    since = dict(re.findall(r'^\\fB(\w+)\\fP\(2\)\t(?:T\{\n)?([\d.]*)', '\n'.join(texts), re.M))
    for row in rows:
        if 'x32' in row.marks or row.name not in since:
            continue
        there = tuple(int(n) for n in since[row.name].split('.') if n)
        here = row.since or ()
        same = here in ((), (2, 6, 0)) if there <= (2, 6) else here == there
        report.fact('man-pages', same, f'{row.number} {row.name} came with {since[row.name] or "1.0"} there, era here {row.era}')


def compare(folder, rows, report):
    for name in sources(folder):
        {'strace': strace, 'man-pages': manual}[name](list(text_of(folder, name)), rows, report)
