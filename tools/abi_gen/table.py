# SPDX-License-Identifier: BSD-3-Clause
"""Reads a table: one row a line, columns between ` | `, `#` comments, blank lines.

Tables of calls have the columns
    number | name | arguments | result | marks | era | remark | source
`-` is an empty cell. Marks: `hand` (no trampoline can be called from C++: it is written
by hand), `carry` (machdep calls that report errors as BSD calls do), `old` (the same name
has a newer number, which gets the trampoline), `enosys` (a slot that the kernel answers
with ENOSYS and, unlike an unknown number, no signal), `x32` (Linux: a number that only
eax with bit 30 set means; no trampoline). Era is `since..until`, both ends
included and both optional; Linux counts kernel versions, Darwin xnu versions. Darwin's
tables have one column more, behind the era: `xnurun`, what xnurun does (verdict.py).
A line `struct a, b, c` names the structs that arguments may point to.
"""
import os
import re

from . import kinds, verdict

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALL_COLUMNS = ('number', 'name', 'args', 'result', 'marks', 'era', 'remark', 'source')
TRAP_COLUMNS = CALL_COLUMNS[:6] + ('xnurun',) + CALL_COLUMNS[6:]
MIG_COLUMNS = ('number', 'name', 'request', 'reply', 'era', 'xnurun', 'remark', 'source')
VALUE_COLUMNS = ('kind', 'way', 'number', 'name', 'source')
ERRNO_COLUMNS = ('number', 'name', 'text', 'other')
SIGNAL_COLUMNS = ('number', 'name', 'action', 'text', 'other')
KERN_COLUMNS = ('number', 'name', 'text')
MARKS = ('hand', 'carry', 'old', 'enosys', 'x32')
X32_BIT = 1 << 30               # __X32_SYSCALL_BIT

# class -> (file, prefix in eax, most arguments). The class number is what XNU puts in
# the top byte of eax; Linux has none.
CLASSES = {
    'linux': ('sys/linux/syscalls.tbl', 0, 6),
    'bsd': ('sys/darwin/bsd.tbl', 0x2000000, 8),
    'mach': ('sys/darwin/mach.tbl', 0x1000000, 9),
    'mdep': ('sys/darwin/mdep.tbl', 0x3000000, 3),
}
KERNELS = {'linux': ('linux',), 'darwin': ('bsd', 'mach', 'mdep')}
NAMESPACE = {'linux': 'lnx', 'darwin': 'xnu'}


class Bad(Exception):
    """A table or a command line is wrong; the text is the whole message."""


class Arg:
    """name, text as written, kind (scalar | in | out | inout), target (or ''), length (or '')"""
    def __init__(self, name, text, kind, target='', length=''):
        self.name, self.text, self.kind = name, text, kind
        self.target, self.length = target, length

    @property
    def pointer(self):
        return self.kind in ('in', 'out', 'inout')

    def ctype(self, namespace):
        if not self.pointer:
            return kinds.SCALARS[self.kind][0]
        const = 'const ' if self.kind == 'in' else ''
        if not self.target:
            return const + 'void*'
        if self.target in kinds.SCALARS:
            inner = kinds.SCALARS[self.target][0]
            return inner + ' const*' if const and inner.endswith('*') else const + inner + '*'
        return f'{const}{namespace}::{self.target}*'


class Row:
    def __init__(self, file, line, cells):
        self.file, self.line = file, line
        self.__dict__.update(cells)

    @property
    def where(self):
        return f'{self.file}:{self.line}'


POINTER = re.compile(r'(in|out|inout)(?: (\w+))?(?:\[(\*?\w+)\])?$')


def parse_args(text, row, structs):
    """The argument cell as a list of Arg; raises Bad with the place."""
    if text == '-':
        return []
    args = []
    for part in text.split(','):
        name, colon, kind = part.strip().partition(':')
        if not colon or not re.fullmatch(r'[A-Za-z_]\w*', name):
            raise Bad(f'{row.where}: argument "{part.strip()}" is not `name:type`')
        if any(a.name == name for a in args):
            raise Bad(f'{row.where}: two arguments are called "{name}"')
        if kind in kinds.SCALARS:
            args.append(Arg(name, kind, kind))
            continue
        found = POINTER.match(kind)
        if not found:
            raise Bad(f'{row.where}: unknown type "{kind}" of argument "{name}"')
        way, target, length = found.group(1), found.group(2) or '', found.group(3) or ''
        if target and target not in kinds.SCALARS and target not in structs:
            raise Bad(f'{row.where}: "{name}" points to unknown type "{target}" '
                      '(a struct needs a `struct` line at the head of the table)')
        if not target and not length:
            raise Bad(f'{row.where}: "{name}:{kind}" says neither type nor length')
        args.append(Arg(name, kind, way, target, length))
    for arg in args:
        length = arg.length.lstrip('*')
        if length and not length.isdigit() and all(a.name != length for a in args):
            raise Bad(f'{row.where}: length "{length}" of "{arg.name}" is no argument')
    return args


def number(text, where):
    try:
        return int(text, 0)
    except ValueError:
        raise Bad(f'{where}: "{text}" is not a number') from None


