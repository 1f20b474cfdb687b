# SPDX-License-Identifier: BSD-3-Clause
"""Signals: masks, frames, faults (bsd/kern/kern_sig.c, bsd/dev/i386/unix_signal.c sendsig and sigreturn).

A thread gets a signal between two instructions, before it runs on; a wait in a trap ends with KERN_ABORTED first.
"""
import os
import struct

from unicorn import unicorn_const as uc, x86_const as x86

from .machine import BadAddress, Error, Exit, Stuck

EPERM, ESRCH, EINTR, ENOMEM, EINVAL = 1, 3, 4, 12, 22
SIGILL, SIGTRAP, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE, SIGALRM, SIGSTOP = 4, 5, 8, 9, 10, 11, 12, 13, 14, 17
IGNORED_BY_DEFAULT = {16, 19, 20, 23, 28, 29}
UNMASKABLE = 1 << SIGKILL - 1 | 1 << SIGSTOP - 1
SA_ONSTACK, SA_RESETHAND, SA_NODEFER, SA_SIGINFO = 1, 4, 0x10, 0x40
MCONTEXT_SIZE = 712
# Where each register lies in mcontext64 (bsd/i386/_mcontext.h).
LAYOUT = {'rax': 16, 'rbx': 24, 'rcx': 32, 'rdx': 40, 'rdi': 48, 'rsi': 56, 'rbp': 64, 'rsp': 72, 'r8': 80, 'r9': 88, 'r10': 96, 'r11': 104,
          'r12': 112, 'r13': 120, 'r14': 128, 'r15': 136, 'rip': 144, 'eflags': 152}
XMM = [getattr(x86, f'UC_X86_REG_XMM{i}') for i in range(16)]


