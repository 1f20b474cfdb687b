# SPDX-License-Identifier: BSD-3-Clause
"""The forms of MIG requests and replies (mig.py) as a header: what a server checks before it calls a routine, and tests of it.

What MIG's servers check, and in which order: migcom's server.c, WriteCheckRequest. The rows are those of mig.tbl by id, of
every era; `descriptors` has a letter for each: s, o, r for a right that arrives as a send, send-once or receive right, a for
any, m for memory and p for send rights out of line. Parts are what follows the NDR record and is counted: `skip` bytes
stand between the one before and its count.
"""
from . import table
from .data import version
from .mig import BODY, HEADER, NDR, sizes
from .names import HEAD, quote

LETTERS = {'port': 's', 'make_send': 's', 'move_send': 's', 'send': 's', 'make_send_once': 'o', 'move_send_once': 'o', 'send_once': 'o',
           'move_receive': 'r', 'receive': 'r', 'poly': 'a'}
# By the name of the port that a request goes to: t task, T thread, h host, P the privileged host, c clock, p processor set,
# m memory entry, s semaphore; - none that an ordinary program has.
OBJECTS = {'t': ('task', 'target_task', 'target', 'target_map', 'parent_task', 'space'), 'T': ('thread', 'thr_act', 'target_act'),
           'h': ('host',), 'P': ('host_priv',), 'c': ('clock_serv',), 'p': ('processor_set', 'pset', 'set', 'set_name'),
           'm': ('mem_entry',), 's': ('semaphore', 'wait_semaphore')}
POLYMORPHIC = ('alarm_port',)    # clients make a send-once right of it, servers take any
OBJECT = {name: letter for letter, names in OBJECTS.items() for name in names}

TYPES = '''struct MigPart {
    enum Kind : u8 { inline_array, string, memory, memory_fixed };
    Kind kind;
    u8 descriptor;              // of memory
    u16 skip, limit, unit;      // bytes before the count; most elements, 0: any; bytes of one (memory_fixed: all bytes)
};
struct MigForm {
    i32 id;
    u32 since, until;           // as in Call
    const char* name;
    char object, verdict;       // forms.py; the first letter of what xnurun does: e, p, r, m, - (only sent by the kernel)
    i32 refused;
    const char* descriptors;    // of the request
    u16 arguments, least, most; // of the request: behind descriptors and NDR; bytes
    u16 reply_least, reply_most;
    u8 reply_descriptors;
    const MigPart* parts;
    u8 part_count;
};
'''


def descriptors(fields):
    letters = ''
    for field in fields:
        if field.ool:
            letters += 'p' if field.right else 'm'
        elif field.right:
            letters += ('a' if field.name in POLYMORPHIC else LETTERS[field.kind]) * (field.limit or field.count or 1)
    return letters


def parts(fields):
    """[(kind, descriptor, skip, limit, unit)]"""
    out, skip, descriptor = [], 0, 0
    for field in fields:
        place = descriptor
        if field.descriptor:
            descriptor += 1 if field.ool else field.limit or field.count or 1
        least = field.sizes()[0]
        if field.ool and field.counter:
            out.append(('memory', place, skip, 0, 1 if field.right else field.element()))
            skip = 0
        elif field.ool:
            out.append(('memory_fixed', place, 0, 0, field.count * field.element()))
        elif not field.right and field.limit:
            text = field.kind == 'str'
            out.append(('string' if text else 'inline_array', 0, skip + (4 if text else 0), field.limit, 1 if text else field.element()))
            skip = 0
        else:
            skip += least
    return out


def header(root):
    rows = sorted(table.mig(root), key=lambda row: row.number)
    codes = {row.name: row.number for row in table.read('sys/darwin/kern_return.tbl', table.KERN_COLUMNS, root)[0]}
    out = [HEAD.format('sys/darwin/mig.tbl').rstrip(), '#pragma once', '#include "sys/types.h"', '', 'namespace trapeze::xnu {', TYPES.rstrip()]
    entries = []
    for index, row in enumerate(rows):
        fields = row.request[1:]
        own = parts(fields)
        if own:
            inner = ', '.join(f'{{MigPart::{kind}, {", ".join(map(str, rest))}}}' for kind, *rest in own)
            out.append(f'inline constexpr MigPart mig_parts_{index}[] = {{{inner}}};')
        request, reply = sizes(row)
        letters, body = descriptors(fields), request[1] > HEADER + (BODY if descriptors(fields) else 0) + sum(f.descriptors() for f in fields)
        start = HEADER + (BODY + sum(f.descriptors() for f in fields) if letters else 0) + (NDR if body else 0)
        entries.append(f'    {{{row.number}, {version(row.since)}, {version(row.until)}, {quote(row.name)}, '
                       f"'{OBJECT.get(row.request[0].name, '-')}', '{row.xnurun.word[0]}', {codes[row.xnurun.code] if row.xnurun.code else 0}, "
                       f'{quote(letters)}, {start}, {request[0]}, {request[1]}, {reply[0] if reply else 0}, {reply[1] if reply else 0}, '
                       f'{len(descriptors(row.reply))}, {f"mig_parts_{index}" if own else "nullptr"}, {len(own)}}},')
    return '\n'.join([*out, f'inline constexpr MigForm mig_forms[{len(rows)}] = {{', *entries, '};', '}', ''])
