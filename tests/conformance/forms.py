#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""darwin_forms as the kernel of every release answers it, and of none: only xnurun can be each of them. Prints TAP 13.

usage: forms.py PROGRAM
"""
import os
import subprocess
import sys

ERAS = ('', '10.5', '10.6', '10.11', '10.13', '12', '13', '14', '15')
program = os.path.abspath(sys.argv[1])
runner = os.environ.get('XNURUN') or program.split('/build/')[0] + '/build/xnurun'
print('TAP version 13')
failed = 0
for number, era in enumerate(ERAS, 1):
    options, words = ([f'--xnu={era}'], [era]) if era else ([], [])
    r = subprocess.run([runner, *options, program, *words], capture_output=True, text=True, timeout=60)
    lines = r.stdout.splitlines()
    good = r.returncode == 0 and any(line.startswith('1..') for line in lines)
    failed += not good
    count = sum(line.startswith('ok ') for line in lines)
    print(f'{"ok" if good else "not ok"} {number} - {era or "every release at once"}: {count} facts about routines')
    if not good:
        print('\n'.join('# ' + line for line in lines if not line.startswith('ok ')), f'# status {r.returncode}', '# ' + r.stderr[-2000:], sep='\n')
print(f'1..{len(ERAS)}')
sys.exit(failed != 0)
