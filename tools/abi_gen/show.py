# SPDX-License-Identifier: BSD-3-Clause
"""Answers for people: a call by name, like a page of a manual, and a number by any encoding."""
from . import kinds, mig, names, table
from .emit import prototype, result_type
from .table import KERNELS, NAMESPACE, calls

REGISTERS = {False: ('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9', '8(rsp)', '16(rsp)', '24(rsp)'),
             True: ('rdi', 'rsi', 'rdx')}
ERRORS = {'linux': 'rax in -4095..-1 is -errno', 'bsd': 'carry set: rax is the errno',
          'mach': 'rax is the result itself; carry says nothing', 'mdep': 'none; carry says nothing'}
CLASS = {'linux': 'Linux/amd64', 'bsd': 'XNU, BSD class', 'mach': 'XNU, Mach class',
         'mdep': 'XNU, machine-dependent class'}


def meaning(arg):
    if not arg.pointer:
        return kinds.SCALARS[arg.kind][1]
    way = {'in': 'read', 'out': 'written', 'inout': 'read and written'}[arg.kind]
    count = arg.length.lstrip('*')
    if arg.length.startswith('*'):
        count = f'as many as {count} points to'
    what = arg.target or 'bytes'
    if arg.length:
        return f'{what}, {count if arg.length[0] == "*" else count + " of them"}, {way} by the kernel'
    return f'one {what}, {way} by the kernel'


def era(row):
    unit = 'Linux ' if row.cls == 'linux' else 'xnu-'
    if row.era == '-':
        return 'always' if row.cls == 'linux' else 'xnu-1228 (10.5) to xnu-11417 (15) at least'
    since, until = row.era.split('..')
    return ' '.join(([f'from {unit}{since}'] if since else []) + ([f'up to {unit}{until}'] if until else []))


def page(row):
    kernel = 'linux' if row.cls == 'linux' else 'darwin'
    out = [f'{row.name}   {CLASS[row.cls]}', '']
    if 'enosys' in row.marks:
        out += ['    always ENOSYS']
    elif 'hand' in row.marks:
        out += ['    no trampoline: cannot be called as a C function']
    elif 'old' in row.marks:
        out += ['    no trampoline: see the newer row of this name']
    else:
        out += ['    ' + prototype(row, NAMESPACE[kernel])]
    out += ['', f'  number   {row.number}, eax = {row.encoded:#x}']
    for arg, register in zip(row.args, REGISTERS[row.cls == 'mdep']):
        out.append(f'  {register:<8} {arg.name}: {arg.text} ({meaning(arg)})')
    out.append(f'  result   {kinds.RESULTS[row.result]}' +
               (' (Result2)' if result_type(row) == 'Result2' else ''))
    out.append('  errors   ' + (ERRORS['bsd'] if 'carry' in row.marks else ERRORS[row.cls]))
    out.append(f'  era      {era(row)}')
    out += [f'  {k:<8} {v}' for k, v in (('remark', row.remark), ('source', row.source)) if v != '-']
    out.append(f'  table    {row.where}')
    return '\n'.join(out) + '\n'


def show(kernel, name, root):
    name = name.removeprefix('sys_')
    pages = [page(r) for cls in KERNELS[kernel] for r in calls(cls, root)[0] if r.name == name]
    if kernel == 'darwin':
        for row in table.mig(root):
            if row.name == name:
                rest = [f'  {k:<8} {v}' for k, v in (('remark', row.remark), ('source', row.source)) if v != '-']
                pages.append('\n'.join([*mig.page(row), f'  era      {era(row)}', *rest, f'  table    {row.where}', '']))
    return '\n'.join(pages)


def find(number, root):
    """Lines about every meaning of a number: encoded or bare call, errno, signal, kern_return, MIG id."""
    out = []
    for kernel, classes in KERNELS.items():
        for cls in classes:
            for row in calls(cls, root)[0]:
                if number == row.encoded or number == row.number:
                    bare = '' if number == row.encoded else f' (in its class; eax = {row.encoded:#x})'
                    out.append(f'{CLASS[cls]:<30} {row.name}{bare}' + (f', {era(row)}' if row.era != '-' else ''))
        for what, rows in (('errno', names.errnos(kernel, root)), ('signal', names.signals(kernel, root))):
            out += [f'{kernel + " " + what:<30} {r.name}: {r.text}' for r in rows
                    if number in (r.number, -r.number) and (number > 0 or what == 'errno') and not r.alias]
    for row in names.kern_returns(root):
        if number in (row.number, row.number + (1 << 32), row.number + (1 << 64)):
            out.append(f'{"kern_return_t":<30} {row.name}: {row.text}')
    for row in table.mig(root):
        if number in (row.number, row.number + 100):
            out.append(f'{"MIG " + ("request" if number == row.number else "reply"):<30} {row.name}')
    return '\n'.join(out) + '\n' if out else ''


def host_check(root):
    """A C++ file that the host's compiler accepts only if our Linux numbers are the host's.

    Ours are put into names of their own first: the host's headers are macros, which would
    rewrite lnx::EPERM. A number that only newer headers have is not compared.
    """
    out = ['// SPDX-License-Identifier: BSD-3-Clause',
           '// Made by tools/abi from sys/linux/*.tbl; do not edit.',
           '#include "sys/linux/errno.h"', '#include "sys/linux/numbers.h"', '', 'namespace ours {']
    rows = table.current(calls('linux', root)[0])
    errnos, signals = names.errnos('linux', root), names.signals('linux', root)
    out += [f'inline constexpr long nr_{r.name} = trapeze::lnx::SYS_{r.name};' for r in rows]
    out += [f'inline constexpr long e_{r.name} = trapeze::lnx::{r.name};' for r in errnos + signals]
    out += ['}', '', '#include <asm/unistd.h>', '#include <errno.h>', '#include <signal.h>', '']
    for row in rows:
        out += [f'#ifdef __NR_{row.name}',
                f'static_assert(ours::nr_{row.name} == __NR_{row.name}, "{row.where}");', '#endif']
    for row in errnos + signals:
        out += [f'#ifdef {row.name}', f'static_assert(ours::e_{row.name} == {row.name}, "{row.where}");', '#endif']
    return '\n'.join(out) + '\n'


def host_missing(path, root):
    """Names that the host's unistd_64.h has and the table has not."""
    known = {r.name for r in calls('linux', root)[0]}
    with open(path, encoding='utf-8') as file:
        words = [line.split() for line in file]
    return [f'{path}: __NR_{w[1][5:]} ({w[2]}) is not in sys/linux/syscalls.tbl' for w in words
            if len(w) >= 3 and w[0] == '#define' and w[1].startswith('__NR_') and w[1][5:] not in known]
