# SPDX-License-Identifier: BSD-3-Clause
"""The command line of tools/abi."""
import os
import sys

from . import check, data, dispatch, emit, find, forms, hostcheck, layout, lint, names, show, table
from .table import Bad

USAGE = '''usage: tools/abi [--root DIR] COMMAND ...
for Meson (KERNEL is linux or darwin):
  asm KERNEL OUT.asm            trampolines
  header KERNEL OUT.h           their declarations
  numbers KERNEL OUT.h OUT.inc  SYS_*, TRAP_* (and MIG_*) for C++ and NASM
  errno KERNEL OUT.h            errno and signal numbers of one kernel; lookups declared
  running KERNEL OUT.h          the same lookups for the kernel that programs are built for
  kern_return OUT.h             mach_error_name, mach_error_text
  kern_numbers OUT.h            KERN_*, MACH_*, MIG_*
  names KERNEL WHAT COLUMN OUT.cpp   one lookup: WHAT errno, signal, kern_return; COLUMN name, text
  calltypes OUT.h               the types of the next
  data KERNEL OUT.h             tables of calls for decoding
  dispatch OUT.h OUT.h          xnurun's handlers declared, and what it does with each row
  forms OUT.h                   MIG's requests and replies: sizes, descriptors, counts
  values OUT.h                  names of Darwin's arguments' values, for traces
  xlat OUT.h                    errno and signal numbers of one kernel in the other's
  layout OUT.inc OUT.h          offsets that assembly and C++ share
  hostcheck OUT.cpp             static_asserts of Linux's numbers against the host's headers
for people:
  show KERNEL NAME              all about one call, by the kernel's or a library's name for it
  find NUMBER                   what a number is: eax, number in a class, x32's, errno, signal, result, MIG id
  check FOLDER                  the tables against the kernels' sources in a folder; --help says which
  lint [UNISTD.h]               checks the tables; with a host's unistd_64.h, that it has no more calls
'''


def write(path, text):
    """Leaves a file alone that says it already: then Ninja builds nothing anew that only depends on it (restat)."""
    try:
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                if file.read() == text:
                    return
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    except OSError as error:
        raise Bad(f'{path}: {error.strerror}') from None


def kernel(word):
    if word not in table.KERNELS:
        raise Bad(f'abi: "{word}" is not a kernel (linux, darwin)')
    return word


def what(word):
    if word not in ('errno', 'signal', 'kern_return'):
        raise Bad(f'abi: "{word}" is not one of errno, signal, kern_return')
    return word


def cmd_asm(root, k, out):
    write(out, emit.asm(kernel(k), root))


def cmd_header(root, k, out):
    write(out, emit.header(kernel(k), root))


def cmd_numbers(root, k, out_h, out_inc):
    write(out_h, emit.numbers_header(kernel(k), root))
    write(out_inc, emit.numbers_inc(k, root))


def cmd_errno(root, k, out):
    write(out, names.errno_header(kernel(k), root))


def cmd_running(root, k, out):
    write(out, names.running_header(kernel(k), root))


def cmd_kern_return(root, out):
    write(out, names.kern_return_header(root))


def cmd_kern_numbers(root, out):
    write(out, names.kern_return_numbers(root))


def cmd_names(root, k, w, column, out):
    if w == 'kern_return' and k != 'darwin':
        raise Bad('abi: only darwin has kern_return')
    if column not in ('name', 'text'):
        raise Bad(f'abi: "{column}" is not one of name, text')
    write(out, names.lookup(kernel(k), what(w), column, root))


def cmd_calltypes(_root, out):
    write(out, data.types_header())


def cmd_data(root, k, out):
    write(out, data.header(kernel(k), root))


def cmd_dispatch(root, handlers, out):
    write(handlers, dispatch.handlers_header(root))
    write(out, dispatch.dispatch_header(root))


def cmd_forms(root, out):
    write(out, forms.header(root))


def cmd_values(root, out):
    write(out, data.values_header(root))


def cmd_xlat(root, out):
    write(out, names.xlat_header(root))


def cmd_layout(root, out_inc, out_h):
    write(out_inc, layout.inc(root))
    write(out_h, layout.header(root))


def cmd_hostcheck(root, out):
    write(out, hostcheck.host_check(root))


def cmd_show(root, k, name):
    print(show.show(kernel(k), name, root), end='')


def cmd_find(root, number):
    text = find.find(table.number(number, 'abi'), root)
    if not text:
        raise Bad(f'abi: {number} is nothing that the tables know')
    print(text, end='')


def cmd_check(root, folder):
    if folder in ('-h', '--help'):
        print(check.help_text(), end='')
        return 0
    text, status = check.check(folder, root)
    print(text, end='')
    return status


def cmd_lint(root, unistd=None):
    found = list(lint.problems(root))
    if unistd:
        try:
            found += hostcheck.host_missing(unistd, root)
        except OSError as error:
            raise Bad(f'{unistd}: {error.strerror}') from None
    for problem in found:
        print(problem, file=sys.stderr)
    return 2 if found else 0


def main(words):
    root = table.ROOT
    if words[:1] == ['--root'] and len(words) > 1:
        root, words = os.path.abspath(words[1]), words[2:]
    if not words or words[0] in ('-h', '--help', 'help'):
        print(USAGE, end='', file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    command = globals().get('cmd_' + words[0])
    if command is None:
        print(f'abi: there is no command "{words[0]}"\n{USAGE}', end='', file=sys.stderr)
        return 2
    wanted = command.__code__.co_varnames[1:command.__code__.co_argcount]
    optional = len(command.__defaults__ or ())
    if not len(wanted) - optional <= len(words) - 1 <= len(wanted):
        print(f'abi: {words[0]} takes {len(wanted)} arguments, not {len(words) - 1}\n{USAGE}',
              end='', file=sys.stderr)
        return 2
    try:
        return command(root, *words[1:]) or 0
    except Bad as error:
        print(error, file=sys.stderr)
        return 2
