# SPDX-License-Identifier: BSD-3-Clause
"""errno, signals and kern_return: enums, names, texts, and the translation between kernels.

An errno row whose text is `= NAME` is a second name for that number. The last column
of errno and signal tables names the other kernel's counterpart where it is not the one
of the same name: a name, or `none`.
"""
from . import table
from .emit import NOTE
from .table import Bad, NAMESPACE

HEAD = '// SPDX-License-Identifier: BSD-3-Clause\n// ' + NOTE + '\n'


def errnos(kernel, root):
    rows, _ = table.read(f'sys/{kernel}/errno.tbl', table.ERRNO_COLUMNS, root)
    return check_unique(rows, alias=lambda r: r.text.startswith('= '))


def signals(kernel, root):
    rows, _ = table.read(f'sys/{kernel}/signal.tbl', table.SIGNAL_COLUMNS, root)
    for row in rows:
        if row.action not in ('term', 'core', 'ignore', 'stop', 'cont'):
            raise Bad(f'{row.where}: unknown default action "{row.action}"')
    return check_unique(rows, alias=lambda r: r.text.startswith('= '))


def kern_returns(root):
    rows, _ = table.read('sys/darwin/kern_return.tbl', table.KERN_COLUMNS, root)
    return check_unique(rows, alias=lambda r: r.text.startswith('= '))


def check_unique(rows, alias):
    numbers, names = {}, {}
    for row in rows:
        row.alias = alias(row)
        if row.name in names:
            raise Bad(f'{row.where}: {row.name} is already at line {names[row.name].line}')
        names[row.name] = row
        if not row.alias:
            if row.number in numbers:
                raise Bad(f'{row.where}: number {row.number} is already {numbers[row.number].name} '
                          f'at line {numbers[row.number].line}')
            numbers[row.number] = row
    for row in rows:
        if row.alias:
            of = names.get(row.text[2:])
            if of is None or of.number != row.number:
                raise Bad(f'{row.where}: {row.name} is not the same as "{row.text[2:]}"')
    return rows


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def enum(rows, kind='i32'):
    return '\n'.join([f'enum : {kind} {{'] + [f'    {r.name} = {r.number},' for r in rows] + ['};'])


def errno_header(kernel, root):
    space = NAMESPACE[kernel]
    return HEAD.format(f'sys/{kernel}/{{errno,signal}}.tbl') + f'''// Names and texts: null for a number that the kernel does not have.
#pragma once
#include "sys/types.h"

namespace trapeze::{space} {{
{enum(errnos(kernel, root))}
{enum(signals(kernel, root))}

[[gnu::cold]] const char* errno_name(i32 number);
[[gnu::cold]] const char* errno_text(i32 number);
[[gnu::cold]] const char* signal_name(i32 number);
[[gnu::cold]] const char* signal_text(i32 number);
}}
'''


def running_header(kernel, _root):
    """sys/errno.h: the kernel that the program is built for."""
    return HEAD.format('nothing but the kernel chosen') + f'''#pragma once
#include "sys/{kernel}/errno.h"

namespace trapeze {{
using {NAMESPACE[kernel]}::errno_name;
using {NAMESPACE[kernel]}::errno_text;
using {NAMESPACE[kernel]}::signal_name;
using {NAMESPACE[kernel]}::signal_text;
}}
'''


def kern_return_header(root):
    return HEAD.format('sys/darwin/kern_return.tbl') + f'''// kern_return_t, mach_msg_return_t and MIG errors. Null for a number that is none of them.
#pragma once
#include "sys/types.h"

namespace trapeze {{
[[gnu::cold]] const char* mach_error_name(i32 code);
[[gnu::cold]] const char* mach_error_text(i32 code);
}}
'''


def kern_return_numbers(root):
    return HEAD.format('sys/darwin/kern_return.tbl') + f'''#pragma once
#include "sys/types.h"

namespace trapeze::xnu {{
{enum(kern_returns(root))}
}}
'''


