# SPDX-License-Identifier: BSD-3-Clause
"""Tables for decoding: for each class an array indexed by number.

Where a number had several meanings over time, the array holds the newest and `older`
leads to the ones before. The types (Call, CallArg, Kind, CallResult) are the same in
every such header and are made into one of their own: `tools/abi calltypes`.
"""
from . import kinds, table
from .emit import NOTE
from .names import HEAD, quote
from .table import KERNELS, NAMESPACE, calls, era_rank


def enumerators(words):
    return ', '.join(words)


def types_header():
    scalars = ',\n    '.join(f'{name}' for name in kinds.SCALARS)
    results = ', '.join(kinds.RESULTS)
    return HEAD.format('tools/abi_gen/kinds.py') + f'''// How the tables describe a call. A pointer's length is an argument's index (length_arg), a
// number (length), or, with length_indirect, behind the pointer that is that argument.
#pragma once
#include "sys/types.h"

namespace trapeze {{
enum class Kind : u8 {{
    none,
    in, out, inout,
    {scalars}
}};
enum class CallResult : u8 {{ {results} }};

struct CallArg {{
    const char* name;
    const char* type;           // as in the table: "fd", "out timespec", "in[count]"
    Kind kind;                  // in, out, inout: a pointer to `target`s
    Kind target;                // none: bytes, or the struct of that name
    const char* structure;      // its name or null
    i8 length_arg;              // -1: none
    bool length_indirect;
    u32 length;                 // 0: none; elements of target, or bytes
}};

// Versions are xnu's or Linux's first two numbers: major * 1000 + minor; 0 is an open end.
struct Call {{
    const char* name;           // null: no such number
    const CallArg* args;
    const Call* older;          // what the number meant before, or null
    u32 since, until;
    u16 row;                    // its place in the class's table
    u8 argc;
    CallResult result;
    bool enosys;                // answered with ENOSYS, but known: no signal
}};
}}
'''


def version(numbers):
    return 0 if numbers is None else numbers[0] * 1000 + (numbers[1] if len(numbers) > 1 else 0)


def argument(arg, args):
    length_arg, length, indirect = -1, 0, arg.length.startswith('*')
    word = arg.length.lstrip('*')
    if word.isdigit():
        length = int(word)
    elif word:
        length_arg = [a.name for a in args].index(word)
    scalar = arg.target in kinds.SCALARS
    return (f'{{{quote(arg.name)}, {quote(arg.text)}, Kind::{arg.kind}, '
            f'Kind::{arg.target if scalar else "none"}, '
            f'{quote(arg.target) if arg.target and not scalar else "nullptr"}, '
            f'{length_arg}, {"true" if indirect else "false"}, {length}}}')


def call(row, name, older):
    return (f'{{{quote(row.name)}, {name if row.args else "nullptr"}, {older}, '
            f'{version(row.since)}, {version(row.until)}, {row.index}, {len(row.args)}, '
            f'CallResult::{row.result}, {"true" if "enosys" in row.marks else "false"}}}')


def header(kernel, root):
    space = NAMESPACE[kernel]
    out = [HEAD.format(f'sys/{kernel}/*.tbl').rstrip(), '#pragma once',
           '#include "sys/calltypes.h"', '', f'namespace trapeze::{space} {{']
    for cls in KERNELS[kernel]:
        numbers = {}
        for row in calls(cls, root)[0]:
            numbers.setdefault(row.number, []).append(row)
        newest = {}
        for number in sorted(numbers):
            older = 'nullptr'
            eras = sorted(numbers[number], key=era_rank)
            for rank in range(len(eras) - 1, -1, -1):
                row, name = eras[rank], f'{cls}_{number}_{rank}'
                if row.args:
                    inner = ',\n    '.join(argument(a, row.args) for a in row.args)
                    out.append(f'inline constexpr CallArg {name}_args[] = {{\n    {inner}}};')
                text = call(row, f'{name}_args', older)
                if rank:
                    out.append(f'inline constexpr Call {name} = {text};')
                    older = f'&{name}'
                else:
                    newest[number] = text
        limit = max(numbers)
        out.append(f'inline constexpr Call {cls}_calls[{limit + 1}] = {{')
        empty = '{nullptr, nullptr, nullptr, 0, 0, 0, 0, CallResult::none, false}'
        out += [f'    {newest.get(n, empty)},' for n in range(limit + 1)] + ['};']
    if kernel == 'darwin':
        newest = {r.number: r for r in sorted(table.mig(root), key=era_rank, reverse=True)}
        rows = [newest[n] for n in sorted(newest)]
        out += ['struct MigRoutine { i32 id; const char* name; };',
                f'inline constexpr MigRoutine mig_routines[{len(rows)}] = {{']
        out += [f'    {{{r.number}, {quote(r.name)}}},' for r in rows] + ['};']
    return '\n'.join(out + ['}', ''])


def values_header(root):
    """Names of arguments' values by kind, for traces"""
    sets = {}
    for row in table.values(root):
        sets.setdefault((row.kind, row.way), []).append(row)
    out = [HEAD.format('sys/darwin/values.tbl').rstrip(), '#pragma once', '#include "sys/calltypes.h"', '',
           'namespace trapeze::xnu {', 'struct ValueName { u32 number; const char* name; };',
           'struct ValueSet { Kind kind; bool bits; const ValueName* names; u32 count; };']
    for (kind, way), rows in sets.items():
        inner = ', '.join(f'{{{r.number & 0xffffffff:#x}, {quote(r.name)}}}' for r in rows)
        out.append(f'inline constexpr ValueName {kind}_{way}[] = {{{inner}}};')
    entries = [f'    {{Kind::{kind}, {"true" if way == "bits" else "false"}, {kind}_{way}, {len(rows)}}},'
               for (kind, way), rows in sets.items()]
    entries += [f'    {{Kind::{kind}, true, {same}_bits, {len(sets[same, "bits"])}}},' for kind, same in kinds.SAME_VALUES.items()
                if (same, 'bits') in sets]
    out += [f'inline constexpr ValueSet value_sets[{len(entries)}] = {{', *entries]
    return '\n'.join(out + ['};', '}', ''])
