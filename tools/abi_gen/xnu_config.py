# SPDX-License-Identifier: BSD-3-Clause
"""The options that Apple's release kernel for x86-64 was configured with.

MASTER has lines `options NAME # comment # <attribute,...>`; MASTER.x86_64 (in 10.5,
MASTER.i386: that kernel was a 32-bit one that ran 64-bit processes) says in comments
which attributes the configuration RELEASE is made of. A line is chosen if one of its
attributes is among them, with `!` if none is.
"""
import re

# Not in MASTER: set by headers or by the Makefiles.
ALWAYS = {'CONFIG_EMBEDDED': None}      # None: undefined on a Mac
GROUP = re.compile(r'^#\s+(\w+)\s*=\s*\[([^\]]*)\]', re.M)
OPTION = re.compile(r'^options\s+(.*)$', re.M)
FOLDERS = ('config', 'bsd/conf', 'osfmk/conf')
MACHINES = ('MASTER.x86_64', 'MASTER.i386')


def attributes(text, name='RELEASE'):
    groups = {m.group(1): m.group(2).split() for m in GROUP.finditer(text)}
    found, todo = set(), [name]
    while todo:
        word = todo.pop()
        if word in found:
            continue
        found.add(word)
        todo += groups.get(word, [])
    return found


def options(text, chosen):
    for found in OPTION.finditer(text):
        line = found.group(1)
        tags = re.search(r'<([^>]*)>\s*$', line)
        words = line.split('#')[0]
        wanted = True
        if tags:
            names = tags.group(1).strip()
            negated, names = names.startswith('!'), {n.strip() for n in names.lstrip('!').split(',')}
            wanted = bool(names & chosen) != negated
        if wanted:
            for word in words.replace(',', ' ').split():
                name, _, value = word.partition('=')
                if re.fullmatch(r'[A-Za-z_]\w*', name):
                    yield name, value or '1'


def release(tree, tag):
    """Names to values: what an #if of that version's kernel may ask."""
    defined = {}
    for folder in FOLDERS:
        master = tree.read(tag, f'{folder}/MASTER')
        machine = next(filter(None, (tree.read(tag, f'{folder}/{m}') for m in MACHINES)), None)
        if master and machine:
            chosen = attributes(machine)
            for text in (master, machine):
                defined.update(options(text, chosen))
    for name, value in ALWAYS.items():
        defined.pop(name, None)
        if value is not None:
            defined[name] = value
    return defined
