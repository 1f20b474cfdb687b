#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many host calls each guest trap costs, as strace sees them: one, or what host_calls.tbl allows and says why.

usage: strace_test.py [--table] PROGRAM [ARG]... [-- PROGRAM [ARG]...]...

Prints TAP 13; --table prints what was measured instead. strace shows the SIGSYS by which Syscall User Dispatch hands over each
trap, with its number, and the rt_sigreturn that ends it: the host calls of the thread in between are the trap's. Not counted:
rt_sigreturn itself, a call that a signal cut short and the kernel began again, and what a contended lock of the emulator's own costs
or a suspended thread's sleep on its way out (known by their FUTEX_WAIT; what calls sleep on is FUTEX_WAIT_BITSET): that is a matter
of timing, and strace holds threads up inside locks. What runs before
a process, a child of fork or a thread enters its guest code is `(start)`, `(child)`, `(thread)`; a signal's handler that interrupted
anything is `(signal)`; a trap that XNU has not is `(none)`; the page that is made when it is first looked at is `(commpage)`; these have their rows too.

A trap that sends a message goes by the message as well, `mach_msg_trap host_info`: xnurun's own --trace tells which, into /dev/null,
where strace sees it. Its writes are not counted. mach_msg2_trap goes by the same names.
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CLASSES = {'bsd.tbl': 2, 'mach.tbl': 1, 'mdep.tbl': 3}
SIGNAL_HANDLED = re.compile(r'rt_sigaction\((SIG\w+), \{sa_handler=(\w+)')
LINE = re.compile(r'(\d+) +(.*)')
LOCK = re.compile(r'futex\((\w+), FUTEX_WAIT_PRIVATE, \d+,')
FUTEX = re.compile(r'futex\((\w+),')
TRACED = re.compile(r'write\(\d+, "\[\d+ \d+\] mach_msg\w*\((?:.*? sent \{id -?\d+( \w+)?)?')
COMMPAGE = ', 0x7fffffe00000) = 0x7fffffe00000'
STARTED = re.compile(r'(?:(?:clone|clone3|fork|vfork)\(|<\.\.\. (?:clone|clone3|fork|vfork) resumed>).* = (\d+)$')


def names():
    """Trap word -> name, of every class."""
    found = {}
    for file, number in CLASSES.items():
        with open(os.path.join(ROOT, 'sys/darwin', file), encoding='utf-8') as f:
            for cells in (line.split('|') for line in f if not line.startswith('#')):
                if len(cells) > 2 and cells[0].strip().isdigit() and cells[1].strip() not in ('enosys', 'invalid'):
                    found.setdefault(number << 24 | int(cells[0]), cells[1].strip())
    return found


def limits(path):
    """Name -> (the most host calls, those that may come any number of times beside them): `3`, or `2 + fcntl epoll_ctl each`."""
    found = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                name, most, why = (cell.strip() for cell in line.split('|'))
                number, each = re.fullmatch(r'(\d+)(?: \+ ([\w ]+) each)?', most).groups()
                assert (int(number) > 1 or each) and why and name not in found, line
                found[name] = int(number), frozenset((each or '').split())
    return found


def too_dear(name, calls, allowed):
    most, each = allowed.get(name) or allowed.get(re.sub(' .*', ' *', name)) or (1, ())
    return sum(call not in each for call in calls) > most


class Thread:
    """Nested frames: each the name of what runs and its host calls so far."""

    def __init__(self, handlers, start):
        self.handlers, self.frames, self.entered, self.dead = handlers, [(start, [])], False, False


