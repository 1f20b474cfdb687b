#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What xnurun says and how it ends: options, statuses, --trace, --inject, --stats.

Arguments: programs of tests/conformance (darwin_results, darwin_threads). Prints TAP 13; without
xnurun there is nothing to test.
"""
import os
import re
import subprocess
import sys
import tempfile

results, threads = map(os.path.abspath, sys.argv[1:3])
number, failed = 0, 0


def check(passed, what, seen=''):
    global number, failed
    number += 1
    failed += not passed
    print(f'{"ok" if passed else "not ok"} {number} - {what}')
    if not passed:
        print('# ' + str(seen).replace('\n', '\n# '))


def run(*args, program=results, env=None):
    r = subprocess.run([*runner(), *args, *([program] if program else [])], capture_output=True, text=True, timeout=60,
                       env={**os.environ, **(env or {})})
    return r.returncode, r.stdout, r.stderr


def runner():
    """As the cross file's exe_wrapper finds it: XNURUN, or build/xnurun of the tree that the program was built in."""
    return [os.environ['XNURUN']] if 'XNURUN' in os.environ else [os.path.join(
        os.path.abspath(results).split('/build/')[0], 'build', 'xnurun')]


print('TAP version 13')
if not os.access(runner()[0], os.X_OK):
    print(f'1..0 # SKIP no xnurun at {runner()[0]}')
    sys.exit(0)

status, out, err = run()
check(status == 0 and err == '', 'without options: the guest\'s status and nothing of its own', err)
status, out, err = run('--help', program=None)
check(status == 0 and '--inject=TRAP:RESULT' in out and 'not a sandbox' in out, '--help', out + err)
check(out.count('\n') <= 24 and max(map(len, out.splitlines())) <= 80, '--help fits on a screen', out)
status, out, err = run('--version', program=None)
check(status == 0 and out.startswith('xnurun '), '--version', out)
for args, why in ((['--no-such'], 'unknown option'), ([], 'PROGRAM is missing'),
                  (['--inject=nosuch:EIO', results], 'no trap'), (['--inject=read', results], 'RESULT'),
                  (['--inject=read:EWHAT', results], 'no errno'), (['--xnu=9', results], 'unknown era'), (['--trace=bsd,calls', results], 'no such class'), (['--trace=', results], 'no such class'),
                  (['--trace-file=/nonexistent/x', results], 'cannot open'), (['--trace-file=', results], 'cannot open'), (['--inject=read:EIO:0', results], 'WHEN'),
                  (['--inject=read:EIO:101%3', results], 'P%SEED'), (['--inject=semaphore_wait:KERN_X', results], 'kern_return')):
    status, out, err = run(*args, program=None)
    check(status == 2 and why in err and err.count('\n') == 1, f'usage error: {" ".join(args)[:40]}', (status, err))
status, out, err = run('/nonexistent/program', program=None)
check(status == 127 and err.count('\n') == 1, 'a missing program: 127', (status, err))
status, out, err = run('/bin/sh', program=None)
check(status == 126 and err.count('\n') == 1, 'an ELF: 126', (status, err))
with tempfile.NamedTemporaryFile() as short:
    with open(results, 'rb') as whole:
        short.write(whole.read(500))
    short.flush()
    os.chmod(short.name, 0o755)
    status, out, err = run(short.name, program=None)
    check(status == 126 and err.count('\n') == 1, 'a truncated file: 126', (status, err))

status, out, err = run('--trace')
lines = err.splitlines()
check(all(re.match(r'\[(\d+) \1\] ', line) for line in lines), '--trace: every line begins with its process and thread', err[:300])
check(any('= EBADF (9)' in line and 'close(12345)' in line for line in lines), 'errors by name')
check(any('write(1, "TAP version 13\\n", 15) = 15' in line for line in lines), 'what is written')
check(any('sent {id 99999' in line and 'MIG_BAD_ID' in line for line in lines), 'Mach messages with their codes')
check(any('= KERN_INVALID_NAME (15)' in line for line in lines), 'kern_return_t by name')
check(any('= MACH_RCV_TOO_LARGE' in line for line in lines), 'mach_msg_return_t by name')
check(lines[-1].endswith('exit(0)'), 'the exit', lines[-1])
status, out, err = run('--trace', program=threads)
check('PTHREAD_START_CUSTOM' in err, 'flags by name, from the table of values', err[:300])
check(re.search(r' mmap\(NULL, \d+, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANON', err) is not None, 'protection and kind of a mapping')