def era(text, where):
    """(since, until) as tuples of numbers; None for an open end"""
    if text == '-':
        return (None, None)
    ends = text.split('..')
    if len(ends) != 2:
        raise Bad(f'{where}: era "{text}" is not since..until')
    def version(end):
        if not end:
            return None
        if not re.fullmatch(r'\d+(\.\d+)*', end):
            raise Bad(f'{where}: "{end}" in the era is not a version')
        return tuple(int(n) for n in end.split('.'))
    return (version(ends[0]), version(ends[1]))


def read(path, columns, root=ROOT):
    """(rows, structs) of one file; each cell an attribute of its row"""
    rows, structs = [], {}
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise Bad(f'{path}: {error.strerror}') from None
    for count, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith('#'):
            continue
        if text.startswith('struct ') and '|' not in text:
            for name in re.split(r'[,\s]+', text[7:].strip().rstrip(',')):
                structs[name] = count
            continue
        cells = [cell.strip() for cell in text.split(' | ')]
        if len(cells) != len(columns):
            raise Bad(f'{path}:{count}: {len(cells)} columns instead of {len(columns)} '
                      f'({" | ".join(columns)})')
        row = Row(path, count, dict(zip(columns, cells)))
        for column, cell in zip(columns, cells):
            if not cell:
                raise Bad(f'{row.where}: column "{column}" is empty (write -)')
        if 'number' in columns:
            row.number = number(row.number, row.where)
        if 'name' in columns and not re.fullmatch(r'[A-Za-z_]\w*', row.name):
            raise Bad(f'{row.where}: "{row.name}" is not a name')
        rows.append(row)
    return rows, structs


def calls(cls, root=ROOT):
    """The rows of one class of calls, with arguments, marks and era parsed, and its structs."""
    path, prefix, limit = CLASSES[cls]
    rows, structs = read(path, CALL_COLUMNS if cls == 'linux' else TRAP_COLUMNS, root)
    for index, row in enumerate(rows):
        row.index = index
        row.cls, row.encoded = cls, prefix + row.number
        row.args = parse_args(row.args, row, structs)
        if len(row.args) > limit:
            raise Bad(f'{row.where}: {row.name} has {len(row.args)} arguments; '
                      f'the {cls} class takes at most {limit}')
        if row.result not in kinds.RESULTS:
            raise Bad(f'{row.where}: unknown result "{row.result}"')
        row.marks = [] if row.marks == '-' else row.marks.split()
        for mark in row.marks:
            if mark not in MARKS:
                raise Bad(f'{row.where}: unknown mark "{mark}"')
        if 'x32' in row.marks:
            row.encoded += X32_BIT
        row.since, row.until = era(row.era, row.where)
        if cls != 'linux':
            row.xnurun = verdict_of(row, cls)
    return rows, structs


def verdict_of(row, cls):
    found = verdict.parse(row.xnurun, row.name, cls)
    if not found:
        raise Bad(f'{row.where}: "{row.xnurun}" is no verdict of xnurun: emulated, passed, refused ERRNO: reason, missing')
    return found


def mig(root=ROOT):
    """The MIG routines; those that have a newer row of their name are marked `old`."""
    from . import mig as messages
    rows, _ = read('sys/darwin/mig.tbl', MIG_COLUMNS, root)
    newest = {}
    for row in rows:
        row.cls, row.simple = 'mig', row.reply == 'none'
        row.request = messages.parse(row.request, row)
        row.reply = messages.parse('-' if row.simple else row.reply, row)
        if not row.request:
            raise Bad(f'{row.where}: {row.name} has no port to go to')
        row.since, row.until = era(row.era, row.where)
        row.xnurun = verdict_of(row, 'mig')
        if row.name not in newest or era_rank(row) < era_rank(newest[row.name]):
            newest[row.name] = row
    for row in rows:
        row.marks = [] if newest[row.name] is row else ['old']
    return rows


def values(root=ROOT):
    """The names of arguments' values, row by row; a kind's rows stand together."""
    rows, _ = read('sys/darwin/values.tbl', VALUE_COLUMNS, root)
    seen = set()
    for row in rows:
        if row.kind not in kinds.SCALARS:
            raise Bad(f'{row.where}: unknown type "{row.kind}"')
        if row.way not in ('bits', 'value'):
            raise Bad(f'{row.where}: "{row.way}" is not one of bits, value')
        if row.way == 'bits' and row.number.bit_count() != 1:
            raise Bad(f'{row.where}: {row.number:#x} is not one bit')
        if (row.kind, row.way, row.number) in seen:
            raise Bad(f'{row.where}: {row.kind} {row.number} is there twice')
        seen.add((row.kind, row.way, row.number))
    return rows


def callable_rows(rows):
    """Those that get a trampoline."""
    return [r for r in rows if not set(r.marks) & {'hand', 'old', 'enosys', 'x32'}]


def current(rows):
    """Those that own their name: a row called enosys, an older or an x32 number of it do not."""
    return [r for r in rows if not set(r.marks) & {'old', 'x32'} and r.name != 'enosys']


def era_rank(row):
    """Newest first among rows that share a number."""
    return (0, ()) if row.until is None else (1, tuple(-n for n in row.until))
