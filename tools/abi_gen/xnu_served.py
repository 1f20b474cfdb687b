# SPDX-License-Identifier: BSD-3-Clause
"""Every routine that a program can call in, or receive from, one version of the kernel."""
import re

from . import xnu_cpp
from .xnu_mig import Reader
from .xnu_tree import version

# Names in mig_e -> .defs. What is not here is for drivers and daemons of Apple's own.
SERVED = {name: f'osfmk/mach/{name}.defs' for name in (
    'mach_vm', 'mach_port', 'mach_host', 'host_priv', 'host_security', 'clock', 'clock_priv', 'processor', 'processor_set',
    'lock_set', 'ledger', 'semaphore', 'task', 'thread_act', 'vm_map', 'vm32_map', 'mach_voucher', 'memory_entry',
    'mach_eventlink')}
SERVED['task_restartable'] = 'osfmk/mach/restartable.defs'
SENT = tuple(f'osfmk/mach/{name}.defs' for name in ('notify', 'exc', 'mach_exc', 'clock_reply', 'host_notify_reply'))
COMMON = {'__x86_64__': '1', 'IOKIT': '1', 'KERNEL': '1', 'KERNEL_PRIVATE': '1', 'MACH_KERNEL': '1', 'MACH_KERNEL_PRIVATE': '1',
          'XNU_KERNEL_PRIVATE': '1', 'PRIVATE': '1'}
PLAIN = {'_host_page_size': 'host_page_size'}
SUFFIX = re.compile(r'_(from_user|external|mig)$')


def subsystems(tree, tag, config):
    text = tree.read(tag, 'osfmk/kern/ipc_kobject.c')
    if text is None:
        return None
    body = '\n'.join(xnu_cpp.lines(text, dict(config, VM32_SUPPORT='1'), define=False))
    body = body[body.index('mig_e[]'):]
    return re.findall(r'&\s*(\w+)_subsystem', body[:body.index('}')])


def routines(tree, tag, config):
    """number -> Routine, or None without sources"""
    names = subsystems(tree, tag, config)
    if names is None:
        return None
    kernel = dict(config, **COMMON)
    if version(tag) >= (1456,):         # before, the kernel was an i386 one
        kernel['__LP64__'] = '1'
    server = Reader(tree, tag, dict(kernel, KERNEL_SERVER='1'))
    sender = Reader(tree, tag, dict(kernel, KERNEL_USER='1'))
    user = Reader(tree, tag, dict(config, __LP64__='1', __x86_64__='1', LIBSYSCALL_INTERFACE='1', PRIVATE='1'))
    found = {}
    for name in names:
        if name in SERVED:
            theirs = user.routines(SERVED['vm_map' if name == 'vm32_map' else name]) or {}
            for number, routine in (server.routines(SERVED[name]) or {}).items():
                rename(routine, theirs.get(number))
                found[number] = routine
    for path in SENT:
        found.update(sender.routines(path) or {})
    return found


def rename(routine, user):
    """The name and the fields' names that programs know, where a program's view has the same messages"""
    plain = SUFFIX.sub('', routine.name)
    if user is None:
        routine.name = plain
        return
    routine.name = PLAIN.get(user.name, user.name)
    for mine, theirs in ((routine.request, user.request), (routine.reply, user.reply)):
        if len(mine) == len(theirs):
            for a, b in zip(mine, theirs):
                a.name = b.name
                if a.counter and b.counter:
                    a.counter = b.counter
