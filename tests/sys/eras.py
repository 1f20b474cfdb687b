#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs programs as other releases would, and with traps that are interrupted. Only xnurun can do either.

usage: eras.py CASE PROGRAM...
"""
import os
import subprocess
import sys

ERAS = {'10.5': '9', '10.6': '10', '10.11': '15', '10.13': '17', '12': '21', '13': '22', '14': '23', '15': '24'}
MODERN = ('13', '14', '15')


def run(program, *words):
    runner = os.environ.get('XNURUN') or program.split('/build/')[0] + '/build/xnurun'
    options = [w for w in words if w.startswith('--')]
    try:
        r = subprocess.run([runner, *options, program, *words[len(options):]], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired as e:
        sys.exit(f'{words}: hangs; it said {e.stdout!r} {e.stderr!r}')
    return r


def says(want, program, *words):
    r = run(program, *words)
    if (r.returncode, r.stdout) != (0, want):
        sys.exit(f'{words}: status {r.returncode}, output {r.stdout!r}, wanted {want!r}; error output:\n{r.stderr}')
    return r


def releases(program):
    for era, major in ERAS.items():
        says(f'{major}\n', program, f'--xnu={era}', 'release')


def heritage_06_interrupted_halves(program):
    """The second message trap of the program is the one that sends and receives. An injected trap is not executed: if the
    receive half is said to be interrupted, the send half was never done, and a right retry does not do it."""
    for mode in ('both', 'timed'):
        says('sent 1 received 111 result KERN_SUCCESS (0)\n', program, mode)
        says('sent 1 received 111 result KERN_SUCCESS (0)\n', program, '--inject=mach_msg_trap:MACH_SEND_INTERRUPTED:2', mode)
        says('sent 0 received 111 result KERN_SUCCESS (0)\n', program, '--inject=mach_msg_trap:MACH_RCV_INTERRUPTED:2', mode)
        says('sent 1 received 111 result KERN_SUCCESS (0)\n', program, '--xnu=13', '--inject=mach_msg2_trap:MACH_SEND_INTERRUPTED:2', mode)
        says('sent 0 received 111 result KERN_SUCCESS (0)\n', program, '--xnu=13', '--inject=mach_msg2_trap:MACH_RCV_INTERRUPTED:2', mode)


def semaphores_of_every_release(program):
    """Channels sleep on Mach semaphores (the program links the port that takes them on every release), made by mach_msg to 12 and by
    mach_msg2 from 13 on; never by both."""
    for era in ('10.11', '10.13', '12', *MODERN):
        r = says('done 39800\n', program, f'--xnu={era}', '--trace', 'goroutines')
        traps = {t for t in ('mach_msg_trap(', 'mach_msg2_trap(') if t in r.stderr}
        want = {'mach_msg2_trap('} if era in MODERN else {'mach_msg_trap('}
        if traps != want:
            sys.exit(f'{era}: {traps}, wanted {want}')


def semaphore_messages(tasks):
    """10.5 serves semaphores by message, no kernel since does: the program knows which it runs on."""
    every(('10.5', '10.6', '10.11'), [tasks])


def refused_by_10_5_and_10_6(answers):
    """What raises SIGSYS in the one is refused quietly by the other."""
    for era in ('10.5', '10.6'):
        r = run(answers, f'--xnu={era}', era)
        if r.returncode:
            sys.exit(f'{era}: status {r.returncode}\n' + r.stdout + r.stderr)


def modern(*programs):
    """The Mach tests as macOS 13, 14 and 15 answer."""
    every(MODERN, programs)


def every(eras, programs):
    for program in programs:
        for era in eras:
            r = run(program, f'--xnu={era}')
            bad = [line for line in r.stdout.splitlines() if not line.startswith('ok')]
            if r.returncode:
                sys.exit(f'{program} --xnu={era}: status {r.returncode}\n' + '\n'.join(bad) + '\n' + r.stderr)


globals()[sys.argv[1]](*map(os.path.abspath, sys.argv[2:]))
