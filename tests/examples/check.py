#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs one example as a person would and compares what it prints and how it ends.

usage: check.py NAME PROGRAM    Meson's wrapper for foreign programs is taken from MESON_EXE_WRAPPER.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))


def run(*args, env=None):
    r = subprocess.run([*WRAPPER, PROGRAM, *args], capture_output=True, text=True, timeout=100, env={**os.environ, **(env or {})})
    return r.returncode, r.stdout, r.stderr


def expect(got, want, what):
    if got != want:
        sys.exit(f'{what}:\n got  {got!r}\n want {want!r}')


def usage(*args):
    status, out, err = run(*args)
    expect((status, out, err.startswith('usage: ')), (2, '', True), f'bad arguments {args}')


def primes(n):
    found = []
    i = 2
    while len(found) < n:
        if all(i % p for p in found if p * p <= i):
            found.append(i)
        i += 1
    return ''.join(f'{p}\n' for p in found)


def hello():
    expect(run(), (0, 'hello, world\n', ''), 'hello')


def ports_darwin():
    text = "straight on the kernel's traps"
    expect(run(), (0, f'{text}\n{text[::-1]}\n', ''), 'ports')


def primes_of_readme():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, 'primes.cpp'), encoding='utf-8') as f:
        code = f.read().split('\n', 2)[2]
    with open(os.path.join(here, '../../README.md'), encoding='utf-8') as f:
        if f'```cpp\n{code}```\n' not in f.read():
            sys.exit('README.md does not show tests/examples/primes.cpp')
    expect(run(), (0, primes(10), ''), 'primes')


def args():
    status, out, _ = run('a b', '', env={'HOME': '/nowhere'})
    expect(status, 0, 'status')
    expect(out.splitlines()[1:], ['argv[1] = a b', 'argv[2] = ', 'HOME = /nowhere'], 'arguments')


def sieve():
    for procs in ('1', '2', '8'):
        for _ in range(10):
            expect(run('200', env={'GOMAXPROCS': procs}), (0, primes(200), ''), f'sieve 200 with GOMAXPROCS={procs}')
    expect(run('0'), (0, '', ''), 'sieve 0')
    for bad in ([], ['x'], ['-1'], ['1', '2'], ['']):
        usage(*bad)


def pingpong():
    expect(run('1000'), (0, '1000 round trips\n', ''), 'pingpong 1000')
    usage()
    usage('one')


def echo():
    for clients, lines in ((1, 0), (1, 1), (5, 20), (30, 3)):
        expect(run(str(clients), str(lines)), (0, f'{clients} clients, {lines} lines each, echoed\n', ''), f'echo {clients} {lines}')
    usage()
    usage('0', '1')
    usage('1', 'x')
    usage('101', '1')


def tree():
    for procs in ('1', '2', '8'):
        for depth in (0, 1, 12, 15):
            expect(run(str(depth), env={'GOMAXPROCS': procs}), (0, f'{2 ** (depth + 1) - 1} nodes\n' * 4 + 'nothing is left of them\n', ''),
                   f'tree {depth} with GOMAXPROCS={procs}')
    for bad in ([], ['x'], ['-1'], ['25'], ['1', '2']):
        usage(*bad)


def jobs():
    for procs in ('1', '2', '8'):
        for workers, n in ((1, 0), (1, 100), (7, 3), (20, 5000), (1000, 10)):
            total = n * (n + 1) * (2 * n + 1) // 6
            expect(run(str(workers), str(n), env={'GOMAXPROCS': procs}), (0, f'the first worker is here\n{total}\n', ''),
                   f'jobs {workers} {n} with GOMAXPROCS={procs}')
    for bad in ([], ['1'], ['0', '1'], ['1', '-1'], ['x', '1'], ['1', '1', '1']):
        usage(*bad)


def library():
    for procs in ('1', '2', '8'):
        for seats, readers in ((1, 0), (1, 20), (3, 500)):
            expect(run(str(seats), str(readers), env={'GOMAXPROCS': procs}),
                   (0, '100 books, 100 cards, 0 readers in between\nno seat in 2 ms\nclosed while waiting\n', ''),
                   f'library {seats} {readers} with GOMAXPROCS={procs}')
    for bad in ([], ['1'], ['0', '1'], ['1', '-1'], ['x', '1']):
        usage(*bad)


def deadlock():
    for procs in ('1', '2', '8'):
        status, out, err = run(env={'GOMAXPROCS': procs})
        expect((status, out), (2, ''), 'deadlock')
        for pattern in (r'^fatal error: all goroutines are asleep - deadlock!$',
                        r'^goroutine 1 \[chan receive on 0x[0-9a-f]+\]$',
                        r'^goroutine \d+ \[chan receive on 0x[0-9a-f]+\]$',
                        r'^goroutine \d+ \[select on 0x[0-9a-f]+, 0x[0-9a-f]+\]$',
                        r'^    created by goroutine 1 at deadlock\.cpp:\d+$'):
            if not re.search(pattern, err, re.M):
                sys.exit(f'deadlock: no line {pattern} in:\n{err}')
        # 1, 2, 3: also shows that nothing that runs after schedinit has undone it
        expect(sorted(re.findall(r'^goroutine (\d+) ', err, re.M)), ['1', '2', '3'], f'goroutines named in:\n{err}')


