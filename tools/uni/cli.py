# SPDX-License-Identifier: BSD-3-Clause
"""The command line of unirun."""
import os
import random
import sys

from .inject import Inject
from .image import BadImage
from .kernel import Kernel
from .machine import Exit, Stuck

USAGE = '''usage: unirun [OPTIONS] PROGRAM [ARGS]
Runs a static Darwin/amd64 Mach-O on an emulated CPU with seeded preemption between instructions.

  --seed=N                     fixes every choice and the clock: same seed, same run (default: a new one, printed if the
                               run fails)
  --burst=N                    at most N instructions before another thread may run (default 400; 1 is one by one)
  --xnu=10.11                  the release that the kernel says it is: 10.11, 10.13 (which has ulock) or 12
  --inject=TRAP:RESULT[:WHEN]  such traps fail with an errno or a kern_return_t (a number, or one of the names in
                               tools/uni/inject.py), unexecuted; WHEN: N the N-th alone, N+ from the N-th on,
                               P%SEED P of 100 at random; repeatable
  --limit=N                    end with status 125 after N million instructions (default 20000)
  --guards                     pages made PROT_NONE do fault; slow with thousands of them, and so off otherwise
  --trace                      every trap on a line of stderr
  --stats                      at the end, on stderr: threads, instructions, switches, and a digest of the schedule
  --help

Status: the program's own; 128 + the signal that ended it; 2 wrong usage; 124 every thread waits for ever, or the limit;
125 a trap that is not answered here; 126 PROGRAM cannot be run; 127 not found.
'''

RELEASES = {'10.11': 15, '10.13': 17, '12': 21}      # Darwin's major number of each


def value(text, option):
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f'{option} wants a number, not "{text}"')
    return number


def parse(arguments):
    options = {'seed': None, 'burst': 400, 'limit': 20000, 'trace': False, 'guards': False, 'stats': False, 'inject': [], 'release': 15}
    while arguments and arguments[0].startswith('-'):
        word, equals, text = arguments.pop(0).partition('=')
        name = word[2:] if word.startswith('--') else ''
        if name == 'help' and not equals:
            print(USAGE, end='')
            sys.exit(0)
        if name in ('trace', 'stats', 'guards') and not equals:
            options[name] = True
        elif name in ('seed', 'burst', 'limit') and equals:
            options[name] = value(text, word)
        elif name == 'xnu' and text in RELEASES:
            options['release'] = RELEASES[text]
        elif name == 'inject' and equals:
            options['inject'].append(Inject(text))
        else:
            raise ValueError(f'unknown option "{word}{equals}{text}"')
    if options['burst'] < 1:
        raise ValueError('--burst must be at least 1')
    if not arguments:
        raise ValueError('which program?')
    return options, arguments


def main(arguments):
    try:
        options, guest = parse(list(arguments))
    except ValueError as error:
        print(f'unirun: {error} (--help explains)', file=sys.stderr)
        return 2
    drawn = options['seed'] is None
    seed = random.SystemRandom().randrange(1 << 32) if drawn else options['seed']
    again = f'unirun: seed {seed} (--seed={seed} runs this again)'
    try:
        kernel = Kernel(guest[0], guest, os.environ, seed, options)
    except FileNotFoundError:
        print(f'unirun: {guest[0]}: no such file', file=sys.stderr)
        return 127
    except (OSError, BadImage) as error:
        print(f'unirun: {guest[0]}: {error}', file=sys.stderr)
        return 126
    try:
        kernel.run()
        status = 0
    except Exit as ended:
        status = ended.status
    except Stuck as stuck:
        print(f'unirun: {stuck}', file=sys.stderr)
        status = stuck.status
    if options['stats']:
        print(kernel.statistics(), file=sys.stderr)
    if status and drawn:
        print(again, file=sys.stderr)
    return status
