#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""darwin_forms as the kernel of every release answers it, and of none: only xnurun can be each of them. And which of them end a
program that breaks a port's guard: darwin_places does so. Prints TAP 13.

usage: forms.py darwin_forms darwin_places
"""
import os
import subprocess
import sys

ERAS = ('', '10.5', '10.6', '10.11', '10.13', '12', '13', '14', '15')
program, places = map(os.path.abspath, sys.argv[1:3])
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
for number, (era, ends) in enumerate((('', False), ('10.11', True), ('10.13', True), ('12', False)), len(ERAS) + 1):
    r = subprocess.run([runner, *([f'--xnu={era}'] if era else []), places, 'guard'], capture_output=True, text=True, timeout=60)
    good = (r.returncode == -9 and 'EXC_GUARD' in r.stderr) if ends else (r.returncode, r.stdout) == (0, 'refused\n')
    failed += not good
    print(f'{"ok" if good else "not ok"} {number} - {era or "every release at once"}: a broken guard {"is the end" if ends else "is refused"}')
    if not good:
        print(f'# status {r.returncode}, {r.stdout!r}, {r.stderr!r}')
print(f'1..{len(ERAS) + 4}')
sys.exit(failed != 0)
