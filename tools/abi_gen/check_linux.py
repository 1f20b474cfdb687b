# SPDX-License-Identifier: BSD-3-Clause
"""The Linux half of `tools/abi check`: numbers, names, eras, argument counts and widths.

Each release says which calls it has: a line of syscall_64.tbl with an entry point (before
3.3, a __SYSCALL of unistd_64.h). The era of our row must agree in every release that is
there. Prototypes are compared argument by argument: pointer or not, and 32 or 64 bits,
since a caller that was told 32 leaves the upper half of the register to chance.
"""
import os
import re

from . import check_linux_others as others, table
from .table import Bad, calls

KERNEL = 'linux'
HOW = '''  linux-<version>/     for each release of https://github.com/torvalds/linux or a copy of one: the whole tree,
                       or of it, each by its path or all in one folder:
                         arch/x86/entry/syscalls/syscall_64.tbl    (arch/x86/syscalls in 3.3 to 4.1;
                         before: arch/x86/include/asm/unistd_64.h, include/asm-x86_64/unistd.h)
                         include/linux/syscalls.h, arch/x86/include/asm/syscalls.h
                       Where the files that define the calls are there too, the tables' sources are looked up.
''' + others.HOW
TABLES = ('arch/x86/entry/syscalls/syscall_64.tbl', 'arch/x86/syscalls/syscall_64.tbl', 'syscall_64.tbl',
          'arch/x86/include/asm/unistd_64.h', 'include/asm-x86/unistd_64.h', 'include/asm-x86_64/unistd.h', 'unistd_64.h')
PROTOTYPES = ('include/linux/syscalls.h', 'syscalls.h', 'arch/x86/include/asm/syscalls.h', 'asm_syscalls.h')

DEFINED_AS = {'umount2': 'umount', '_sysctl': 'sysctl'}

NARROW = {'int', 'unsigned int', 'unsigned', 'pid_t', 'uid_t', 'gid_t', 'qid_t', 'key_t', 'mqd_t', 'clockid_t', 'timer_t',
          'key_serial_t', 'rwf_t', 'u32', '__u32', 's32', '__s32', 'int32_t', 'uint32_t', 'umode_t', 'mode_t', 'short',
          'enum landlock_rule_type'}
WIDE = {'long', 'unsigned long', 'long int', 'size_t', 'off_t', 'loff_t', 'aio_context_t', 'u64', '__u64', 'uint64_t',
        'u_long', 'union semun'}


def version(name):
    found = re.fullmatch(r'linux-(\d+(?:\.\d+)*)', name)
    return tuple(int(n) for n in found.group(1).split('.')) if found else None


def text_of(folder, names):
    """The first of these files that is there."""
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, encoding='utf-8', errors='replace') as file:
                return file.read()
    return None


def sources(folder):
    found = [n for n in os.listdir(folder) if version(n) and text_of(os.path.join(folder, n), TABLES) is not None]
    return sorted(found, key=version) + others.sources(folder)


def numbers(text):
    """number -> (abi, name, entry or '') of syscall_64.tbl or unistd_64.h"""
    found = {}
    if '__NR_' not in text:
        for line in text.splitlines():
            words = line.split('#')[0].split()
            if len(words) >= 3 and words[0].isdigit():
                entry = words[3] if len(words) > 3 else ''
                found[int(words[0])] = (words[1], words[2], '' if entry.endswith('sys_ni_syscall') else entry)
        return found
    entries = dict(re.findall(r'__SYSCALL\(\s*__NR_(\w+)\s*,\s*(\w+)\s*\)', text))
    for name, number in re.findall(r'#define\s+__NR_(\w+)\s+(\d+)', text):
        entry = entries.get(name, '')
        found[int(number)] = ('common', name, '' if entry.endswith('sys_ni_syscall') else entry)
    return found


def parameters(text):
    """[(kernel's words, 'pointer' | 'narrow' | 'wide' | 'unknown')] of one prototype's parentheses"""
    out = []
    for part in text.split(','):
        words = ' '.join(re.sub(r'\b(__user|const)\b', ' ', part).split())
        if words in ('void', ''):
            continue
        if '*' in words or words.startswith('cap_user') or '[' in words:
            out.append((part.strip(), 'pointer'))
            continue
        kind = next((k for t in (words, words.rpartition(' ')[0])       # parameters need no name
                     for k, types in (('narrow', NARROW), ('wide', WIDE)) if t in types), 'unknown')
        out.append((part.strip(), kind))
    return out


