# SPDX-License-Identifier: BSD-3-Clause
"""The CPU, memory, threads, and who runs next.

One Unicorn CPU serves all threads; a thread that does not run is a saved context. Every choice comes from one seeded
generator: which thread runs, and for how many instructions. Time is virtual: an instruction counts for two
nanoseconds, a trap for 500, and when nobody can run the clock jumps to the next deadline. The commpage's scale is 0, so that
mach_absolute_time in user code is what the kernel wrote there, and rdtsc has no say.
"""
import ctypes
import hashlib
import mmap
import random
import select
import struct

from unicorn import Uc, UcError, UC_ARCH_X86, UC_MODE_64, UC_HOOK_INSN, UC_HOOK_INTR, UC_HOOK_MEM_INVALID, unicorn_const as uc_const, x86_const as x86

PAGE = 4096
COMMPAGE = 0x7fffffe00000
NOWHERE = 0xffff_ffff_ffff_0000     # emu_start wants an address to end at; no guest gets here
INSTRUCTION_NS, TRAP_NS = 2, 500

REGISTERS = ('rax', 'rbx', 'rcx', 'rdx', 'rdi', 'rsi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
             'rip', 'eflags')
ID = {name: getattr(x86, 'UC_X86_REG_' + name.upper()) for name in REGISTERS}


