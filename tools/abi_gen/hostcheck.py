# SPDX-License-Identifier: BSD-3-Clause
"""Linux's numbers against the headers of the machine that builds: a check that every build makes."""
from . import names
from .table import X32_BIT, calls, current


def host_check(root):
    """A C++ file that the host's compiler accepts only if our Linux numbers are the host's.

    Ours are put into names of their own first: the host's headers are macros, which would
    rewrite lnx::EPERM. A number that only newer headers have is not compared.
    """
    out = ['// SPDX-License-Identifier: BSD-3-Clause',
           '// Made by tools/abi from sys/linux/*.tbl; do not edit.',
           '#include "sys/linux/errno.h"', '#include "sys/linux/numbers.h"', '', 'namespace ours {']
    rows = current(calls('linux', root)[0])
    errnos, signals = names.errnos('linux', root), names.signals('linux', root)
    out += [f'inline constexpr long nr_{r.name} = trapeze::lnx::SYS_{r.name};' for r in rows]
    out += [f'inline constexpr long e_{r.name} = trapeze::lnx::{r.name};' for r in errnos + signals]
    out += ['}', '', '#include <asm/unistd.h>', '#include <errno.h>', '#include <signal.h>', '']
    for row in rows:
        out += [f'#ifdef __NR_{row.name}',
                f'static_assert(ours::nr_{row.name} == __NR_{row.name}, "{row.where}");', '#endif']
    for row in errnos + signals:
        out += [f'#ifdef {row.name}', f'static_assert(ours::e_{row.name} == {row.name}, "{row.where}");', '#endif']
    out += ['', '// The host knows x32 too: the same names again, with other values.', '#if __has_include(<asm/unistd_x32.h>)']
    everything = calls('linux', root)[0]
    own = {r.name for r in everything if 'x32' in r.marks}
    out += [f'#undef __NR_{name}' for name in dict.fromkeys(r.name for r in everything)] + ['#include <asm/unistd_x32.h>']
    for row in everything:
        if 'x32' in row.marks or row.name not in own and 'old' not in row.marks:
            out += [f'#ifdef __NR_{row.name}',
                    f'static_assert(__NR_{row.name} == {row.number | X32_BIT}, "{row.where}");', '#endif']
    out.append('#endif')
    return '\n'.join(out) + '\n'


def host_missing(path, root):
    """Names that the host's unistd_64.h has and the table has not."""
    known = {r.name for r in calls('linux', root)[0]}
    with open(path, encoding='utf-8') as file:
        words = [line.split() for line in file]
    return [f'{path}: __NR_{w[1][5:]} ({w[2]}) is not in sys/linux/syscalls.tbl' for w in words
            if len(w) >= 3 and w[0] == '#define' and w[1].startswith('__NR_') and w[1][5:] not in known]