def lookup(kernel, what, column, root):
    """OUT.cpp of one function, e.g. errno_name.

    One string in which the n-th piece belongs to the n-th number, and a walk over it: the
    path is one of errors, and a switch or a table would carry a pointer for each piece. Mach's
    numbers lie in a few runs; one that is in none finds the empty piece which ends the string.
    A file for each function, so that a program that prints names carries no texts.
    """
    rows = {'errno': lambda: errnos(kernel, root), 'signal': lambda: signals(kernel, root),
            'kern_return': lambda: kern_returns(root)}[what]()
    by_number = {r.number: getattr(r, column) for r in rows if not r.alias}
    numbers = sorted(by_number)
    if what != 'kern_return':
        runs = [range(max(numbers) + 1)]
        header, space, function = f'sys/{kernel}/errno.h', f'trapeze::{NAMESPACE[kernel]}', f'{what}_{column}'
        values, index = '', f'if (number < 0 || number >= {len(runs[0])}) return nullptr;\n    i32 index = number;'
    else:
        runs = []
        for n in numbers:
            if runs and n < runs[-1].stop + 8:  # a gap costs an empty piece each
                runs[-1] = range(runs[-1].start, n + 1)
            else:
                runs.append(range(n, n + 1))
        header, space, function = 'sys/kern_return.h', 'trapeze', f'mach_error_{column}'
        values = 'constexpr struct {\n    i32 first;\n    u32 count;\n} runs[] = {' + ', '.join(f'{{{r.start}, {len(r)}}}' for r in runs) + '};\n'
        index = '''i32 index = 0;
    for (const auto& run : runs) {
        const u32 at = static_cast<u32>(number) - static_cast<u32>(run.first);
        if (at < run.count) {
            index += static_cast<i32>(at);
            break;
        }
        index += static_cast<i32>(run.count);
    }'''
    pieces = '\n'.join(f'    {quote(by_number.get(n, ""))[:-1]}\\0"' for run in runs for n in run)
    return HEAD.format(f'sys/{kernel}/{what}.tbl') + f'''#include "{header}"

namespace {space} {{
namespace {{
{values}constexpr char pieces[] =
{pieces};
}}

const char* {function}(i32 number)
{{
    {index}
    const char* piece = pieces;
    for (; index > 0; piece++)
        if (!*piece) index--;
    return *piece ? piece : nullptr;
}}
}}
'''


def pairs(here, there):
    """(number here, number there or 0) for every number of `here`"""
    by_name = {r.name: r.number for r in there}
    result = {}
    for row in here:
        if row.alias:
            continue
        if row.other == 'none':
            result[row.number] = 0
        elif row.other == '-':
            result[row.number] = by_name.get(row.name, 0)
        elif row.other in by_name:
            result[row.number] = by_name[row.other]
        else:
            raise Bad(f'{row.where}: the other kernel has no {row.other}')
    return result


def xlat_header(root):
    out = [HEAD.format('sys/*/errno.tbl and signal.tbl'),
           '// Numbers of one kernel as the other has them; 0: no counterpart, or no such number.',
           '#pragma once', '#include "sys/types.h"', '', 'namespace trapeze {']
    for what, read in (('errno', errnos), ('signal', signals)):
        linux, darwin = read('linux', root), read('darwin', root)
        for name, here, there in (('lnx_to_xnu', linux, darwin), ('xnu_to_lnx', darwin, linux)):
            numbers = pairs(here, there)
            limit = max(numbers)
            row = [str(numbers.get(n, 0)) for n in range(limit + 1)]
            lines = ['    ' + ', '.join(row[i:i + 20]) + ',' for i in range(0, len(row), 20)]
            out += [f'inline constexpr u8 {what}_{name}_table[{limit + 1}] = {{', *lines, '};',
                    f'constexpr i32 {what}_{name}(i32 n)', '{',
                    f'    return n > 0 && n <= {limit} ? {what}_{name}_table[n] : 0;', '}']
        if what == 'signal':
            actions = {r.number: r.action for r in darwin if not r.alias}
            limit = max(actions)
            out += ['enum class SignalAction : u8 { none, term, core, ignore, stop, cont };',
                    f'inline constexpr SignalAction xnu_signal_action[{limit + 1}] = {{',
                    *(f'    SignalAction::{actions.get(n, "none")},' for n in range(limit + 1)), '};']
    return '\n'.join(out + ['}', ''])
