# SPDX-License-Identifier: BSD-3-Clause
"""The MIG routines of sys/darwin/mig.tbl against the .defs files of every version.

Two messages are the same if their fields have the same shapes: widths, rights, what is
out of line. The most elements of a variable array grew with nearly every version, and
names of fields changed without effect: both are compared where a row's era ends only.
"""
from . import table, xnu_config, xnu_served
from .xnu_tree import version


def active(row, numbers):
    return (row.since or ()) <= numbers and (row.until is None or numbers <= row.until)


def differ(row, routine, last):
    if row.name != routine.name:
        yield f'name: the kernel has {routine.name}'
        return
    if row.simple != routine.simple:
        yield 'reply: none comes' if routine.simple else 'reply: one comes'
    for what, mine, theirs in (('request', row.request, routine.request), ('reply', row.reply, routine.reply)):
        if len(mine) != len(theirs):
            yield f'{what}: {len(mine)} fields, the kernel has {len(theirs)}'
            continue
        for a, b in zip(mine, theirs):
            if a.shape() != b.shape():
                yield f'{what}: {a.name} is {a.shape()}, the kernel has {b.shape()}'
            elif last and a.limit != b.limit:
                yield f'{what}: {a.name} has at most {a.limit} elements, in the kernel {b.limit}'
            elif last and a.name != b.name:
                yield f'spelling: {a.name} of the {what} is {b.name} in the kernel'


def routines(tree, root, found):
    rows = {}
    for row in table.mig(root):
        rows.setdefault(row.number, []).append(row)
    for tag in tree.tags:
        theirs = xnu_served.routines(tree, tag, xnu_config.release(tree, tag))
        if theirs is None:
            found.note(tag, 'mig', '-', '-', 'source: osfmk/kern/ipc_kobject.c is not there')
            continue
        for number in sorted(set(rows) | set(theirs)):
            mine = [r for r in rows.get(number, []) if active(r, version(tag))]
            routine = theirs.get(number)
            found.compared += 1
            if routine and not mine:
                found.note(tag, 'mig', number, routine.name, 'missing: the kernel has it, no row of that time does')
            elif mine and not routine:
                found.note(tag, 'mig', number, mine[0].name, 'era: a row of that time, but the kernel has none')
            elif mine:
                found.compared += 2 + len(mine[0].request) + len(mine[0].reply)
                last = tag == tree.tags[-1] or version(tag) == mine[0].until
                for what in differ(mine[0], routine, last):
                    found.note(tag, 'mig', number, mine[0].name, what)
