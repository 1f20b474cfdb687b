#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What unirun says, how it ends, that a seed is a run, and that it finds races. Prints TAP 13."""
import re
import subprocess
import sys
import tempfile

unirun, races, hello, primes, wordcount, victim = sys.argv[1:]
number, failed = 0, 0


def check(passed, what, seen=''):
    global number, failed
    number += 1
    failed += not passed
    print(f'{"ok" if passed else "not ok"} {number} - {what}', flush=True)
    if not passed:
        print('# ' + str(seen).replace('\n', '\n# '))


def run(*args):
    r = subprocess.run([unirun, *args], capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout, r.stderr


print('TAP version 13')
seen = run(hello)
check(seen == (0, 'hello, world\n', ''), 'hello: its output, its status, and nothing else', seen)
seen = run('--seed=1', primes)
check(seen[0] == 0 and seen[1].split() == '2 3 5 7 11 13 17 19 23 29'.split(), 'goroutines and channels', seen)
seen = run('--seed=1', wordcount, __file__)
check(seen[0] == 0 and str(len(open(__file__, 'rb').read())) in seen[1], 'a file is read', seen)

for args, status, why in ((['--no-such', hello], 2, 'unknown option'), ([], 2, 'which program'), (['--seed=x', hello], 2, 'wants a number'),
                          (['--burst=0', hello], 2, 'at least 1'), (['--inject=open', hello], 2, 'TRAP:RESULT'),
                          (['--inject=open:EWHAT', hello], 2, 'EWHAT'), (['/no/such/file'], 127, 'no such file'),
                          ([__file__], 126, 'not a 64-bit Mach-O'), (['/usr'], 126, 'directory')):
    seen = run(*args)
    check(seen[0] == status and why in seen[2] and seen[2].startswith('unirun: '), f'{" ".join(args[:1])[:12]}: status {status}, "{why}"', seen)
with tempfile.NamedTemporaryFile() as cut:
    cut.write(open(hello, 'rb').read()[:200])
    cut.flush()
    seen = run(cut.name)
    check(seen[0] == 126 and 'reach beyond the end' in seen[2], 'a file that is cut off', seen)
seen = run('--help')
check(seen[0] == 0 and '--seed=N' in seen[1], '--help', seen)

digest = [re.search(r'schedule (\w+)', run('--stats', f'--seed={seed}', races, 'count')[2]).group(1) for seed in (5, 5, 6)]
check(digest[0] == digest[1] != digest[2], 'a seed is a run: the same schedule, instruction for instruction; another seed, another', digest)

totals = {seed: int(run('--burst=60', f'--seed={seed}', races, 'count')[1]) for seed in range(1, 7)}
loses = next((seed for seed, total in totals.items() if total < 1000), None)
check(loses is not None, 'increments without a lock are lost', totals)
check(loses is not None and int(run('--burst=60', f'--seed={loses}', races, 'count')[1]) == totals[loses], 'and lost again under the same seed')

ends = {}
for seed in range(1, 60):
    ends[seed] = run('--burst=4', f'--seed={seed}', races, 'asleep')
    if {0, 124} <= {e[0] for e in ends.values()}:
        break
asleep = next((seed for seed, end in ends.items() if end[0] == 124), None)
check({0, 124} == {e[0] for e in ends.values()}, 'a wake-up that can be lost is lost under some seed, not under all', {s: e[0] for s, e in ends.items()})
check(asleep is not None and 'every thread waits' in ends[asleep][2] and 'for semaphore' in ends[asleep][2], 'and the report says who waits for what', asleep)
check(asleep is not None and run('--burst=4', f'--seed={asleep}', races, 'asleep') == ends[asleep], 'and it can be seen again')

seen = run('--seed=1', '--inject=open:EACCES', wordcount, __file__)
check(seen[0] != 0 and 'EACCES' in seen[1] + seen[2] or 'ermission' in seen[1] + seen[2], 'an injected errno is the call\'s', seen)
for trap, result in (('semaphore_wait_trap', 'KERN_ABORTED'), ('semaphore_timedwait_trap', 'KERN_ABORTED'), ('mach_msg_trap', 'MACH_SEND_INTERRUPTED')):
    seen = run('--seed=1', f'--inject={trap}:{result}:30%1', victim, 'waits')
    check(seen[:2] == (0, '1200 20\n'), f'heritage 5, 6: three in ten {trap} end with {result}, and nothing is lost', seen)
seen = run('--seed=1', '--limit=1', victim, 'waits')
check(seen[0] == 124 and '--limit' in seen[2], 'a limit of instructions', seen)
seen = run('--seed=1', '--trace', hello)
check('write(0x1, ' in seen[2] and 'exit(0x0)' in seen[2], '--trace', seen)
seen = run(victim, 'deadlock')
check(seen[0] == 2 and 'deadlock' in seen[2] and re.search(r'--seed=\d+ runs this again', seen[2]), 'a run that fails says its seed', seen)
print(f'1..{number}')
sys.exit(1 if failed else 0)
