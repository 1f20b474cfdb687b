# SPDX-License-Identifier: BSD-3-Clause
"""Offsets that assembly and C++ share, from sys/layout.tbl.

Lines: `Struct.field offset` gives Struct_field, `Struct size` gives Struct_size,
`CONST value` (all capitals) gives CONST. C++ asserts them against its own structs.
"""
import os
import re

from .table import Bad


def read(root):
    path = 'sys/layout.tbl'
    try:
        with open(os.path.join(root, path), encoding='utf-8') as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise Bad(f'{path}: {error.strerror}') from None
    result = []
    for count, line in enumerate(lines, 1):
        text, _, remark = line.partition('#')
        if not text.strip():
            continue
        found = re.fullmatch(r'\s*([A-Za-z_]\w*)(?:\.(\w+))?\s+(-?(?:0[xX][0-9a-fA-F]+|\d+))\s*', text)
        if not found:
            raise Bad(f'{path}:{count}: "{text.strip()}" is not `Struct.field offset`, '
                      '`Struct size` or `CONST value`')
        first, field, value = found.groups()
        name = f'{first}_{field}' if field else first if first.isupper() else f'{first}_size'
        if any(name == other for other, *_ in result):
            raise Bad(f'{path}:{count}: {name} is already defined')
        result.append((name, value, remark.strip()))
    return result


def inc(root):
    out = ['; SPDX-License-Identifier: BSD-3-Clause',
           '; Made by tools/abi from sys/layout.tbl; do not edit.']
    out += [f'{n:<32} equ {v}' + (f'    ; {r}' if r else '') for n, v, r in read(root)]
    return '\n'.join(out) + '\n'


def header(root):
    out = ['// SPDX-License-Identifier: BSD-3-Clause',
           '// Made by tools/abi from sys/layout.tbl; do not edit.',
           '// What assembly believes: whoever owns a struct asserts it against these.',
           '#pragma once', '#include "sys/types.h"', '', 'namespace trapeze::layout {']
    out += [f'inline constexpr i64 {n} = {v};' + (f'    // {r}' if r else '') for n, v, r in read(root)]
    return '\n'.join(out + ['}', ''])