class Signals:
    def __init__(self):
        self.actions = {}       # number -> (handler, trampoline, mask, flags)
        self.details = {}       # (thread number, signal) -> (code, address)
        self.alarm = None       # ITIMER_REAL: when, and how often after that

    def action(self, number):
        return self.actions.get(number, (0, 0, 0, 0))

    def send_signal(self, thread, number, code, address):
        handler = self.action(number)[0]
        if handler == 1 or (handler == 0 and number in IGNORED_BY_DEFAULT):
            return
        thread.pending |= 1 << number - 1
        self.details[thread.number, number] = (code, address)
        if thread.waiting and not thread.mask >> number - 1 & 1 and thread.abort:
            ended = thread.abort
            self.wake(thread)
            ended(thread)

    def signal_process(self, number):
        ready = [t for t in self.threads if not t.mask >> number - 1 & 1] or self.threads
        self.send_signal(ready[0], number, 0, 0)

    def next_alarm(self):
        return self.alarm[0] if self.alarm else None

    def ring(self):
        if self.alarm and self.alarm[0] <= self.now:
            when, every = self.alarm
            self.alarm = (max(when + every, self.now + 1), every) if every else None
            self.signal_process(SIGALRM)

    def signals(self, thread):
        """Called before the current thread runs on."""
        while ready := thread.pending & ~thread.mask:
            number = (ready & -ready).bit_length()
            thread.pending &= ~(1 << number - 1)
            self.deliver(thread, number, *self.details.pop((thread.number, number)))

    def deliver(self, thread, number, code, address):
        handler, trampoline, mask, flags = self.action(number)
        if handler == 1:
            return
        if handler == 0:
            raise Exit(128 + number)
        on_stack = thread.on_altstack
        low, size, state = thread.altstack
        sp = self.get('rsp')
        if flags & SA_ONSTACK and not state & 4 and not on_stack:
            sp, thread.on_altstack = low + size, True
        context = sp - 128 - 56
        info = context - 104
        machine = info - MCONTEXT_SIZE
        fp = ((machine - 16) & ~15) - 8
        saved = bytearray(MCONTEXT_SIZE)
        struct.pack_into('<Q', saved, 8, address)
        for name, at in LAYOUT.items():
            struct.pack_into('<Q', saved, at, self.get(name))
        struct.pack_into('<3Q', saved, 160, 0x2b, 0, 0)
        for i, register in enumerate(XMM):
            saved[352 + 16 * i:368 + 16 * i] = self.cpu.reg_read(register).to_bytes(16, 'little')
        try:
            self.write(machine, saved)
            self.write(info, struct.pack('<3iiIiQQq', number, 0, code, 0, 0, 0, address, 0, 0) + struct.pack('<Q', self.get('rsp')) + bytes(48))
            before = thread.mask if thread.suspended_mask is None else thread.suspended_mask
            thread.suspended_mask = None
            self.write(context, struct.pack('<iIQQi4xQQQ', on_stack, before, low, size, state, 0, MCONTEXT_SIZE, machine))
        except BadAddress:
            raise Exit(128 + SIGILL) from None
        for name, value in (('rip', trampoline), ('rsp', fp), ('rdi', handler), ('rsi', 30 if flags & SA_SIGINFO else 1),
                            ('rdx', number), ('rcx', info), ('r8', context), ('r9', 0), ('eflags', 0x202)):
            self.set(name, value)
        thread.mask |= (mask | (0 if flags & SA_NODEFER else 1 << number - 1)) & ~UNMASKABLE
        if flags & SA_RESETHAND and number not in (SIGILL, SIGTRAP):
            self.actions.pop(number)

    def fault(self, error):
        """The CPU stopped at an instruction that cannot be done."""
        at = self.get('rip')
        address = self.bad_access
        if error.errno in (uc.UC_ERR_READ_UNMAPPED, uc.UC_ERR_WRITE_UNMAPPED, uc.UC_ERR_FETCH_UNMAPPED):
            number, code = SIGSEGV, 1
        elif error.errno in (uc.UC_ERR_READ_PROT, uc.UC_ERR_WRITE_PROT, uc.UC_ERR_FETCH_PROT):
            number, code = SIGBUS, 2
        elif error.errno == uc.UC_ERR_INSN_INVALID:
            number, code, address = SIGILL, 1, at
        else:
            raise Stuck(f'the CPU stopped at {at:#x}: {error}')
        self.synchronous(number, code, address)

    def processor_exception(self, vector):
        """bsd/dev/i386/unix_signal.c machine_exception, bsd/uxkern/ux_exception.c."""
        at = self.get('rip')
        known = {0: (SIGFPE, 7, at), 3: (SIGTRAP, 1, at), 6: (SIGILL, 1, at), 13: (SIGSEGV, 0, 0)}
        if vector not in known:
            raise Stuck(f'processor exception {vector} at {at:#x}')
        self.synchronous(*known[vector])

    def synchronous(self, number, code, address):
        t = self.current
        if t.mask >> number - 1 & 1 or self.action(number)[0] < 2:
            raise Exit(128 + number)
        self.deliver(t, number, code, address)

    # Traps.
    def sys_sigaction(self, number, new, old):
        number &= 0xffffffff
        if not 0 < number < 32 or number in (SIGKILL, SIGSTOP):
            raise Error(EINVAL)
        handler, _, mask, flags = self.action(number)
        wanted = self.unpack('<QQIi', new) if new else None
        if old:
            self.write(old, struct.pack('<QIi', handler, mask, flags))
        if wanted:
            self.actions[number] = wanted
        return 0

    def sys_sigaltstack(self, new, old):
        t = self.current
        before = t.altstack
        if new:
            sp, size, flags = self.unpack('<QQi4x', new)
            if t.on_altstack:
                raise Error(EPERM)
            if flags & ~4:
                raise Error(EINVAL)
            if not flags and size < 8192:
                raise Error(ENOMEM)
            t.altstack = (sp, size, flags)
        if old:
            self.write(old, struct.pack('<QQi4x', before[0], before[1], before[2] | t.on_altstack))
        return 0

    def sys_pthread_sigmask(self, how, new, old):
        t = self.current
        before = t.mask
        if new:
            mask = self.unpack('<I', new)[0] & ~UNMASKABLE
            how &= 0xffffffff
            if how not in (1, 2, 3):
                raise Error(EINVAL)
            t.mask = {1: before | mask, 2: before & ~mask, 3: mask}[how]
        if old:
            self.write(old, struct.pack('<I', before))
        return 0

    def sys_sigprocmask(self, how, new, old):
        """Every thread's mask, whatever its own was (bsd/kern/kern_sig.c sigprocmask)."""
        self.sys_pthread_sigmask(how, new, old)
        if new:
            for t in self.threads:
                t.mask = self.current.mask
        return 0

    def sys_setitimer(self, which, new, old):
        if which & 0xffffffff != 0:
            raise Stuck('only ITIMER_REAL is answered here')
        if old:
            left = max(0, self.alarm[0] - self.now) if self.alarm else 0
            every = self.alarm[1] if self.alarm else 0
            self.write(old, struct.pack('<qi4xqi4x', every // 10**9, every % 10**9 // 1000, left // 10**9, left % 10**9 // 1000))
        if new:
            every_s, every_us, first_s, first_us = self.unpack('<qi4xqi4x', new)
            first, every = first_s * 10**9 + first_us * 1000, every_s * 10**9 + every_us * 1000
            self.alarm = (self.now + first, every) if first else None
        return 0

    def sys_sigpending(self, out):
        self.write(out, struct.pack('<I', self.current.pending))
        return 0

    def sys_sigsuspend(self, mask):
        t = self.current
        t.suspended_mask, t.mask = t.mask, mask & 0xffffffff & ~UNMASKABLE

        def abort(thread):
            self.in_thread(thread, lambda: self.fail(EINTR))
        self.block('for a signal (sigsuspend)', abort=abort)
        if t.pending & ~t.mask:
            self.wake(t)
            abort(t)
        return None

    def sys_pthread_kill(self, port, number):
        right = self.names.get(port & 0xffffffff)
        if right is None or right[0] != 'thread':
            raise Error(ESRCH)
        if not 0 <= number & 0xffffffff < 32:
            raise Error(EINVAL)
        if number:
            self.send_signal(right[1], number & 0xffffffff, 0, 0)
        return 0

    def sys_kill(self, pid, number, posix):
        if pid & 0xffffffff != os.getpid():
            raise Error(ESRCH)
        if not 0 <= number & 0xffffffff < 32:
            raise Error(EINVAL)
        if number & 0xffffffff:
            self.signal_process(number & 0xffffffff)
        return 0

    def sys_sigreturn(self, context, style, token):
        t = self.current
        if style & 0xffffffff in (0x40000000, 0x80000000):
            t.on_altstack = style & 0xffffffff == 0x40000000
            return 0
        on_stack, mask = self.unpack('<iI', context)
        machine = self.unpack('<Q', context + 48)[0]
        saved = self.read(machine, MCONTEXT_SIZE)
        for name, at in LAYOUT.items():
            self.set(name, struct.unpack_from('<Q', saved, at)[0])
        self.set('eflags', struct.unpack_from('<Q', saved, LAYOUT['eflags'])[0] & ~0x17000 | 0x200)
        for i, register in enumerate(XMM):
            self.cpu.reg_write(register, int.from_bytes(saved[352 + 16 * i:368 + 16 * i], 'little'))
        t.mask, t.on_altstack = mask & ~UNMASKABLE, bool(on_stack & 1)
        return None
