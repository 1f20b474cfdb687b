#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""darwin_ages under every --xnu=ERA, and without: what changed from release to release is as that one has it. Only xnurun can
be another release; elsewhere there is nothing to compare. One line of TAP for each run; the program's own lines that failed follow it.
"""
import os
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
runner = os.environ.get('XNURUN') or program.split('/build/')[0] + '/build/xnurun'
ERAS = ('', '10.5', '10.6', '10.11', '10.13', '12', '13', '14', '15')

print('TAP version 13')
if not os.access(runner, os.X_OK):
    print(f'1..0 # SKIP no xnurun at {runner}')
    sys.exit(0)
number = failed = 0
with tempfile.TemporaryDirectory() as folder:
    for era in ERAS:
        for more in ([], ['validate']):
            options = [f'--xnu={era}'] if era else []
            r = subprocess.run([runner, *options, program, era or 'any', os.path.join(folder, 'file'), *more], capture_output=True, text=True, timeout=60)
            lines = r.stdout.splitlines()
            bad = [line for line in lines if not line.startswith(('ok', 'TAP', '1..'))]
            number += 1
            passed = r.returncode == 0 and not bad and lines and lines[-1].startswith('1..')
            failed += not passed
            print(f'{"ok" if passed else "not ok"} {number} - {era or "every release"}{" with tokens" if more else ""}: {len(lines) - 2} facts')
            if not passed:
                print('# status', r.returncode, *bad, *r.stderr.splitlines()[-3:], sep='\n# ')
print(f'1..{number}')
sys.exit(failed != 0)