def ls():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, 'dir'), 0o750)
        for name, size in (('a', 0), ('b', 12345), ('with space', 1)):
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(b'x' * size)
            os.chmod(os.path.join(folder, name), 0o640)
        os.symlink('nowhere', os.path.join(folder, 'link'))
        status, out, err = run(folder)
        expect((status, err), (0, ''), 'ls')
        lines = sorted(l for l in out.splitlines() if l.split()[-1] not in ('.', '..', 'dir', 'link'))
        expect(lines, ['-rw-r-----           0 a', '-rw-r-----           1 with space', '-rw-r-----       12345 b'], 'files')
        for kind, name in (('drwxr-x---', 'dir'), ('lrwxrwxrwx', 'link'), ('drwx------', '.')):
            if not re.search(rf'^{kind} +\d+ {re.escape(name)}$', out, re.M):
                sys.exit(f'ls: no {name} in:\n{out}')
        expect(len(out.splitlines()), 7, 'lines')
        missing = os.path.join(folder, 'missing')
        status, out, err = run(missing)
        expect((status, out, err.startswith(f'ls: {missing}: ')), (1, '', True), 'what is missing')


def cp():
    usage()
    usage('one')
    with tempfile.TemporaryDirectory() as folder:
        a, b = os.path.join(folder, 'a'), os.path.join(folder, 'b')
        for content in (b'', b'x', bytes(range(256)) * 5000):
            with open(a, 'wb') as f:
                f.write(content)
            os.chmod(a, 0o604)
            os.utime(a, (1000000000, 1100000000))
            expect(run(a, b), (0, '', ''), 'cp')
            with open(b, 'rb') as f:
                expect(f.read() == content, True, 'content')
            st = os.stat(b)
            expect((st.st_mode & 0o777, int(st.st_mtime), int(st.st_atime) >= 1000000000), (0o604, 1100000000, True), 'attributes')
        for bad in ((os.path.join(folder, 'missing'), b), (folder, b), (a, os.path.join(folder, 'missing', 'x'))):
            status, out, err = run(*bad)
            expect((status, out, err.startswith('cp: ')), (1, '', True), f'cp {bad}')
        expect(sorted(os.listdir(folder)), ['a', 'b'], 'nothing left beside')


def wc(*files):
    return subprocess.run(['wc', *files], capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C'})


def wordcount():
    usage()
    here = os.path.dirname(os.path.abspath(__file__))
    files = sorted(os.path.join(here, f) for f in os.listdir(here))
    with tempfile.TemporaryDirectory() as folder:
        odd = os.path.join(folder, 'odd')
        with open(odd, 'wb') as f:
            f.write(bytes(range(256)) * 1000 + b'no newline at the end')
        empty = os.path.join(folder, 'empty')
        open(empty, 'wb').close()
        for some in (files, files[:1], [odd], [empty], [odd, empty] + files):
            status, out, err = run(*some)
            expect((status, out, err), (0, wc(*some).stdout, ''), f'wordcount {some}')
        missing = os.path.join(folder, 'missing')
        for some in ([missing], [files[0], missing, files[1]], [folder], [files[0], folder, files[1]]):
            status, out, err = run(*some)
            expect((status, out), (1, wc(*some).stdout), f'wordcount {some}')
            if (missing if missing in some else folder) not in err:
                sys.exit(f'wordcount does not name what it could not read: {err!r}')


def example_run():
    usage()
    for command, status, how in ((['true'], 0, 'exit 0'), (['sh', '-c', 'exit 3'], 3, 'exit 3'), (['sh', '-c', 'kill -KILL $$'], 137, 'signal 9 SIGKILL')):
        got = run(*command)
        if got[:2] != (status, '') or not re.fullmatch(how + r', \d+ ms, \d+ ms of CPU\n', got[2]):
            sys.exit(f'run {command}: {got}')
    expect(run('echo', 'a b', '*')[:2], (0, 'a b *\n'), 'arguments')
    expect(run(PROGRAM, 'sh', '-c', 'echo $TRAPEZE_TEST', env={'TRAPEZE_TEST': 'passed on'})[:2], (0, 'passed on\n'), 'itself, and the environment')
    expect(run('no-such-command'), (127, '', 'run: no-such-command: ENOENT\n'), 'a command that is not there')
    expect(run('/'), (126, '', 'run: /: EACCES\n'), 'a folder')


NAME, PROGRAM = sys.argv[1], os.path.abspath(sys.argv[2])
{'primes': primes_of_readme, 'run': example_run}.get(NAME, globals()[NAME])()