class Log:
    """What strace -f wrote."""

    def __init__(self, known):
        self.known, self.threads, self.calls = known, {}, collections.defaultdict(collections.Counter)  # name -> calls -> times
        self.locks = set()          # addresses of the emulator's own locks
        self.of_threads = set()     # thread ids that CLONE_THREAD made
        self.starting = []          # (thread id, calls) of those that entered their guest's code

    def thread(self, tid):
        if tid not in self.threads:  # its parent's handlers are shared or copied; all processes of a run install the same
            first = next(iter(self.threads.values()), None)
            self.threads[tid] = Thread(first.handlers if first else {}, '(child)' if first else '(start)')
        return self.threads[tid]

    def end(self, tid, frame):
        name, calls = frame[0], [call for call in frame[1] if call]
        if name == '(child)':
            self.starting.append((tid, calls))
        else:
            self.calls[name][tuple(calls)] += 1

    def read(self, lines):
        self.locks = {m[1] for line in lines if (m := LOCK.search(line))}
        for line in lines:
            self.line(line)
        return self.results()

    def line(self, text):
        found = LINE.match(text)
        if not found:
            return
        tid, what = int(found[1]), found[2]
        t = self.thread(tid)
        if what.startswith('--- '):
            signal = what.split()[1]
            if 'si_code=SYS_USER_DISPATCH' in what:
                number = re.search(r'si_syscall=(\w+)', what)[1]  # a word that is a Linux call's goes by its name
                t.frames.append((self.known.get(int(number) & 0xffffffff, '(none)') if number.isdigit() else number, []))
            elif t.handlers.get(signal) not in (None, 'SIG_DFL', 'SIG_IGN'):
                t.frames.append(('(signal)', []))
            return
        if what.startswith('+++ '):
            if t.frames and t.frames[-1][0] not in ('(child)', '(start)'):
                self.end(tid, t.frames[-1])
            t.frames = []
            return
        if m := STARTED.search(what):
            if 'clone' in what and 'CLONE_THREAD' in (what if what[0] != '<' else t.frames[-1][1][-1]):
                self.of_threads.add(int(m[1]))
        if m := SIGNAL_HANDLED.match(what):
            t.handlers[m[1]] = m[2]
        if re.match(r'(<\.\.\. )?execve[( ].* = 0$', what):
            if t.frames and t.frames[-1][0] not in ('(child)', '(start)'):
                self.end(tid, (t.frames[-1][0], t.frames[-1][1] + ['execve'] * (what[0] != '<')))
            t.frames = [('(start)', [])]
            return
        if what.startswith('<... '):
            if '= ? ERESTART' in what and t.frames and t.frames[-1][1]:
                t.frames[-1][1].pop()
            return
        name = re.match(r'\w+', what)
        if not name or not t.frames:
            return
        if name[0] == 'rt_sigreturn':
            self.end(tid, t.frames.pop())
        elif name[0] == 'mremap' and what.endswith(COMMPAGE) and 'sysinfo' in (calls := t.frames[-1][1]):
            first = len(calls) - 1 - calls[::-1].index('sysinfo')
            self.calls['(commpage)'][tuple(calls[first:]) + ('mremap',)] += 1
            del calls[first:]
        elif traced := TRACED.match(what):
            running, calls = t.frames.pop()
            if 'getpid' in calls:
                calls.remove('getpid')  # for the line's beginning
            t.frames.append(('mach_msg_trap' + (traced[1] or ''), calls))
        elif (futex := FUTEX.match(what)) and futex[1] in self.locks:
            t.frames[-1][1].append('')  # a name is needed: it may be begun again
        elif not re.search(r'= \? ERESTART', what):
            t.frames[-1][1].append(name[0] + (' CLONE_THREAD' if 'CLONE_THREAD' in what else ''))

    def results(self):
        for tid, calls in self.starting:
            self.calls['(thread)' if tid in self.of_threads else '(child)'][tuple(calls)] += 1
        self.starting = []
        return self.calls


def runner(program):
    """As the cross file's exe_wrapper finds it: XNURUN, or build/xnurun of the tree that the program was built in."""
    return os.environ.get('XNURUN') or os.path.join(os.path.abspath(program).split('/build/')[0], 'build', 'xnurun')


def run(command, known, place):
    """Status and what the run's traps cost."""
    out = os.path.join(place, 'strace')
    r = subprocess.run(['strace', '-f', '-qq', '-s', '400', '-o', out, runner(command[0]), '--trace=messages', '--trace-file=/dev/null',
                        os.path.abspath(command[0]), *command[1:]],
                       cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=100,
                       env={**os.environ, 'GOMAXPROCS': '2'})
    with open(out, encoding='utf-8', errors='replace') as f:
        return r, Log(known).read(f.read().split('\n'))


def commands(words):
    found = [[]]
    for word in words:
        if word == '--':
            found.append([])
        else:
            found[-1].append(word)
    return [c for c in found if c]


def why_not(program):
    if not os.access(runner(program), os.X_OK):
        return f'no xnurun at {runner(program)}'
    try:
        r = subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return 'no strace here; tools/setup installs it'
    return f'strace may not trace here: {r.stderr.strip()}'.replace('\n', ' ') if r.returncode else None


