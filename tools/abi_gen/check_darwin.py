# SPDX-License-Identifier: BSD-3-Clause
"""The Darwin half of `tools/abi check`: every version of XNU against all four tables.

Traps: a number without a row of that time, a row of a time when the kernel had none, name,
result, how many arguments, and of each its name and whether it is a pointer, 32 or 64 bits
wide. MIG routines: check_mig.py; names of values: check_values.py. A difference that several versions have is one line; its
source is the first and the last of them.
"""
from . import check_mig, check_values, kinds, table, xnu_calls, xnu_config, xnu_tree
from .xnu_tree import version

KERNEL = 'darwin'
HOW = '''xnu/              a git repository, bare or not, with the tags of Apple's xnu:
                  git clone --bare https://github.com/apple-oss-distributions/xnu FOLDER/xnu
xnu-VERSION/      or, if there is no xnu/, some versions unpacked; of each at least
                  bsd/kern/syscalls.master, config/ (older: bsd/conf, osfmk/conf), osfmk/
'''

INDIRECT = ('syscall', 'nosys')      # number 0: <sys/syscall.h> has SYS_syscall, the master file nosys

# The table's results that fit a C type of syscalls.master.
INT = {'zero', 'i32', 'fd', 'pid', 'uid', 'gid', 'mode', 'boolean', 'fds', 'fork', 'none', 'nothing', 'size'}
RESULTS = {'int': INT, 'int32_t': INT, 'void': {'noreturn', 'nothing'}, 'uint32_t': {'u32', 'port'}, 'user_ssize_t': {'size'},
           'uint64_t': {'u64'}, 'off_t': {'off'}, 'user_addr_t': {'addr'}, 'mach_port_name_t': {'port', 'u32'},
           'kern_return_t': {'kr'}, 'mach_msg_return_t': {'mr'}, 'boolean_t': {'boolean'}, 'value': {'i32', 'i64'},
           'bsd': {'i32', 'zero'}, 'user_size_t': {'size'}}


class Found:
    """Differences by their text, with the versions that have them; and how many facts were compared."""
    def __init__(self):
        self.tags, self.compared = {}, 0

    def note(self, tag, cls, number, name, what):
        self.tags.setdefault(f'{cls} {number} {name}: {what}', []).append(tag)

    def tell(self, report):
        report.compared += self.compared - len(self.tags)
        for text, tags in self.tags.items():
            report.fact(tags[0] if len(tags) == 1 else f'{tags[0]} .. {tags[-1]}', False, text)


def active(row, numbers):
    """Era ends are versions of tags; an open end reaches everything."""
    return (row.since or ()) <= numbers and (row.until is None or numbers <= row.until)


def width(arg):
    if arg.pointer:
        return 'ptr'
    ctype = kinds.SCALARS[arg.kind][0]
    return 'ptr' if '*' in ctype else '64' if ctype in ('i64', 'u64', 'usize', 'isize') else '32'


WIDTHS = {'ptr': 'a pointer', '64': '64 bits', '32': '32 bits'}


def differ(row, entry):
    """What one row and the kernel's entry disagree about"""
    if row.name != entry.name:
        if (row.name, entry.name) != INDIRECT:
            yield f'name: the kernel has {entry.name}'
        return
    if entry.result not in RESULTS:
        yield f'result: {entry.result} is not known here'
    elif row.result not in RESULTS[entry.result]:
        yield f'result: {row.result}, the kernel has {entry.result}'
    if len(row.args) != len(entry.args):
        yield f'arguments: {len(row.args)}, the kernel takes {len(entry.args)}'
        return
    for mine, (name, theirs) in zip(row.args, entry.args):
        if theirs and width(mine) != theirs:
            yield f'width: {mine.name} is {WIDTHS[width(mine)]}, the kernel has {WIDTHS[theirs]}'
        if name and name != mine.name:
            yield f'spelling: {mine.name} is {name} in the kernel'


def traps(tree, root, found):
    rows = {cls: {} for cls in table.KERNELS['darwin']}
    for cls, numbers in rows.items():
        for row in table.calls(cls, root)[0]:
            numbers.setdefault(row.number, []).append(row)
    for tag in tree.tags:
        config = xnu_config.release(tree, tag)
        for cls, numbers in rows.items():
            entries = xnu_calls.read(tree, tag, cls, config)
            if entries is None:
                found.note(tag, cls, '-', '-', 'source: the table of this class is not there')
                continue
            for number in sorted(set(entries) | set(numbers)):
                mine = [r for r in numbers.get(number, []) if active(r, version(tag))]
                entry = entries.get(number)
                found.compared += 1
                if entry and not mine:
                    found.note(tag, cls, number, entry.name, 'missing: the kernel has it, no row of that time does')
                elif mine and not entry:
                    found.note(tag, cls, number, mine[0].name, 'era: a row of that time, but the kernel has none')
                elif mine:
                    found.compared += 2 + 2 * len(mine[0].args)
                    for what in differ(mine[0], entry):
                        found.note(tag, cls, number, mine[0].name, what)


def sources(folder):
    tree = xnu_tree.Tree(folder)
    tree.close()
    return tree.tags


def compare(folder, root, report):
    tree, found = xnu_tree.Tree(folder), Found()
    traps(tree, root, found)
    check_mig.routines(tree, root, found)
    check_values.compare(tree, root, found)
    tree.close()
    found.tell(report)
