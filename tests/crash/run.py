#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the victim in one of its modes and looks at how it ends and what it says on standard error.

usage: run.py CASE PROGRAM    Meson's wrapper for foreign programs is taken from MESON_EXE_WRAPPER. The cases that make traps
fail or watch them give the wrapper xnurun's --inject and --trace, put before the program. XNURUN names another wrapper that
has these (tests/unirun).
"""
import os
import re
import resource
import shlex
import subprocess
import sys

WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))


def wrapped(options):
    if not options:
        return [*WRAPPER, PROGRAM]
    # The cross file's wrapper is a shell that finds xnurun; it takes no options, so what it would run is named here.
    runner = os.environ.get('XNURUN') or PROGRAM.split('/build/')[0] + '/build/xnurun'
    return [runner, *options, PROGRAM]


def run(mode, *options, env=None, limit=None):
    try:
        r = subprocess.run([*wrapped(options), mode], capture_output=True, text=True, timeout=40,
                           env={**os.environ, **(env or {})},
                           preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))))
    except subprocess.TimeoutExpired as e:
        sys.exit(f'{mode} {options}: hangs; it said {e.stderr!r}')
    return r.returncode, r.stdout, r.stderr


def ends(result, status, *patterns, out=''):
    if result[0] != status or result[1] != out:
        sys.exit(f'status {result[0]}, wanted {status}; output {result[1]!r}, wanted {out!r}; error output:\n{result[2]}')
    for p in patterns:
        if not re.search(p, result[2], re.M):
            sys.exit(f'no line {p} in:\n{result[2]}')


def deadlock():
    for procs in ('1', '2', '8'):
        r = run('deadlock', env={'GOMAXPROCS': procs})
        made = r'\n    created by goroutine 1 at victim\.cpp:\d+$'
        ends(r, 2, r'^fatal error: all goroutines are asleep - deadlock!$', r'^goroutine 1 \[chan receive \(nil chan\)\]$',
             r'^goroutine 2 \[chan receive on 0x[0-9a-f]+\]' + made, r'^goroutine 3 \[chan send on 0x[0-9a-f]+\]' + made,
             r'^goroutine 4 \[select on 0x[0-9a-f]+, 0x[0-9a-f]+\]' + made, r'^goroutine 5 \[select \(no cases\)\]' + made,
             r'^goroutine 6 \[chan send \(nil chan\)\]' + made)


def sync_all_parked():
    for procs in ('1', '2', '8'):
        ends(run('all_parked', env={'GOMAXPROCS': procs}), 2, r'^fatal error: all goroutines are asleep - deadlock!$', r'^goroutine 1 \[waitgroup wait on 0x[0-9a-f]+\]$',
             *(r'^goroutine \d+ \[' + what + r' on 0x[0-9a-f]+\]\n    created by goroutine 1 at victim\.cpp:\d+$'
               for what in ('mutex lock', 'rwmutex lock', 'rwmutex rlock', 'waitgroup wait', 'cond wait', 'semaphore acquire')), out='had it\n')


def sync_misuse():
    for mode, message in (('mutex_unlocked', 'unlock of an unlocked Mutex'), ('rwmutex_unlocked', 'unlock of an RWMutex that is not write-locked'),
                          ('rwmutex_read_unlocked', 'unlock of an RWMutex that is not write-locked'),
                          ('rwmutex_unread', 'runlock of an RWMutex that nobody reads'), ('rwmutex_written_runlocked', 'runlock of an RWMutex that nobody reads'),
                          ('waitgroup_negative', 'WaitGroup: negative counter'), ('cond_unlocked', 'Cond: wait with an unlocked Mutex'),
                          ('semaphore_too_much', 'Semaphore: acquire of more units than there are'),
                          ('semaphore_not_held', 'Semaphore: release of more units than are held')):
        ends(run(mode), 2, '^panic: ' + message + '$', r'^in goroutine \d+ on M \d+, thread \d+$')


def panics():
    for mode, message in (('send_on_closed', 'send on closed channel'), ('select_on_closed', 'send on closed channel'),
                          ('closed_under_sender', 'send on closed channel'), ('close_closed', 'close of closed channel'),
                          ('close_nil', 'close of nil channel')):
        ends(run(mode), 2, '^panic: ' + message + '$', r'^in goroutine \d+ on M \d+, thread \d+$')


def nil_dereference():
    ends(run('nil_dereference'), 2, r'^\[signal SIG(SEGV|BUS), code -?\d+, address 0x0, pc=0x[0-9a-f]+ sp=0x[0-9a-f]+\]$', r'^rax 0x',
         r'^in goroutine 2 on M \d+, thread \d+$', r'^    created by goroutine 1 at victim\.cpp:\d+$')


def stack_overflow():
    ends(run('stack_overflow'), 2, r'^fatal error: stack overflow in goroutine 2: its \d+ KiB are used up$')


def gomaxprocs():
    for bad in ('0', 'abc', '1000', '-1', '2x', '99999999999999999999'):
        ends(run('fine', env={'GOMAXPROCS': bad}), 2, f'GOMAXPROCS={bad}: ')
    for good in ('1', '256', ''):  # empty is as good as unset
        ends(run('fine', env={'GOMAXPROCS': good}), 0, out='fine\n')


def debug():
    for bad in ('nonsense', 'seed=', 'seed=x', 'seed=1,other'):
        ends(run('fine', env={'TRAPEZE_DEBUG': bad}), 2, 'TRAPEZE_DEBUG: .*"' + bad.split(',')[-1] + '"')
    for good in ('', 'seed=1', 'seed=-5'):
        ends(run('fine', env={'TRAPEZE_DEBUG': good}), 0, out='fine\n')


def throw():
    ends(run('throw'), 2, '^fatal error: this is a test$', r'^in goroutine 1 on M 0, thread \d+$')


def dump():
    ends(run('dump'), 0, r'^0x[0-9a-f]+: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66$', r'^0x[0-9a-f]+: 67$')


def heritage_03_14_ports_and_semaphores_go_back():
    status, out, err = run('threads', '--stats')
    ends((status, out, err), 0, r'threads started 100\d', out='1000 threads\n')
    left = int(re.search(r'ports (\d+) ', err).group(1))
    semaphores = int(re.search(r'semaphores (\d+)', err).group(1))
    if left > 10 or semaphores > 3:
        sys.exit(f'1,000 threads that ended left {left} port names and {semaphores} semaphores behind: {err}')


def heritage_04_no_thread():
    ends(run('one_thread', '--inject=bsdthread_create:EAGAIN'), 2, '^fatal error: no OS thread: EAGAIN')
    ends(run('many_ms', '--inject=bsdthread_create:EAGAIN', env={'GOMAXPROCS': '4'}), 2, '^fatal error: no OS thread .*: EAGAIN')


def heritage_05_aborted_waits():
    for code in ('KERN_ABORTED', 'KERN_OPERATION_TIMED_OUT'):
        for procs in ('1', '4'):
            ends(run('waits', f'--inject=semaphore_wait_trap:{code}:30%1', env={'GOMAXPROCS': procs}), 0, out='1200 20\n')
    ends(run('waits', '--inject=semaphore_timedwait_trap:KERN_ABORTED:30%3'), 0, out='1200 20\n')
    # Any other error is not a wait that ended.
    ends(run('waits', '--inject=semaphore_wait_trap:KERN_INVALID_NAME'), 2, r'semaphore_wait\(port 0x[0-9a-f]+\): KERN_INVALID_NAME \(15\)')


def heritage_06_interrupted_messages():
    # By number, the code's name not being everywhere: MACH_SEND_INTERRUPTED 0x10000007, MACH_RCV_INTERRUPTED 0x10004005.
    ends(run('waits', '--inject=mach_msg_trap:0x10000007:50%1'), 0, out='1200 20\n')


def heritage_13_no_semaphore():
    status, out, trace = run('uncontended', '--trace', env={'GOMAXPROCS': '1'})
    ends((status, out, trace), 0, r'\bexit\b', out='fine\n')
    for trap in ('semaphore_', 'mach_msg', '3418'):
        if trap in trace:
            sys.exit(f'uncontended locks and notes trap: {trap} in\n{trace}')


def heritage_15_dead_port():
    ends(run('one_wakeup', '--inject=semaphore_signal_trap:KERN_INVALID_NAME'), 2,
         r'mach error: semaphore_signal\(port 0x[0-9a-f]+\): KERN_INVALID_NAME \(15\)')



def mal_exhausted():
    size = r'^fatal error: out of memory: no %d bytes: %s$'
    where = r'^in goroutine 1 on M 0, thread \d+$'
    ends(run('huge'), 2, size % (1 << 62, 'ENOMEM'), where)
    ends(run('overflow'), 2, size % ((1 << 64) - 1, 'ENOMEM'))
    ends(run('new'), 2, size % (1 << 61, 'ENOMEM'))
    ends(run('aligned'), 2, size % (100, 'EINVAL'))
    # A limit on Linux; on Darwin, where none counts address space, mmap fails from some call on.
    if WRAPPER:
        few, limit = ['--inject=mmap:ENOMEM:40+'], None
        ends(run('use_up_and_go_on', '--inject=mmap:ENOMEM:60'), 0, out='went on\n')
    else:
        few, limit = [], 64 << 20
        ends(run('use_up_and_go_on', limit=limit), 0, out='went on\n')
    ends(run('use_up', *few, limit=limit), 2, size % (3000, 'ENOMEM'), where)
    ends(run('use_up_large', *few, limit=limit), 2, size % (1 << 20, 'ENOMEM'), where)


def mal_misuse():
    for mode in ('not_ours', 'not_ours_large', 'freed_large_twice'):
        ends(run(mode), 2, r'^panic: mfree.* of what mal did not make$', r'^in goroutine 1 on M \d+, thread \d+$')
    ends(run('fine'), 0, out='fine\n')


def mal_checked_misuse():
    for mode, message in (('freed_twice', 'was freed before'), ('freed_large_twice', 'was freed before'), ('inside', "is no block of mal's"),
                          ('other_size', 'is freed with another size than it was made with'), ('behind', 'was written behind its end')):
        ends(run(mode), 2, r'^panic: mal: 0x[0-9a-f]+ .*' + message + '$', r'^in goroutine 1 on M \d+, thread \d+$')
    for mode in ('far_behind', 'after'):
        ends(run(mode), 2, r'^\[signal SIG(SEGV|BUS), .*')
    ends(run('huge'), 2, r'^fatal error: out of memory: no 4611686018427387904 bytes')
    ends(run('fine'), 0, out='fine\n')


def lock_checked_misuse():
    at, holder = '0x[0-9a-f]+', 'which thread [0-9]+ has held since 0x[0-9a-f]+$'
    start = '^fatal error: Lock: '
    ends(run('self'), 2, start + f'self-deadlock: {at} locks {at}, which the same thread [0-9]+ has held since {at}$')
    ends(run('stranger'), 2, start + f'stranger: {at} unlocks {at}, ' + holder)
    for mode in ('nobody', 'nobody_new'):
        ends(run(mode), 2, start + f'{at} unlocks {at}, which nobody holds$')
    for mode, steps in (('cycle', 1), ('cycle_of_three', 2)):
        r = run(mode)
        ends(r, 2, start + f'order cycle: {at} locks {at} with {at}, ' + holder)
        # The last line of all ends where the first begins: the steps lead from the wanted lock to the one that is held.
        want, have = re.search(f'locks ({at}) with ({at})', r[2]).groups()
        seen = re.findall(f'^    before, {at} locked ({at}) with ({at}), which thread [0-9]+ had locked at {at}$', r[2], re.M)
        if len(seen) != steps or seen[0][0] != have or seen[-1][1] != want or any(x[1] != y[0] for x, y in zip(seen, seen[1:])):
            sys.exit(f'{mode}: no way from {want} to {have} in {seen}')
    ends(run('self_timed'), 0, out='refused\n')
    for mode in ('tried', 'used_again', 'many', 'contended'):
        ends(run(mode), 0, out='fine\n')


CASE, PROGRAM = sys.argv[1:]
PROGRAM = os.path.abspath(PROGRAM)
globals()[CASE]()