status, out, err = run('--trace=mach')
check('mach_reply_port()' in err and 'write(' not in err, '--trace=mach: Mach traps alone', err[:300])
status, out, err = run('--trace=messages')
check('mach_msg_trap(' in err and 'mach_reply_port' not in err, '--trace=messages: the traps that carry them', err[:300])
with tempfile.TemporaryDirectory() as folder:
    status, out, err = run(f'--trace-file={folder}/calls')
    with open(folder + '/calls', encoding='utf-8') as file:
        text = file.read()
    check(status == 0 and err.count('] ') == 0 and text.endswith('exit(0)\n') and 'write(1, "TAP version 13' in text, '--trace-file', err)
    status, out, err = run('--trace=mach', f'--trace-file={folder}/calls')
    with open(folder + '/calls', encoding='utf-8') as file:
        more = file.read()
    check(more.startswith(text) and 'write(' not in more[len(text):] and 'mach_reply_port()' in more[len(text):],
          '--trace-file is appended to, with the classes that were chosen')

err = ''.join(run('--trace', program=os.path.join(os.path.dirname(results), name))[2] for name in ('darwin_ports', 'darwin_messages'))
check('sent {id 3204 mach_port_allocate, ' in err and re.search(r'received {id 3304 reply of mach_port_allocate, .*code KERN_SUCCESS}', err),
      'routines and their replies by name', err[:500])
check(re.search(r'descriptors 1, port 0x[0-9a-f]+ make_send}', err) and re.search(r'descriptors 1, port 0x[0-9a-f]+ send}', err),
      'port descriptors as sent and as received')
check(re.search(r'memory 0x[0-9a-f]+ size 10000 virtual', err), 'out-of-line memory')
check(re.search(r'ports 0x[0-9a-f]+\[3\] copy_send', err), 'arrays of ports')
check('{id 70 mach_notify_no_senders, ' in err, 'notifications by name')
check('mk_timer_create_trap()' in err and 'ulock_wait(' in err, 'other traps')

# --xnu=ERA: what is there, and what the kernel says it is.
eras = os.path.join(os.path.dirname(results), 'darwin_eras')
for era, release in (('10.5', '9.8.0'), ('10.6', '10.8.0'), ('10.11', '15.6.0'), ('10.13', '17.7.0'), ('12', '21.6.0'),
                     ('13', '22.6.0'), ('14', '23.6.0'), ('15', '24.5.0')):
    status, out, err = run(f'--xnu={era}', eras, era, release, program=None)
    check(status == 0 and 'not ok' not in out, f'--xnu={era}', out + err)
status, out, err = run(eras, 'any', '15.6.0', program=None)
check(status == 0 and 'not ok' not in out, 'without --xnu', out + err)
for era in ('13', '14', '15'):
    status, out, err = run(f'--xnu={era}', program=results)
    check(status == -9 and err.count('\n') == 1 and 'refused from macOS 13 on' in err, f'mach_msg_trap that sends in {era}: SIGKILL',
          (status, err))
status, out, err = run('--xnu=10.7', program=results)
check(status == 2 and 'unknown era' in err, 'an era that is none', (status, err))

status, out, err = run('--trace', '--inject=getpid:EPERM:1')
hits = [line for line in err.splitlines() if 'getpid()' in line]
check('= EPERM (1)' in hits[0] and all('= EPERM' not in line for line in hits[1:]), '--inject N: the N-th alone', hits)
check(status == 1 and 'not ok 1 ' in out, 'and the guest sees carry')
status, out, err = run('--trace', '--inject=getpid:EPERM:2+')
hits = ['= EPERM' in line for line in err.splitlines() if 'getpid()' in line]
check(len(hits) > 2 and not hits[0] and all(hits[1:]), '--inject N+: from the N-th on', hits)
status, out, err = run('--trace', '--inject=semaphore_wait:KERN_ABORTED', '--inject=_kernelrpc_mach_port_allocate_trap:3')
check('semaphore_wait_trap(0x0) = KERN_ABORTED (14)' in err, '--inject: a kern_return_t, the name without _trap', err[-500:])
shares = []
for seed in ('7', '7', '8'):
    status, out, err = run('--trace', f'--inject=write:EINTR:30%{seed}')
    shares.append(tuple('= EINTR' in line for line in err.splitlines() if ' write(1' in line))
check(shares[0] == shares[1] != shares[2] and 0 < sum(shares[0]) < len(shares[0]), '--inject P%SEED: a share, the same again')
status, out, err = run('--inject=bsdthread_create:ENOMEM', program=threads)
check(status == 1 and 'not ok 4 - bsdthread_create' in out, '--inject=bsdthread_create:ENOMEM')
status, out, err = run('--stats', program=threads)
check(re.search(r'^xnurun: ports \d+ .* semaphores 1, threads started 100\d living 1, mapped bytes \d+$', err, re.M),
      '--stats', err)
check(re.search(r'^xnurun: 100\d bsdthread_create$', err, re.M) and re.search(r'^xnurun: pid \d+ ran \d+ ms$', err, re.M), 'counts and time', err)
sites = os.path.join(os.path.dirname(results), 'darwin_sites')
counts = []
for options, last in (['--stats'], ''), (['--stats', '--fast=1'], 'rewritten'):
    status, out, err = run(*options, sites, *last.split(), program=None)
    counts.append((status, re.findall(r'^xnurun: (\d+) (?:getuid|semaphore_wait_trap|semaphore_signal_trap)$', err, re.M)[-3:]))
    quick = re.findall(r'^xnurun: (\d+) of all without a signal$', err, re.M)