def prototypes(text):
    """entry -> [parameters, ...]: some have one for each configuration

    Before 4.17 a few took the saved registers instead of their arguments: those say nothing.
    """
    found = {}
    text = re.sub(r'/\*.*?\*/|//[^\n]*', ' ', text, flags=re.S)
    for name, inside in re.findall(r'\b((?:sys|ksys|stub)_\w+)\s*\(([^()]*)\)\s*;', text):
        if 'pt_regs' not in inside:
            found.setdefault(name, []).append(parameters(' '.join(inside.split())))
    return found


def has(row, release):
    """Whether the row's era covers a release; only as many numbers as the era gives are compared."""
    since, until = row.since, row.until
    return (since is None or release >= since) and (until is None or release[:len(until)] <= until)


def width(arg):
    if arg.kind == 'addr':
        return ('pointer', 'wide')
    ctype = arg.ctype('lnx')
    if ctype.endswith('*'):
        return ('pointer',)
    return ('narrow',) if ctype in ('i32', 'u32') else ('wide',)


def row_of(rows, release):
    """Of the rows that share a number the one of that release, or the newest."""
    return next((r for r in rows if has(r, release)), min(rows, key=table.era_rank))


def compare_release(source, theirs, protos, rows, report):
    release, by_number = version(source), {}
    for row in rows:
        by_number.setdefault(row.number, []).append(row)
    own = {name for abi, name, _ in theirs.values() if abi == 'x32'}        # names that x32 has a second number for
    for number, same in sorted(by_number.items()):
        row = row_of(same, release)
        abi, name, entry = theirs.get(number, ('', '', ''))
        report.fact(source, not name or name == row.name, f'{number} is {name} there, {row.name} here')
        if name and name != row.name:
            continue
        report.fact(source, not name or ('x32' in row.marks) == (abi == 'x32'), f'{number} {row.name} is of {abi} there')
        there, here = bool(entry), has(row, release) and 'enosys' not in row.marks
        report.fact(source, there == here, f'{number} {row.name} ' +
                    ('is there already or still' if there else 'is not there') + f', era here {row.era}')
        if there and here and 'x32' not in row.marks:
            if own:
                report.fact(source, (abi == '64') == (name in own), f'{number} {name} is of {abi} there, though x32 has ' +
                            ('one of its own' if name in own else 'no other'))
            compare_arguments(source, row, protos.get(entry) or protos.get('sys_' + row.name), report)
    for number in sorted(set(theirs) - set(by_number)):
        report.fact(source, False, f'{number} {theirs[number][1]} is only there')


def compare_arguments(source, row, choices, report):
    if not choices:
        return
    wrong = []
    for params in choices:
        if len(params) != len(row.args):
            wrong.append(f'{len(params)} arguments there, {len(row.args)} here')
            continue
        bad = [f'argument {n} is "{words}" there, {arg.name}:{arg.text} here'
               for n, ((words, kind), arg) in enumerate(zip(params, row.args), 1) if kind not in width(arg)]
        if not bad:
            wrong = []
            break
        wrong += bad
    report.compared += len(row.args)
    report.fact(source, not wrong, f'{row.number} {row.name}: {"; ".join(wrong)}')


def compare_definitions(source, tree, rows, report):
    """The file that a row gives as its source must define the call, where that file is there."""
    if version(source) is None:
        return
    for row in rows:
        text = text_of(tree, (row.source,))
        if text is None or 'x32' in row.marks or 'enosys' in row.marks or not has(row, version(source)):
            continue
        name = DEFINED_AS.get(row.name, row.name)
        pattern = rf'(SYSCALL\w*_DEFINE\w*\(\s*{name}\s*[,)])|\bsys_{name}\s*\('
        report.fact(source, re.search(pattern, text) is not None, f'{row.number} {row.name} is not defined in {row.source}')


def compare(folder, root, report):
    rows = calls('linux', root)[0]
    names = [name for name in sources(folder) if version(name)]
    for name in names:
        tree = os.path.join(folder, name)
        theirs = numbers(text_of(tree, TABLES))
        if not theirs:
            raise Bad(f'{tree}: no system call in its table')
        protos = {}
        for path in PROTOTYPES:
            for entry, more in prototypes(text_of(tree, (path,)) or '').items():
                protos.setdefault(entry, []).extend(more)
        compare_release(name, theirs, protos, rows, report)
    if names:
        compare_definitions(names[-1], os.path.join(folder, names[-1]), rows, report)
    others.compare(folder, rows, report)
