#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Darwin's two ports: which one sleeps on which release, and the sync tests over both, with sleeps that end early. Only xnurun can
be another release.

usage: ports.py THREADS THREADS_STRESS MUTEXES WAITS STRESS, the same five with semaphores forced, STRESS SELECT VICTIM
"""
import os
import subprocess
import sys

programs = list(map(os.path.abspath, sys.argv[1:]))
either, forced, (stress, select, victim) = programs[:5], programs[5:10], programs[10:]
threads, threads_semaphores = either[0], forced[0]
RUNNER = os.environ.get('XNURUN') or threads.split('/build/')[0] + '/build/xnurun'


def run(program, *words, procs='4'):
    options = [w for w in words if w.startswith('--')]
    try:
        r = subprocess.run([RUNNER, *options, program, *words[len(options):]], capture_output=True, text=True, timeout=120,
                           env={**os.environ, 'GOMAXPROCS': procs, 'TRAPEZE_TEST_ROUNDS': '2'})
    except subprocess.TimeoutExpired as e:
        sys.exit(f'{program} {words}: hangs; it said {e.stdout!r} {e.stderr!r}')
    if r.returncode:
        sys.exit(f'{program} {words}: status {r.returncode}\n{r.stdout}\n{r.stderr[-2000:]}')
    return r


for era, program, ulock in (('10.11', threads, False), ('10.13', threads, True), ('15', threads, True), ('15', threads_semaphores, False)):
    trace = run(program, f'--xnu={era}', '--trace').stderr
    # semaphore_wait_trap alone says nothing: the end of a thread is waited for by a semaphore everywhere.
    seen = {name for name in ('ulock_wait(', 'ulock_wake(', 'semaphore_timedwait_trap(') if name in trace}
    if seen != ({'ulock_wait(', 'ulock_wake('} if ulock else {'semaphore_timedwait_trap('}):
        sys.exit(f'{program} on {era} sleeps and wakes by {seen}')
for era in ('10.13', '12', '13', '15'):
    for program in (*either, stress, select):
        run(program, f'--xnu={era}')
for era in ('10.13', '13', '15'):
    for program in forced:
        run(program, f'--xnu={era}')
for inject in ('ulock_wait:EINTR:30%1', 'ulock_wait:EFAULT:30%2', 'ulock_wait:ETIMEDOUT:30%3'):
    for program in either:
        run(program, '--xnu=13', f'--inject={inject}')
for inject in ('semaphore_wait_trap:KERN_ABORTED:30%1', 'semaphore_timedwait_trap:KERN_ABORTED:30%2', 'semaphore_wait_trap:KERN_OPERATION_TIMED_OUT:30%3'):
    for program in forced:
        run(program, '--xnu=13', f'--inject={inject}')
# Heritage 13: on either port an uncontended lock does not trap.
for era in ('10.11', '13'):
    trace = run(victim, f'--xnu={era}', '--trace', 'uncontended', procs='1').stderr
    for trap in ('semaphore_', 'ulock_', 'mach_msg'):
        if trap in trace:
            sys.exit(f'{era}: uncontended locks and notes trap: {trap}')
