# SPDX-License-Identifier: BSD-3-Clause
"""`tools/abi find`: what a number may be, in whatever register, table or message it was seen.

Calls: what eax takes, the number within a class, x32's bit 30, and the negative numbers that
32-bit code uses for Mach traps. Results: errno of either kernel, with either sign, and
kern_return_t; both also as the unsigned 32 or 64 bits that a debugger shows. MIG: the id of
a request or of its reply.
"""
from . import names, table
from .show import CLASS, era
from .table import KERNELS, X32_BIT, calls


def readings(number):
    """The number, and what it is when its 32 or 64 bits are signed"""
    out = [number]
    for bits in (32, 64):
        if 1 << (bits - 1) <= number < 1 << bits:
            out.append(number - (1 << bits))
    return out


def line(what, text):
    return f'{what:<30} {text}'


def of_calls(cls, numbers, root):
    rows = [r for r in calls(cls, root)[0]]
    own = {r.name for r in rows if 'x32' in r.marks}
    for row in rows:
        age = f', {era(row)}' if row.era != '-' else ''
        x32 = ' of x32' if 'x32' in row.marks else ''
        for number in numbers:
            if number == row.encoded:
                yield line(CLASS[cls], row.name + x32 + age)
            elif number == row.number:
                yield line(CLASS[cls], f'{row.name}{x32} (in its class; eax = {row.encoded:#x}){age}')
            elif cls == 'linux' and number == row.number | X32_BIT and row.name not in own and 'enosys' not in row.marks:
                yield line(CLASS[cls], f'{row.name} as x32 calls it{age}')
            elif cls == 'mach' and number == -row.number:
                yield line(CLASS[cls], f'{row.name} (as 32-bit code numbers it; eax = {row.encoded:#x}){age}')


def find(number, root):
    """Lines about every meaning of a number"""
    out, numbers = [], readings(number)
    for kernel, classes in KERNELS.items():
        for cls in classes:
            out += of_calls(cls, numbers, root)
        out += [line(f'{kernel} errno', f'{r.name}: {r.text}') for r in names.errnos(kernel, root)
                if not r.alias and any(n in (r.number, -r.number) for n in numbers)]
        out += [line(f'{kernel} signal', f'{r.name}: {r.text}') for r in names.signals(kernel, root)
                if not r.alias and r.number == number]
    out += [line('kern_return_t', f'{r.name}: {r.text}') for r in names.kern_returns(root) if r.number in numbers]
    for row in table.mig(root):
        if number in (row.number, row.number + 100):
            out.append(line('MIG ' + ('request' if number == row.number else 'reply'), row.name))
    return '\n'.join(out) + '\n' if out else ''
