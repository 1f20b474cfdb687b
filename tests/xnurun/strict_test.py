#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--strict: what it refuses and tells, and that without it nothing is. Argument: darwin_strict. Prints TAP 13."""
import os
import re
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
runner = os.environ.get('XNURUN') or os.path.join(program.split('/build/')[0], 'build', 'xnurun')
number, failed = 0, 0


def check(passed, what, seen=''):
    global number, failed
    number += 1
    failed += not passed
    print(f'{"ok" if passed else "not ok"} {number} - {what}')
    if not passed:
        print('# ' + str(seen).replace('\n', '\n# '))


def run(*args):
    r = subprocess.run([runner, *args], capture_output=True, text=True, timeout=50)
    return r.returncode, r.stdout, [line for line in r.stderr.splitlines() if 'right' not in line]


print('TAP version 13')
if not os.access(runner, os.X_OK):
    print(f'1..0 # SKIP no xnurun at {runner}')
    sys.exit(0)
status, out, err = run(program, 'odd')
check(status == 0 and not err, 'odd pointers: nothing is said without --strict', (status, out, err))
status, out, err = run('--strict', program, 'odd')
check(status == 0 and 'not ok' not in out, 'with it they work as well', (status, out, err))
said = [re.match(r'xnurun: (\w+) at rip 0x[0-9a-f]+: (.*) is 0x[0-9a-f]+, no multiple of (\d+)$', line) for line in err]
said = [m and m.groups() for m in said]
wanted = [('gettimeofday', 'tp', '8'), ('getrlimit', 'rlp', '8'), ('sigaction', 'nsa', '8'), ('mach_msg_trap', 'msg', '4'), ('getpid', 'rsp', '8'),
          ('bsdthread_create', "the new thread's stack", '16')]
check(said == wanted, 'and each is told once for its place', '\n'.join(map(str, err + said)))
with tempfile.TemporaryDirectory() as folder:
    script = os.path.join(folder, 'script')
    with open(script, 'w', encoding='utf-8') as file:
        file.write('#!/bin/true\n')
    os.chmod(script, 0o755)
    status, out, err = run(program, 'executed', '/bin/true', script)
    check(status == 0 and 'not ok' not in out and not err, 'without --strict programs of the host are executed', (status, out, err))
    status, out, err = run('--strict', program, 'refused', '/bin/true', script)
    check(status == 0 and 'not ok' not in out and not err, 'with it they are ENOEXEC, by execve and posix_spawn, and as interpreters', (status, out, err))
print(f'1..{number}')
sys.exit(failed != 0)
