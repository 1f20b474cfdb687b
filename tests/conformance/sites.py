#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs darwin_sites as any program, and with --fast, soon and at once, where xnurun is what runs it, and passes its TAP on."""
import os
import subprocess
import sys

program = os.path.abspath(sys.argv[1])
runner = os.environ.get('XNURUN') or os.path.join(program.split('/build/')[0], 'build', 'xnurun')
number, failed = 0, 0
print('TAP version 13')
for options, args in (([], []), (['--fast'], ['rewritten']), (['--fast=1'], ['rewritten'])):
    how = ' '.join(options) or 'as it is'
    r = subprocess.run([runner, *options, program, *args], capture_output=True, text=True, timeout=50)
    for line in r.stdout.splitlines():
        state, _, sentence = line.partition(' - ')
        if state.startswith(('ok ', 'not ok ')):
            number += 1
            failed += state.startswith('not')
            print(f'{state.rsplit(" ", 1)[0]} {number} - {how}: {sentence}')
        elif line.startswith('#'):
            print(line)
    number += 1
    whole = r.returncode == 0 and '1..' in r.stdout and not r.stderr
    failed += not whole
    print(f'{"ok" if whole else "not ok"} {number} - {how}: to its end')
    if not whole:
        print(f'# status {r.returncode}', *r.stderr.splitlines(), sep='\n# ')
print(f'1..{number}')
sys.exit(failed != 0)
