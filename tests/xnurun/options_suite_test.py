#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TAP programs under xnurun with an option: each must hold as it does without, and xnurun itself must be as silent.

usage: options_suite_test.py OPTION... -- [NAME=VALUE]... PROGRAM [ARG]... [-- ...]...

Prints TAP 13, a line for each program; of one that fails, its lines that are not ok and the end of its stderr. Programs run
two at a time.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

words, groups = sys.argv[1:], []
while '--' in words:
    groups.append(words[:words.index('--')])
    words = words[words.index('--') + 1:]
options, *programs = groups + [words]


def runner(program):
    return os.environ.get('XNURUN') or os.path.join(os.path.abspath(program).split('/build/')[0], 'build', 'xnurun')


def run(words):
    environment = dict(w.split('=', 1) for w in words if re.match(r'[A-Z_]+=', w))
    command = words[len(environment):]
    try:
        r = subprocess.run([runner(command[0]), *options, *command], capture_output=True, timeout=100, env={**os.environ, **environment})
    except subprocess.TimeoutExpired as e:
        return words, -1, e.stdout or b'', b'it did not end'
    return words, r.returncode, r.stdout, r.stderr


print('TAP version 13')
if not os.access(runner(programs[0][0]), os.X_OK):
    print(f'1..0 # SKIP no xnurun at {runner(programs[0][0])}')
    sys.exit(0)
failed = 0
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for number, (words, status, out, err) in enumerate(pool.map(run, programs), 1):
        out, err = out.decode(errors='replace'), err.decode(errors='replace')
        lines = out.splitlines()
        bad = [line for line in lines if line.startswith('not ok')]
        plan = [line for line in lines if line.startswith('1..')]
        held = [line for line in lines if line.startswith('ok ')]
        # Its own words beside what it always tells of refused and unknown calls, and of rights under --strict: none.
        own = [line for line in err.splitlines() if line.startswith('xnurun: ') and not re.search(' is refused: | no such trap$| rights? left: ', line)]
        passed = status == 0 and not bad and not own and plan == [f'1..{len(held)}']
        failed += not passed
        name = ' '.join(os.path.basename(w) for w in words)
        print(f'{"ok" if passed else "not ok"} {number} - {" ".join(options)} {name}: {len(held)} hold')
        if not passed:
            print(f'# status {status}', *bad[:20], *own[:20], *err.splitlines()[-5:], sep='\n# ')
print(f'1..{len(programs)}')
sys.exit(failed != 0)
