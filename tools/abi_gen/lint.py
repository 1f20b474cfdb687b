# SPDX-License-Identifier: BSD-3-Clause
"""What must hold of the tables beyond their syntax, which reading them checks.

Two rows may share a number only if their eras do not meet, and a name only if all but
one are marked `old`. Every problem of every table is reported, not the first.
A kind that kinds.py defines twice is looked for in its text: Python keeps the second and says nothing.
"""
import ast

from . import data, dispatch, kinds, layout, names, table
from .check import settled
from .table import Bad, KERNELS, calls

FOREVER = (1 << 30,)


def meet(a, b):
    return (a.since or ()) <= (b.until or FOREVER) and (b.since or ()) <= (a.until or FOREVER)


def clashes(rows):
    """Messages about one list of rows."""
    numbers, known = {}, {}
    for row in rows:
        if row.since and row.until and row.since > row.until:
            yield f'{row.where}: era {row.era} ends before it begins'
        for other in numbers.get(row.number, []):
            if meet(row, other):
                yield (f'{row.where}: number {row.number} is {row.name} and, at line '
                       f'{other.line}, {other.name} in the same era')
        numbers.setdefault(row.number, []).append(row)
        if row.name == 'enosys' or {'old', 'x32'} & set(getattr(row, 'marks', ())):
            continue
        if row.name in known:
            yield (f'{row.where}: {row.name} is already at {known[row.name].where} '
                   '(mark all but the newest `old`)')
        known[row.name] = row


def twice(path):
    """Messages about keys that a dict of one Python file has more than once."""
    with open(path, encoding='utf-8') as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        seen = {}
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and seen.setdefault(key.value, key) is not key:
                yield f'{path}:{key.lineno}: "{key.value}" is already at line {seen[key.value].lineno}'


def problems(root):
    yield from twice(kinds.__file__)
    for kernel, classes in KERNELS.items():
        everything = []
        for cls in classes:
            try:
                rows, structs = calls(cls, root)
            except Bad as bad:
                yield str(bad)
                continue
            yield from clashes(rows)
            everything += table.current(rows)
            used = {a.target for r in rows for a in r.args}
            path = table.CLASSES[cls][0]
            for name, line in structs.items():
                if name not in used:
                    yield f'{path}:{line}: struct {name} is declared and never used'
            for row in rows:
                if row.name == 'enosys' and 'enosys' not in row.marks:
                    yield f'{row.where}: a row called enosys needs the mark'
                if row.remark == '-' and row.source == '-' and 'enosys' not in row.marks:
                    yield f'{row.where}: {row.name} has no source'
        classes_of = {}
        for row in everything:          # one name space for the trampolines of a kernel
            first = classes_of.setdefault(row.name, row)
            if first.cls != row.cls:
                yield f'{row.where}: {row.name} is also at {first.where}: both would be sys_{row.name}'
    for check in (lambda: list(clashes(table.mig(root))), lambda: [None for _ in table.values(root)], lambda: names.kern_returns(root),
                  lambda: names.xlat_header(root), lambda: layout.read(root),
                  lambda: data.types_header(), lambda: list(dispatch.problems(root)), *(lambda k=k: settled(k, root) for k in KERNELS)):
        try:
            found = check()
            if isinstance(found, list) and found and isinstance(found[0], str):
                yield from found
        except Bad as bad:
            yield str(bad)
