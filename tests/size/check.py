#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints a program's stripped size, holds it to its budget, and checks that the file needs nothing but the kernel
and holds no trampoline that it does not call: the linker drops the rest of some hundreds.

usage: check.py KERNEL BUDGET PROGRAM
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile


def tool(*names):
    return next(filter(None, map(shutil.which, names)), None) or sys.exit(f'none of {names} is installed; tools/setup installs them')


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_elf(path):
    segments = output(tool('readelf', 'llvm-readelf-19'), '-lW', path)
    for bad in ('INTERP', 'DYNAMIC'):
        if re.search(rf'^\s+{bad}\b', segments, re.M):
            sys.exit(f'{path} has a PT_{bad} segment:\n{segments}')
    if 'EXEC (Executable file)' not in segments:
        sys.exit(f'{path} is no fixed-address executable:\n{segments}')
    undefined = re.findall(r'\bUND (\S+)', output(tool('readelf', 'llvm-readelf-19'), '-sW', path))
    if undefined:
        sys.exit(f'{path} wants symbols from elsewhere: {undefined}')


def check_macho(path):
    commands = output(tool('llvm-objdump-19', 'llvm-objdump'), '--macho', '--private-headers', path)
    found = re.findall(r'^\s+cmd (\S+)', commands, re.M)
    if 'LC_UNIXTHREAD' not in found:
        sys.exit(f'{path} has no LC_UNIXTHREAD: {found}')
    for bad in found:
        if bad.startswith(('LC_LOAD_DYL', 'LC_LOAD_WEAK', 'LC_REEXPORT', 'LC_DYLD', 'LC_MAIN', 'LC_ID_DYL')):
            sys.exit(f'{path} has {bad}: it is not static')


def check_trampolines(kernel, path):
    objdump = tool('objdump', 'llvm-objdump-19') if kernel == 'linux' else tool('llvm-objdump-19', 'llvm-objdump')
    code = output(objdump, '-d', '--no-show-raw-insn', path)
    there = re.findall(r'^[0-9a-f]+ <_?(sys_\w+)>:', code, re.M)
    unused = [name for name in there if not re.search(rf'<_?{name}>(?!:)', code)]
    print(f'{os.path.basename(path)}: {len(there)} trampolines: {" ".join(there)}')
    if unused or not there:
        sys.exit(f'{path} holds trampolines that it does not call: {unused}' if there else f'{path}: no trampoline found')


def main(kernel, budget, program):
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, 'stripped')
        shutil.copy(program, stripped)
        if kernel == 'linux':
            check_elf(program)
            check_trampolines(kernel, program)
            subprocess.run([tool('llvm-strip-19', 'strip'), stripped], check=True)
        else:
            check_macho(program)  # stripped already: its symbols lie beside it
            check_trampolines(kernel, program + '.sym')
        size = os.path.getsize(stripped)
    print(f'{os.path.basename(program)}: {size} of {budget} bytes')
    if size > int(budget):
        sys.exit(f'{os.path.basename(program)} is {size - int(budget)} bytes over its budget of {budget}')


main(*sys.argv[1:])