def selftest(known):
    """The parser's own cases."""
    calls = Log(known).read('''1 execve("x", [], 0x0) = 0
1 rt_sigaction(SIGUSR1, {sa_handler=0x7e, sa_mask=[]}, NULL, 8) = 0
1 rt_sigreturn({mask=[]}) = 0
1 --- SIGSYS {si_signo=SIGSYS, si_code=SYS_USER_DISPATCH, si_syscall=33554436} ---
1 write(1, ""..., 9 <unfinished ...>
2 sigaltstack(0x0, NULL) = 0
1 <... write resumed>) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
1 --- SIGUSR1 {si_signo=SIGUSR1} ---
1 getpid() = 1
1 rt_sigreturn({mask=[]}) = 1
1 write(1, ""..., 9) = 9
1 --- SIGWINCH {si_signo=SIGWINCH} ---
1 gettid() = 1
1 rt_sigreturn({mask=[]}) = 9
2 rt_sigreturn({mask=[]}) = 0
1 --- SIGSYS {si_signo=SIGSYS, si_code=SYS_USER_DISPATCH, si_syscall=33554435} ---
1 futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL) = 0
1 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD) = 2
1 futex(0x10, FUTEX_WAKE_PRIVATE, 1) = 1
1 futex(0x20, FUTEX_WAKE_PRIVATE, 1) = 1
1 rt_sigreturn({mask=[]}) = 9'''.split('\n'))
    want = {'(start)': {('rt_sigaction',): 1}, 'write': {('write', 'gettid'): 1}, '(signal)': {('getpid',): 1},
            'read': {('clone CLONE_THREAD', 'futex'): 1}, '(thread)': {('sigaltstack',): 1}}
    return {name: dict(c) for name, c in calls.items()} == want


def main():
    words = sys.argv[1:]
    table = words[:1] == ['--table']
    runs, known, allowed = commands(words[table:]), names(), limits(os.path.join(HERE, 'host_calls.tbl'))
    if reason := why_not(runs[0][0]):
        print(f'1..0 # SKIP {reason}')
        sys.exit(0)  # with TAP the line above says it
    tests = [(selftest(known), 'an interrupted and restarted call, a thread, an ignored signal: each counted where it belongs', '')]
    total = collections.defaultdict(collections.Counter)
    for command in runs:
        with tempfile.TemporaryDirectory() as place:
            r, calls = run(command, known, place)
        name = os.path.basename(command[0])
        # strace loses a thread that dies with its process while it is being stopped ("ptrace(PTRACE_LISTEN ...)"), and ends with 1 itself
        # after the program has ended. What strace alone complains of is not the program's failure.
        good = r.returncode == 0 or (r.stderr and all(l.startswith(b'strace: ') for l in r.stderr.splitlines()))
        tests.append((good, f'{name} runs under strace', (r.stdout + r.stderr)[-2000:].decode(errors='replace')))
        dear = [(n, c, times) for n, found in calls.items() for c, times in found.items() if too_dear(n, c, allowed)]
        said = '\n'.join(f'{n}: {times} times {" ".join(c)}' for n, c, times in dear)
        traps = sum(sum(c.values()) for n, c in calls.items() if n[0] != '(')
        tests.append((traps > 0 and not dear, f'{name}: {traps} traps of {sum(n[0] != "(" for n in calls)} kinds, none dearer than allowed', said))
        for n, found in calls.items():
            total[n].update(found)
    if table:
        for n, found in sorted(total.items(), key=lambda item: -max(map(len, item[1]))):
            times = sum(found.values())
            print(f'{n:32} {times:8} most {max(map(len, found)):3} mean {sum(len(c) * k for c, k in found.items()) / times:7.2f}  ' +
                  '; '.join(f'{k}x {" ".join(c)}' for c, k in sorted(found.items(), key=lambda i: -len(i[0]))[:3])[:300])
        return
    print('TAP version 13')
    for number, (good, what, why) in enumerate(tests, 1):
        print(f'{"ok" if good else "not ok"} {number} - {what}')
        if not good and why:
            print('# ' + why.replace('\n', '\n# '))
    print(f'1..{len(tests)}')
    sys.exit(not all(good for good, _, _ in tests))


main()
