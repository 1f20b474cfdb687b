#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs images that are whole Mach-O files (imitation_image.asm at several addresses) and passes their TAP on.

An address below what the host lets this user map is skipped by name.
"""
import os
import shutil
import subprocess
import sys
import tempfile

images = sys.argv[1:]
number, failed = 0, 0


def runner(image):
    """As the cross file's exe_wrapper finds it."""
    return os.environ.get('XNURUN') or os.path.join(os.path.abspath(image).split('/build/')[0], 'build', 'xnurun')


print('TAP version 13')
for image in images:
    base = image.rsplit('_', 1)[1]
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'image')
        shutil.copy(image, program)
        os.chmod(program, 0o755)
        r = subprocess.run([runner(image), program], capture_output=True, text=True, timeout=50)
    if 'mmap_min_addr' in r.stderr:
        number += 1
        print(f'ok {number} - an image at {base} # SKIP vm.mmap_min_addr')
        continue
    for line in r.stdout.splitlines():
        state, _, sentence = line.partition(' - ')
        if state in ('ok', 'not ok'):
            number += 1
            failed += state != 'ok'
            print(f'{state} {number} - {sentence}, at {base}')
    number += 1
    whole = r.returncode == 0 and '1..' in r.stdout and not r.stderr
    failed += not whole
    print(f'{"ok" if whole else "not ok"} {number} - to its end, at {base}')
    if not whole:
        print(f'# status {r.returncode}')
        for line in r.stderr.splitlines():
            print('#', line)
print(f'1..{number}')
sys.exit(failed != 0)
