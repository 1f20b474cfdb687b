# SPDX-License-Identifier: BSD-3-Clause
"""`tools/abi show`: a call as a page of a manual, once for each era, found by any name that it goes by.

Libraries call a trap by another name than the kernel does (semaphore_wait is semaphore_wait_trap,
stat is stat64): first the kernel's own name counts, then what LIBC lists, then names that differ
only in the ornaments of ORNAMENTS. Where several calls are left, they are listed and none is shown.
"""
import difflib
import os
import re

from . import kinds, mig, table
from .emit import prototype, result_type
from .table import Bad, KERNELS, NAMESPACE, calls

REGISTERS = {False: ('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9', '8(rsp)', '16(rsp)', '24(rsp)'),
             True: ('rdi', 'rsi', 'rdx')}
ERRORS = {'linux': 'rax in -4095..-1 is -errno', 'bsd': 'carry set: rax is the errno',
          'mach': 'rax is the result itself; carry says nothing', 'mdep': 'none; carry says nothing',
          'mig': 'mach_msg itself, and the return code in the reply'}
CLASS = {'linux': 'Linux/amd64', 'bsd': 'XNU, BSD class', 'mach': 'XNU, Mach class',
         'mdep': 'XNU, machine-dependent class', 'mig': 'XNU, MIG routine'}

LIBC = {
    'linux': {'_exit': 'exit_group', 'wait': 'wait4', 'waitpid': 'wait4', 'send': 'sendto', 'recv': 'recvfrom',
              'fstatat': 'newfstatat', 'umount': 'umount2', 'klogctl': 'syslog', 'posix_fadvise': 'fadvise64',
              'posix_fallocate': 'fallocate', 'pselect': 'pselect6', 'raise': 'tgkill', 'sigqueue': 'rt_sigqueueinfo',
              'sigwaitinfo': 'rt_sigtimedwait', 'sigwait': 'rt_sigtimedwait', 'futimens': 'utimensat',
              'readdir': 'getdents64', 'mq_send': 'mq_timedsend', 'mq_receive': 'mq_timedreceive', 'sbrk': 'brk'},
    'darwin': {'_exit': 'exit', 'wait': 'wait4', 'waitpid': 'wait4', 'send': 'sendto', 'recv': 'recvfrom',
               'mach_task_self': 'task_self_trap', 'mach_thread_self': 'thread_self_trap', 'readdir': 'getdirentries64',
               'mach_host_self': 'host_self_trap', 'fstatat': 'fstatat64', 'nanosleep': '__semwait_signal',
               'pthread_create': 'bsdthread_create', 'statvfs': 'statfs64', 'usleep': '__semwait_signal'}}
INODE64 = ('stat', 'fstat', 'lstat', 'statfs', 'fstatfs', 'getfsstat')
# Structs that no header defines, and why not; the unit test allows no others.
OPAQUE = {
    'linux': {},
    'darwin': {
        'graftdmg_args_un': 'cryptexes: only with an entitlement of Apple\'s own',
        'mwl_region': 'dyld\'s alone: page-in linking',
        'necp_aggregate_result': 'private network policy, another layout in every release',
        'shared_file_mapping_np': 'dyld\'s alone: building the shared cache',
        'shared_file_mapping_slide_np': 'dyld\'s alone: building the shared cache',
        'shared_file_np': 'dyld\'s alone: building the shared cache',
        'vstat': 'its calls gave ENOTSUP and filled nothing in any release'}}
ORNAMENTS = re.compile(r'^(?:sys_)?(?:_kernelrpc_|__old_|__|_|rt_)?(.*?)(?:_trap|64|_nocancel|_extended|_internal)*$')


def plain(name):
    return ORNAMENTS.match(name).group(1)


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
    linux = getattr(row, 'cls', 'mig') == 'linux'
    unit = 'Linux ' if linux else 'xnu-'
    if row.era == '-':
        return 'in Linux 2.4.22 (2003) already' if linux else 'xnu-1228 (10.5) to xnu-11417 (15) at least'
    since, until = row.era.split('..')
    return ' '.join(([f'from {unit}{since}'] if since else []) + ([f'up to {unit}{until}'] if until else []))


def section(title, lines):
    return [title, *(('    ' + line).rstrip() for line in lines), ''] if lines else []


def aligned(rows):
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)] if rows else []
    return ['  '.join([cell.ljust(width) for cell, width in zip(row, widths)] + [row[-1]]) for row in rows]


def definitions(kernel, root):
    """{struct: its header and its lines} of sys/<kernel>/*.h"""
    folder, found = os.path.join(root, 'sys', kernel), {}
    for file in sorted(f for f in os.listdir(folder) if f.endswith('.h')):
        with open(os.path.join(folder, file), encoding='utf-8') as stream:
            text = stream.read()
        for match in re.finditer(r'^struct (?:\[\[[^\]]*\]\] )?(\w+) \{.*?^\};', text, re.M | re.S):
            size = re.search(rf'sizeof\({match.group(1)}\) == (\w+)', text)
            head = f'// sys/{kernel}/{file}' + (f', {size.group(1)} bytes' if size else '')
            found.setdefault(match.group(1), [head, *match.group().splitlines()])
    return found


