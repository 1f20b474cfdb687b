# SPDX-License-Identifier: BSD-3-Clause
"""xnurun's dispatch, made of the tables' column `xnurun` (verdict.py): declarations of handlers, and arrays by Call::row.

MIG routines are routed by xnurun's own tables (tools/xnurun/mig_*.cpp), which know objects and forms: their verdicts are
for what is not routed, and `tools/abi lint` compares the two.
"""
import glob
import os
import re

from . import names, table
from .data import version
from .names import HEAD, quote
from .verdict import PREFIX

HEADLINE = HEAD.format('sys/darwin/*.tbl, column xnurun').rstrip()


def traps(root):
    return [(cls, table.calls(cls, root)[0]) for cls in table.KERNELS['darwin']]


def problems(root):
    """Messages about verdicts: no such error, a handler of another class, a row without one, a routing that says otherwise."""
    errnos = {row.name for row in names.errnos('darwin', root)}
    codes = {row.name for row in names.kern_returns(root)}
    known = {'bsd': errnos, 'mdep': errnos | codes, 'mach': errnos | codes, 'mig': codes}
    for cls, rows in [*traps(root), ('mig', table.mig(root))]:
        for row in rows:
            v = row.xnurun
            if v.code and v.code not in known[cls]:
                yield f'{row.where}: {row.name} is refused with {v.code}, which is no error of its class'
            if v.handler and not v.handler.startswith(PREFIX[cls]):
                yield f'{row.where}: {v.handler} does not begin with {PREFIX[cls]}'
            if cls != 'mig' and (v.word == '-') != ('enosys' in row.marks):
                yield f'{row.where}: {row.name} has {"no verdict" if v.word == "-" else "one in its mark"} for xnurun'
    routed = set()
    for path in glob.glob(os.path.join(root, 'tools/xnurun/mig_*.cpp')):
        with open(path, encoding='utf-8') as file:
            routed.update(re.findall(r'^ +\{xnu::MIG_(\w+),', file.read(), re.M))
    for row in table.mig(root) if routed else ():
        if (row.xnurun.word in ('emulated', 'passed')) != (row.name in routed):
            yield f'{row.where}: xnurun {"routes" if row.name in routed else "does not route"} {row.name}, the column says {row.xnurun.text}'


def handlers_header(root):
    out = [HEADLINE, '#pragma once', '#include "tools/xnurun/trap.h"', '',
           '#pragma GCC visibility push(hidden)  // see host.h', 'namespace trapeze {']
    for _, rows in traps(root):
        out += [f'Answer {name}(Trap&);' for name in dict.fromkeys(row.xnurun.handler for row in rows if row.xnurun.handler)]
    return '\n'.join(out + ['}', '#pragma GCC visibility pop', ''])


def refusal(verdict):
    code = f'xnu::{verdict.code}' if verdict.code else '0'
    return f'{code}, {"true" if verdict.loud else "false"}, {quote(verdict.reason) if verdict.reason else "nullptr"}'


def dispatch_header(root):
    out = [HEADLINE, '#pragma once', '#include "sys/darwin/errno.h"', '#include "sys/darwin/kern_return.h"',
           '#include "tools/xnurun/handlers.h"', '#include "tools/xnurun/verdict.h"', '', 'namespace trapeze {']
    for cls, rows in traps(root):
        out.append(f'inline constexpr Verdict {cls}_verdicts[{len(rows)}] = {{')
        out += [f'    {{{row.xnurun.handler or "nullptr"}, {refusal(row.xnurun)}, Sigsys::{row.xnurun.sigsys}}},  // {row.name}'
                for row in rows] + ['};']
    rows = sorted(table.mig(root), key=lambda row: row.number)
    out.append(f'inline constexpr RoutineVerdict mig_verdicts[{len(rows)}] = {{')
    for row in rows:
        word = 'sent' if row.xnurun.word == '-' else row.xnurun.word
        out.append(f'    {{{row.number}, {version(row.since)}, {version(row.until)}, Routine::{word}, {quote(row.name)}, '
                   f'{refusal(row.xnurun)}}},')
    return '\n'.join(out + ['};', '}', ''])
