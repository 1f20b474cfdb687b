# SPDX-License-Identifier: BSD-3-Clause
"""Trampolines and declarations.

A trampoline is a C function: the System V caller has put arguments 1-6 into registers
and the rest at 8(rsp), which is where XNU reads them. So it moves argument 4 from rcx,
which `syscall` destroys, to r10, loads the number, and pushes nothing. rdx is left
alone on the way out: BSD calls such as pipe return a second word in it.

Rejected: one shared error exit that BSD trampolines jump to (`jc cerror`). With a section
or subsection of its own for each trampoline, which lets the linker drop unused ones, that
jump needs a 32-bit displacement (6 bytes), and NASM makes no relocation for it in Mach-O;
the tail here is 5 bytes and needs none. It has no label either: Mach-O linkers cut
subsections at every symbol that they see, and would cut a trampoline in two there.
"""
from . import kinds
from .table import KERNELS, NAMESPACE, callable_rows, calls, current

NOTE = 'Made by tools/abi from {}; do not edit.'


def trampoline(row):
    """The instructions of one trampoline."""
    lines = []
    if len(row.args) >= 4 and row.cls != 'mdep':
        lines.append('mov     r10, rcx')
    lines += [f'mov     eax, {row.encoded:#x}', 'syscall']
    if row.result == 'noreturn':
        return lines + ['ud2']
    if row.cls == 'bsd' or 'carry' in row.marks:
        lines += ['jnc     short $+5            ; over the neg', 'neg     rax']
    return lines + ['ret']


def asm(kernel, root):
    out = ['; SPDX-License-Identifier: BSD-3-Clause',
           '; ' + NOTE.format(f'sys/{kernel}/*.tbl'),
           '; Trampolines: C++ calls them by the System V convention. rcx and r11 are lost.',
           'bits 64', 'default rel', '']
    if kernel == 'darwin':
        out += ['%pragma macho subsections_via_symbols', 'section .text']
    for cls in KERNELS[kernel]:
        for row in callable_rows(calls(cls, root)[0]):
            name = f'sys_{row.name}'
            if kernel == 'linux':
                out += ['', f'section .text.{name} progbits alloc exec nowrite align=1',
                        f'global {name}:function hidden ({name}.end - {name})']
            else:
                out += ['', f'global {name}:private_extern']
            out.append(f'{name}:')
            out += ['        ' + line for line in trampoline(row)]
            if kernel == 'linux':
                out.append('.end:')
    if kernel == 'linux':
        out += ['', 'section .note.GNU-stack noalloc noexec nowrite progbits']
    return '\n'.join(out) + '\n'


def result_type(row):
    if row.result in ('noreturn', 'nothing'):
        return 'void'
    if row.cls == 'mach':
        return {'port': 'u32', 'u32': 'u32', 'u64': 'u64'}.get(row.result, 'i32')
    if row.cls == 'mdep' and 'carry' not in row.marks:
        return 'i32'
    return 'Result2' if row.result in kinds.PAIRS else 'Result'


def prototype(row, namespace):
    args = ', '.join(f'{a.ctype(namespace)} {kinds.cname(a.name)}'
                     for a in row.args)
    return f'{result_type(row)} sys_{row.name}({args});'


def header(kernel, root):
    space = NAMESPACE[kernel]
    body, used = [], set()
    for cls in KERNELS[kernel]:
        rows, structs = calls(cls, root)
        body += ['', f'// {cls} class']
        for row in callable_rows(rows):
            used |= {a.target for a in row.args if a.target in structs}
            attribute = '[[noreturn]] ' if row.result == 'noreturn' else ''
            body.append(f'{attribute}{prototype(row, space)}')
    forward = '\n'.join(f'struct {name};' for name in sorted(used))
    declarations = '\n'.join(body)
    return f'''// SPDX-License-Identifier: BSD-3-Clause
// {NOTE.format(f"sys/{kernel}/*.tbl")}
// The kernel's calls as C functions: sys_<kernel's name>. Nothing is retried, nothing checked.
#pragma once
#include "sys/result.h"
#include "sys/types.h"

namespace trapeze::{space} {{
{forward}
}}

namespace trapeze {{
extern "C" {{
{declarations}
}}
}}
'''


def numbers_header(kernel, root):
    """SYS_<name>: the kernel's own number. TRAP_<name>: what eax takes."""
    space = NAMESPACE[kernel]
    out = ['// SPDX-License-Identifier: BSD-3-Clause',
           '// ' + NOTE.format(f'sys/{kernel}/*.tbl'),
           '// SYS_<name> is the number within its class, TRAP_<name> what eax takes.',
           '#pragma once', '#include "sys/types.h"', '', f'namespace trapeze::{space} {{']
    for cls in KERNELS[kernel]:
        rows = current(calls(cls, root)[0])
        if cls in ('linux', 'bsd'):
            out += ['enum : u32 {'] + [f'    SYS_{r.name} = {r.number},' for r in rows] + ['};']
        out += ['enum : u32 {'] + [f'    TRAP_{r.name} = {r.encoded:#x},' for r in rows] + ['};']
    if kernel == 'darwin':
        from .table import mig
        rows = [r for r in mig(root) if 'old' not in r.marks]
        out += ['enum : i32 {'] + [f'    MIG_{r.name} = {r.number},' for r in rows] + ['};']
    return '\n'.join(out + ['}', ''])


def numbers_inc(kernel, root):
    out = ['; SPDX-License-Identifier: BSD-3-Clause', '; ' + NOTE.format(f'sys/{kernel}/*.tbl')]
    for cls in KERNELS[kernel]:
        out += [f'%define TRAP_{row.name} {row.encoded:#x}' for row in current(calls(cls, root)[0])]
    return '\n'.join(out) + '\n'
