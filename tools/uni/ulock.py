# SPDX-License-Identifier: BSD-3-Clause
"""Waiting on a word of memory: ulock_wait, ulock_wake (Darwin 16 and later), ulock_wait2 (20 and later).

Written from bsd/sys/ulock.h and bsd/kern/sys_ulock.c. operation = opcode | flags. A word that differs is success at once; success says
how many still wait. ulock_wait's time is in microseconds, ulock_wait2's in nanoseconds, 0 is for ever. One process: the SHARED kinds
are the others. Not answered: UL_UNFAIR_LOCK, which needs owners.
"""
from .machine import BadAddress, Error, Stuck

EINTR, EFAULT, EINVAL, EDOM, ENOENT, ESRCH, EALREADY, ETIMEDOUT = 4, 14, 22, 33, 2, 3, 37, 60
UNFAIR_LOCK = 2
SIZES = {1: 4, 3: 4, 5: 8, 6: 8}                     # COMPARE_AND_WAIT, _SHARED, 64, 64_SHARED
WAKE_ALL, WAKE_THREAD, NO_ERRNO, DEADLINE = 0x100, 0x200, 0x1000000, 0x2000000
WAIT_FLAGS = 0x10000 | 0x20000 | 0x40000 | NO_ERRNO | DEADLINE


class Ulocks:
    def __init__(self):
        self.sleepers = {}                            # address: (opcode, [thread])

    def no_errno(self, operation, do):
        """With ULF_NO_ERRNO an error is a negative result."""
        try:
            return do()
        except Error as error:
            if not operation & NO_ERRNO:
                raise
            return -error.number & 0xffffffff

    def sys_ulock_wait(self, operation, address, value, microseconds):
        return self.sys_ulock_wait2(operation & 0xffffffff, address, value, (microseconds & 0xffffffff) * 1000)

    def sys_ulock_wait2(self, operation, address, value, nanoseconds, _value2=0):
        return self.no_errno(operation, lambda: self.ulock_sleep(operation & 0xff, operation & 0xffffff00, address, value, nanoseconds))

    def ulock_sleep(self, opcode, flags, address, value, nanoseconds):
        if opcode == UNFAIR_LOCK:
            raise Stuck('UL_UNFAIR_LOCK is not answered here')
        size = SIZES.get(opcode)
        if size is None or flags & ~WAIT_FLAGS or not address or address % size:
            raise Error(EINVAL)
        first, waiters = self.sleepers.get(address, (opcode, []))
        if first != opcode:
            raise Error(EDOM)
        try:
            word = int.from_bytes(self.read(address, size), 'little')
        except BadAddress:
            raise Error(EFAULT) from None
        if word != value:                             # also where a word of 32 bits is compared with a larger value
            return len(waiters)
        self.sleepers[address] = (opcode, waiters)
        waiters.append(self.current)
        deadline = None
        if nanoseconds:
            deadline = nanoseconds if flags & DEADLINE else self.now + nanoseconds

        def ended(number):
            return lambda thread: self.ulock_leaves(thread, address, number, flags)
        self.block(f'for the word at {address:#x}', deadline, ended(ETIMEDOUT), ended(EINTR))
        return None

    def ulock_leaves(self, thread, address, error, flags=0):
        waiters = self.sleepers[address][1]
        waiters.remove(thread)
        if not waiters:
            del self.sleepers[address]

        def answer():
            failed = error and not flags & NO_ERRNO
            self.set('rax', -error & 0xffffffff if error and not failed else error or len(waiters))
            self.set('eflags', self.get('eflags') & ~1 | bool(failed))
            if not failed:
                self.set('rdx', 0)
        self.in_thread(thread, answer)

    def sys_ulock_wake(self, operation, address, value):
        return self.no_errno(operation, lambda: self.ulock_rouse(operation & 0xff, operation & 0xffffff00, address, value))

    def ulock_rouse(self, opcode, flags, address, value):
        if opcode == UNFAIR_LOCK:
            raise Stuck('UL_UNFAIR_LOCK is not answered here')
        if flags & ~(WAKE_ALL | WAKE_THREAD | NO_ERRNO) or flags & WAKE_ALL and flags & WAKE_THREAD or not address:
            raise Error(EINVAL)
        chosen = None
        if flags & WAKE_THREAD:
            right = self.names.get(value & 0xffffffff)
            if right is None or right[0] != 'thread' or right[1] is self.current:
                raise Error(ESRCH)
            chosen = right[1]
        first, waiters = self.sleepers.get(address, (opcode, []))
        if not waiters:
            raise Error(ENOENT)
        if opcode not in SIZES:
            raise Error(EINVAL)
        if first != opcode:
            raise Error(EDOM)
        if chosen and chosen not in waiters:
            raise Error(EALREADY)
        for thread in [chosen] if chosen else list(waiters) if flags & WAKE_ALL else waiters[:1]:
            self.wake(thread)
            self.ulock_leaves(thread, address, 0)
        return 0
