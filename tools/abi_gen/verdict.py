# SPDX-License-Identifier: BSD-3-Clause
"""The column `xnurun` of Darwin's tables: what xnurun does with a row's calls.

    emulated                    the emulator answers it
    passed                      one call of the host does it, with numbers, flags and structures translated
    emulated by bsd_other       (or passed by) a handler of another name than the row's
    refused ERRNO: reason       fails so, as on a system that lacks it: an errno, or a kern_return_t
    refused ENOSYS with SIGSYS: reason   as a number that is no call's
    refused ERRNO, in 10.5 SIGSYS: reason   the same of 10.5, which did not have it for 64-bit processes; ERRNO later
    missing                     ends the run by name, until somebody writes it
    -                           nothing to say: an `enosys` row, or a message that the kernel only sends

A handler is called after its row, without underscores in front and without _nocancel; Mach traps also without
_kernelrpc_ and _trap. A refusal that XNU itself gives to programs like these (SILENT, or a reason that begins with OWN) is counted
and traced; any other is told on stderr too, once.
"""
import re

CELL = re.compile(r'(?:(emulated|passed)(?: by (\w+))?|refused (\w+)( with SIGSYS|, in 10\.5 SIGSYS)?: (.+)|missing|-)$')
SILENT = ('ENOSYS', 'EPERM', 'ENOTSUP', 'KERN_NO_ACCESS', 'KERN_NOT_SUPPORTED')
OWN = "XNU's own answer"
PREFIX = {'bsd': 'bsd_', 'mach': 'mach_', 'mdep': 'mdep_', 'mig': 'mig_'}


class Verdict:
    """word: emulated, passed, refused, missing, -; handler and code: names or ''; reason; sigsys: never, always or in_10_5"""
    def __init__(self, text, found, name, cls):
        self.text, self.word = text, text.split()[0]
        self.handler = found.group(2) or (handler(name, cls) if found.group(1) else '')
        self.code, self.reason = found.group(3) or '', found.group(5) or ''
        self.sigsys = {None: 'never', ' with SIGSYS': 'always', ', in 10.5 SIGSYS': 'in_10_5'}[found.group(4)]
        self.loud = bool(self.code) and self.code not in SILENT and not self.reason.startswith(OWN)


def parse(text, name, cls):
    """A Verdict, or None for a cell that is none"""
    found = CELL.match(text)
    return Verdict(text, found, name, cls) if found else None


def handler(name, cls):
    bare = name.removeprefix('_kernelrpc_').lstrip('_')
    bare = bare.removesuffix('_trap') if cls == 'mach' else bare.removesuffix('_nocancel')
    return bare if bare.startswith(PREFIX[cls]) else PREFIX[cls] + bare