def structures(args, kernel, root):
    """The lines of the structs that arguments point to"""
    known, out = definitions(kernel, root), []
    for name in dict.fromkeys(a.target for a in args if a.target and a.target not in kinds.SCALARS):
        why = OPAQUE[kernel].get(name)
        out += known.get(name) or [f'struct {name};  // opaque here' + (f': {why}' if why else '')]
    return out


def synopsis(row):
    for mark, why in (('enosys', 'none: always ENOSYS'), ('hand', 'none: no C function can be it; see the remark'),
                      ('old', 'none: the newer row of this name has the trampoline'),
                      ('x32', 'none: the call of this name without bit 30 has the trampoline')):
        if mark in row.marks:
            return [why]
    attribute = '[[noreturn]] ' if row.result == 'noreturn' else ''
    return ['#include "sys/calls.h"', attribute + prototype(row, NAMESPACE['linux' if row.cls == 'linux' else 'darwin'])]


def xnurun(row):
    """What xnurun does with it; nothing of Linux's and of slots without a call"""
    if row.cls == 'linux' or row.xnurun.word == '-':
        return []
    return [{'missing': 'missing: the run ends with the call\'s name'}.get(row.xnurun.word, row.xnurun.text)]


def page(row, related, root):
    kernel = 'linux' if row.cls == 'linux' else 'darwin'
    x32 = ', x32' if 'x32' in row.marks else ''
    args = [(register, f'{arg.name}:{arg.text}', meaning(arg))
            for arg, register in zip(row.args, REGISTERS[row.cls == 'mdep'])]
    out = section('NAME', [f'{row.name} - {CLASS[row.cls]}{x32}, number {row.number}, eax = {row.encoded:#x}'])
    out += section('SYNOPSIS', synopsis(row))
    out += section('ARGUMENTS', aligned(args))
    out += section('RESULT', [kinds.RESULTS[row.result] + (' (Result2)' if result_type(row) == 'Result2' else ''),
                              'Errors: ' + (ERRORS['bsd'] if 'carry' in row.marks else ERRORS[row.cls])])
    out += section('ERA', [era(row)])
    out += section('XNURUN', xnurun(row))
    out += section('REMARK', [row.remark] if row.remark != '-' else [])
    out += section('STRUCTURES', structures(row.args, kernel, root))
    return out + tail(row, related)


def mig_page(row, related, _root):
    reply = 'no reply' if row.simple else f'reply {row.number + 100}'
    out = section('NAME', [f'{row.name} - {CLASS["mig"]}, id {row.number}, {reply}'])
    out += section('MESSAGES', [line[2:] for line in mig.page(row)[3:]])
    out += section('RESULT', ['kern_return_t', 'Errors: ' + ERRORS['mig']])
    out += section('ERA', [era(row)])
    out += section('XNURUN', xnurun(row))
    out += section('REMARK', [row.remark] if row.remark != '-' else [])
    return out + tail(row, related)


def tail(row, related):
    return section('SEE ALSO', [one_line(r) for r in related]) + section('SOURCE', [row.source, 'the row: ' + row.where])


def one_line(row):
    number = f'{row.number}' if row.cls == 'mig' else f'{row.number}, eax = {row.encoded:#x}'
    return f'{row.name} ({CLASS[row.cls]}, {number}' + (f'; {era(row)})' if row.era != '-' else ')')


def everything(kernel, root):
    rows = [r for cls in KERNELS[kernel] for r in calls(cls, root)[0] if r.name != 'enosys']
    if kernel == 'darwin':
        for row in table.mig(root):
            row.cls = 'mig'
            rows.append(row)
    return rows


def show(kernel, word, root):
    rows, name = everything(kernel, root), word.removeprefix('sys_')
    by_name = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    if name not in by_name:
        name = resolve(kernel, name, by_name)
    related = [r for n, same in by_name.items() if n != name and plain(n) == plain(name) for r in same]
    shown = list(by_name[name])
    if all(row.cls == 'mig' for row in shown):          # a trap that does the same is what one wants to see first
        shown += [row for row in related if row.cls != 'mig']
    related = [row for row in related if row not in shown]
    head = '' if name == word.removeprefix('sys_') else f'{word} is {name} here.\n\n'
    if kernel == 'darwin' and name in INODE64:
        head += f'A library\'s {name} is {name}64 from xnu-1228 (10.5) on, where programs are built with 64-bit inodes.\n\n'
    shown.sort(key=lambda row: (row.cls == 'mig', 'x32' in getattr(row, 'marks', ()), table.era_rank(row)))
    return head + '\n'.join('\n'.join((mig_page if row.cls == 'mig' else page)(row, related, root)) for row in shown)


def resolve(kernel, name, by_name):
    """The kernel's name for what a library calls `name`; Bad with candidates or with names like it"""
    libc = LIBC[kernel].get(name)
    if libc in by_name:
        return libc
    found = [n for n in by_name if plain(n) == plain(name)]
    if len(found) == 1:
        return found[0]
    if found:
        lines = ''.join(f'\n  {one_line(row)}' for n in found for row in by_name[n])
        raise Bad(f'abi: "{name}" may be{lines}')
    near = difflib.get_close_matches(name, by_name, 5, 0.7)
    near += [n for n in by_name if len(name) > 3 and name in n and n not in near][:5]
    raise Bad(f'abi: {kernel} has no call "{name}"' + (f'; it has {", ".join(near)}' if near else ''))