check(bool(quick) and int(quick[-1]) > 4000, '--stats --fast: how many traps took no signal', err)
check(len(counts[0][1]) == 3 and all(abs(int(a) - int(b)) < 100 for a, b in zip(counts[0][1], counts[1][1])),
      'a trap that goes back to its syscall counts once', counts)
status, out, err = run('--strict', program=threads)
check(status == 0 and re.search(r'^xnurun: rights left: receive \d+, send \d+, send-once 0, dead 0$', err, re.M), '--strict tells of rights left', err)
left = re.findall(r'^xnurun: right left: 0x[0-9a-f]+ ([a-z_ ]+(?:, receive)?(?:, send)?(?:, send-once)?), references (\d+)$', err, re.M)
summary = re.search(r'receive (\d+), send (\d+), send-once 0, dead (\d+)', err)
check(left and [sum(word in kind for kind, _ in left) for word in ('receive', 'send', 'dead name')] == list(map(int, summary.groups())),
      'each by name, kind and references, as many as were counted', err)
forks = os.path.join(os.path.dirname(results), 'darwin_family')
status, out, err = run('--strict', forks, 'rights', program=None)
left = dict(re.findall(r'right left: 0x([0-9a-f]+) (.*)', err))
check(status == 0 and [left.get(name) for name in out.split()] == ['port, receive, send, references 3', 'port, receive, references 1',
                                                                  'set, references 1', 'dead name, references 2'],
      '--strict: what a program left, under the names that it knows', (status, out, err))
with tempfile.TemporaryDirectory() as folder:
    # A child that executes the program again, from another folder, which spawns it a third time.
    for option, read in ((f'--trace-file={folder}/calls', lambda _: open(folder + '/calls', encoding='utf-8').read()), ('--trace', lambda text: text)):
        status, out, err = run(option, program=forks)
        text = read(err)
        pids = out.split()
        traced = {}
        for line in text.splitlines():
            begin = re.match(r'\[(\d+) (\d+)\] (.*)', line)
            if begin:
                traced.setdefault(begin[1], []).append(begin[3])
        check(status == 0 and len(pids) == 3 and set(pids) == set(traced) and all(traced[pid][-1].startswith('exit(') for pid in pids),
              f'{option.split("=")[0]}: every process, through fork, execve and posix_spawn', (status, out, err[-500:], text[-1500:]))
        check(any(call.startswith('execve(') for call in traced.get(pids[1], [])) and any('write(1, ' in call for call in traced.get(pids[1], [])),
              'before and behind execve', text[-1500:])
    relative = subprocess.run([*runner(), '--trace-file=here', forks], cwd=folder, capture_output=True, text=True, timeout=60)
    with open(folder + '/here', encoding='utf-8') as file:
        pids = set(re.findall(r'^\[(\d+) ', file.read(), re.M))
    check(relative.returncode == 0 and pids == set(relative.stdout.split()) and len(pids) == 3,
          '--trace-file: a relative name stays where it began', relative)

    link = os.path.join(folder, 'link')
    os.symlink(forks, link)
    for args, words in (((), []), (('zero', 'one'), ['zero', 'one']), (('--trace', 'x'), None)):
        status, out, err = run(f'--program={link}', *(['--'] if args and args[0].startswith('-') else []), *args, 'print', program=None)
        check(status == 0 and out == ''.join(f'<{w}>' for w in (*args, 'print')) + '\n', f'--program: all of argv is what follows: {args}', (status, out, err))
    status, out, err = run(f'--program={folder}/none', 'x', program=None)
    check(status == 127 and 'no such file' in err, '--program that is not there', err)
status, out, err = run(env={'GOMAXPROCS': 'bad', 'TRAPEZE_DEBUG': 'bad=1'})
check(status == 0 and err == '', 'the guest\'s environment means nothing to it', err)
page = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'xnurun', 'README.md')
with open(page, encoding='utf-8') as file:
    line = re.search(r"printf '%s' '(.)([^']*)' > /proc/sys/fs/binfmt_misc/register", file.read())
with open(results, 'rb') as file:
    begins = file.read(8)
# Linux's Documentation/admin-guide/binfmt-misc.rst: name, type, offset, magic, mask, interpreter, flags.
fields = line[2].split(line[1]) if line else []
check(len(fields) == 7 and fields[1] == 'M' and fields[5].startswith('/') and begins == bytes.fromhex(fields[3].replace('\\x', '')),
      'the page\'s line for binfmt_misc is in its form, and names the bytes that these programs begin with', fields)
print(f'1..{number}')
sys.exit(failed != 0)