class Exit(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Stuck(Exception):
    """The run cannot go on; the text says why."""
    def __init__(self, text, status=125):
        super().__init__(text)
        self.status = status


class Error(Exception):
    """A BSD call fails with this errno."""
    def __init__(self, number):
        super().__init__(number)
        self.number = number


class BadAddress(Exception):
    """The guest gave the kernel an address that is not mapped."""


class Thread:
    def __init__(self, number):
        self.number = number
        self.context = None
        self.waiting = None         # None: can run; else (what, for people)
        self.deadline = None
        self.timed_out = None       # called when the deadline passes
        self.abort = None           # called when a signal ends the wait
        self.readable = None        # the descriptor whose input ends it
        self.mask = self.pending = 0
        self.altstack = (0, 0, 4)   # sp, size, flags: SS_DISABLE
        self.on_altstack = False
        self.suspended_mask = None  # sigsuspend: the mask that the handler's return restores
        self.port = 0


class Machine:
    """The kernel (kernel.py) adds trap(), fault(error), processor_exception(number), signals(thread), ring() and next_alarm()."""
    def __init__(self, seed, options):
        self.cpu = Uc(UC_ARCH_X86, UC_MODE_64)
        self.random = random.Random(seed)
        self.options = options
        self.threads, self.current = [], None
        self.now = 1_000_000_000
        self.budget = options['limit'] * 1_000_000
        self.instructions = self.switches = self.most_threads = self.started = 0
        self.digest = hashlib.sha256()
        self.trapped = False
        self.cpu.hook_add(UC_HOOK_INSN, self.on_syscall, None, 1, 0, x86.UC_X86_INS_SYSCALL)
        self.cpu.hook_add(UC_HOOK_MEM_INVALID, self.on_bad_access)
        self.bad_access = 0
        self.cpu.hook_add(UC_HOOK_INTR, self.on_exception)
        self.exception = None
        self.commpage = mmap.mmap(-1, PAGE)
        self.cpu.mem_map_ptr(COMMPAGE, PAGE, uc_const.UC_PROT_READ, ctypes.addressof(ctypes.c_char.from_buffer(self.commpage)))
        # Version 13; the generation and the scale of nanotime (osfmk/i386/cpu_capabilities.h).
        self.commpage[:16] = b'commpage 64-bit\0'
        struct.pack_into('<H', self.commpage, 0x1e, 13)
        struct.pack_into('<B', self.commpage, 0x22, 1)
        struct.pack_into('<II', self.commpage, 0x58, 0, 0)
        struct.pack_into('<I', self.commpage, 0x68, 1)

    # Registers and memory.
    def get(self, name):
        return self.cpu.reg_read(ID[name])

    def set(self, name, number):
        self.cpu.reg_write(ID[name], number & 0xffff_ffff_ffff_ffff)

    def read(self, address, size):
        try:
            return bytes(self.cpu.mem_read(address, size)) if size else b''
        except UcError:
            raise BadAddress() from None

    def write(self, address, data):
        try:
            self.cpu.mem_write(address, bytes(data))
        except UcError:
            raise BadAddress() from None

    def unpack(self, form, address):
        return struct.unpack(form, self.read(address, struct.calcsize(form)))

    def string(self, address):
        out = b''
        while b'\0' not in out:
            step = PAGE - (address + len(out)) % PAGE
            out += self.read(address + len(out), step)
        return out[:out.index(b'\0')]

    # Threads.
    def new_thread(self, **registers):
        thread = Thread(len(self.threads) + 1 if not self.threads else self.threads[-1].number + 1)
        mine = self.cpu.context_save()
        for name in REGISTERS:
            self.set(name, registers.get(name, 0x202 if name == 'eflags' else 0))
        self.cpu.reg_write(x86.UC_X86_REG_GS_BASE, 0)
        self.cpu.reg_write(x86.UC_X86_REG_MXCSR, 0x1f80)
        thread.context = self.cpu.context_save()
        self.cpu.context_restore(mine)
        self.threads.append(thread)
        self.started += 1
        self.most_threads = max(self.most_threads, len(self.threads))
        return thread

    def end_thread(self, thread):
        self.threads.remove(thread)
        if self.current is thread:
            self.current = None

    def block(self, what, deadline=None, timed_out=None, abort=None):
        """The current thread waits; `timed_out` and `abort` set its result when one of them ends the wait."""
        t = self.current
        t.waiting, t.deadline, t.timed_out, t.abort = what, deadline, timed_out, abort

    def wait_for_input(self, fd, number, interrupted):
        """The current thread's trap is made again when there is something to read; a signal ends it instead."""
        t = self.current
        self.set('rip', self.get('rip') - 2)
        self.set('rax', number)

        def abort(thread):
            self.in_thread(thread, lambda: (self.set('rip', self.get('rip') + 2), interrupted()))
        self.block(f'for input from descriptor {fd}', abort=abort)
        t.readable = fd

    def poll_input(self, timeout):
        waiting = [t for t in self.threads if t.readable is not None]
        if waiting:
            ready = select.select([t.readable for t in waiting], [], [], timeout)[0]
            for t in waiting:
                if t.readable in ready:
                    self.wake(t)

    def wake(self, thread, rax=None):
        """Ends a wait; with rax, that is what its trap returns."""
        thread.waiting = thread.deadline = thread.timed_out = thread.abort = thread.readable = None
        if rax is not None:
            self.in_thread(thread, lambda: self.set('rax', rax))

    def in_thread(self, thread, do):
        if thread is self.current:
            return do()
        mine = self.cpu.context_save() if self.current else None
        self.cpu.context_restore(thread.context)
        out = do()
        thread.context = self.cpu.context_save()
        if mine is not None:
            self.cpu.context_restore(mine)
        return out

    # The clock and the choice.
    def tick(self, ns):
        self.now += ns
        struct.pack_into('<Q', self.commpage, 0x60, self.now)

    def deadlines(self):
        times = [t.deadline for t in self.threads if t.deadline is not None]
        return times if self.next_alarm() is None else [*times, self.next_alarm()]

    def expire(self):
        self.ring()
        for t in [t for t in self.threads if t.deadline is not None and t.deadline <= self.now]:
            self.timeout(t)

    def timeout(self, thread):
        ended = thread.timed_out
        self.wake(thread)
        if ended:
            ended(thread)

    def choose(self):
        self.expire()
        self.poll_input(0)
        ready = [t for t in self.threads if t.waiting is None]
        while not ready:
            times = self.deadlines()
            if not times and any(t.readable is not None for t in self.threads):
                self.poll_input(None)
                ready = [t for t in self.threads if t.waiting is None]
                continue
            if not times:
                table = ''.join(f'\n  thread {t.number}: {t.waiting}' for t in self.threads)
                raise Stuck(f'every thread waits, and none for a time:{table}', 124)
            self.tick(max(0, min(times) - self.now))
            self.expire()
            ready = [t for t in self.threads if t.waiting is None]
        return (ready[0], True) if len(ready) == 1 else (self.random.choice(ready), False)

    def burst(self, alone):
        """Most bursts are short, where races live; some are long, so that work gets done. Whoever is alone cannot be overtaken:
        until the next deadline, or a trap that lets others run, it may go on."""
        if alone:
            times = self.deadlines()
            return max(1, min(100_000, (min(times) - self.now) // INSTRUCTION_NS)) if times else 100_000
        most = self.options['burst']
        kind = self.random.random()
        return 1 + self.random.randrange(most if kind < .6 else max(1, most // 20) if kind < .9 else 10 * most)

    def enter(self, thread):
        if thread is self.current:
            return
        if self.current is not None:
            self.current.context = self.cpu.context_save()
        self.cpu.context_restore(thread.context)
        self.current = thread
        self.switches += 1

    def on_syscall(self, cpu, _):
        self.trapped = True
        cpu.emu_stop()

    def on_exception(self, cpu, number, _):
        self.exception = number
        cpu.emu_stop()

    def on_bad_access(self, _cpu, _kind, address, _size, _value, _data):
        self.bad_access = address
        return False

    def run(self):
        while True:
            thread, alone = self.choose()
            self.enter(thread)
            self.signals(thread)
            if thread.waiting is not None or self.current is not thread:
                continue
            count = self.burst(alone)
            at = self.get('rip')
            self.digest.update(struct.pack('<IIQ', thread.number, count, at))
            self.trapped = False
            try:
                self.cpu.emu_start(at, NOWHERE, count=count)
            except UcError as error:
                self.fault(error)
            if self.exception is not None:
                self.processor_exception(self.exception)
                self.exception = None
            self.instructions += count
            self.tick(count * INSTRUCTION_NS)
            if self.trapped:
                self.tick(TRAP_NS)
                self.trap()
            if self.instructions > self.budget:
                raise Stuck(f'the limit of {self.options["limit"]} million instructions is reached (--limit)', 124)

    def statistics(self):
        return (f'unirun: {self.most_threads} threads at most, at most {self.instructions} instructions, {self.switches} switches, '
                f'{self.now / 1e9:.6f} s, schedule {self.digest.hexdigest()[:16]}\n'
                f'unirun: threads started {self.started}; left are ports {len(self.names)} of which semaphores '
                f'{sum(kind == "semaphore" for kind, _, _ in self.names.values())}')
