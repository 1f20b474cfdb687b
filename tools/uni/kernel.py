# SPDX-License-Identifier: BSD-3-Clause
"""Loads the program and answers its traps: the BSD class here, Mach in mach.py, signals in signals.py, waiting on words in
ulock.py.

Conventions (osfmk/mach/i386/syscall_sw.h, bsd/dev/i386/systemcalls.c unix_syscall64): eax = class << 24 | number; arguments in rdi, rsi,
rdx, r10, r8, r9, then from 8(rsp). BSD: on success rax and rdx are written and carry is clear, on failure rax is the errno
and carry is set. Mach: rax alone. rcx and r11 are lost.
"""
import errno as host_errno
import os
import select
import struct
import sys

from unicorn import x86_const as x86

from .image import Image
from .inject import NAMES
from .machine import BadAddress, Error, Exit, INSTRUCTION_NS, Machine, PAGE, Stuck
from .mach import Mach
from .memory import Memory, MAP_ANON, up
from .signals import Signals, SIGPIPE
from .ulock import Ulocks

EINTR, EFAULT, EINVAL = 4, 14, 22
STACK_TOP, STACK_SIZE = 0x7fff5fc00000, 8 << 20     # VM_USRSTACK64, DFLSSIZ of the 10.11 era
OPEN_FLAGS = {0x4: os.O_NONBLOCK, 0x8: os.O_APPEND, 0x100: os.O_NOFOLLOW, 0x200: os.O_CREAT, 0x400: os.O_TRUNC,
              0x800: os.O_EXCL, 0x20000: os.O_NOCTTY, 0x100000: os.O_DIRECTORY, 0x1000000: os.O_CLOEXEC}
# Host errors whose number differs (bsd/sys/errno.h).
ERRNO = {host_errno.EAGAIN: 35, host_errno.ENAMETOOLONG: 63, host_errno.ELOOP: 62, host_errno.ENOTEMPTY: 66, host_errno.ENOSYS: 78,
         host_errno.EDEADLK: 11}


def from_host(error):
    return Error(ERRNO.get(error.errno, error.errno))


class Kernel(Signals, Mach, Ulocks, Machine):
    def __init__(self, path, arguments, environment, seed, options):
        Machine.__init__(self, seed, options)
        Mach.__init__(self)
        Signals.__init__(self)
        Ulocks.__init__(self)
        self.memory = Memory(self.cpu, options['guards'])
        self.thread_start = None
        image = Image(path)
        for s in image.segments:
            if s.size and (s.protection or s.file_size):
                if not self.memory.map(s.address, up(s.size), 7):
                    raise OSError(f'segment {s.name} cannot be mapped at {s.address:#x}')
                self.cpu.mem_write(s.address, image.data[s.offset:s.offset + s.file_size])
                self.cpu.mem_protect(s.address, up(s.size), s.protection & 7)
        self.memory.map(STACK_TOP - STACK_SIZE, STACK_SIZE, 3)
        main = self.new_thread(rip=image.entry, rsp=self.entry_stack(path, arguments, environment))
        main.port = self.new_port('thread', main)

    def entry_stack(self, path, arguments, environment):
        """argc, argv, 0, envp, 0, apple, 0, then the strings (bsd/kern/kern_exec.c exec_copyout_strings)."""
        apple = ['executable_path=' + path, f'stack_guard={self.random.getrandbits(64):#x}']
        strings = [os.fsencode(s) + b'\0' for s in [*arguments, *(f'{k}={v}' for k, v in environment.items()), *apple]]
        at = STACK_TOP - sum(len(s) for s in strings) & ~15
        addresses = []
        for s in strings:
            self.write(at, s)
            addresses.append(at)
            at += len(s)
        a, e = len(arguments), len(environment)
        words = [a, *addresses[:a], 0, *addresses[a:a + e], 0, *addresses[a + e:], 0]
        sp = addresses[0] - 8 * len(words) & ~15
        self.write(sp, struct.pack(f'<{len(words)}Q', *words))
        return sp

    # Traps.
    def trap(self):
        eax = self.get('rax') & 0xffffffff
        kind, number = eax >> 24, eax & 0xffffff
        registers = [self.get(r) for r in ('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9')]
        self.set('rcx', 0xc1c1c1c1c1c1c1c1)
        self.set('r11', 0xb1b1b1b1b1b1b1b1)
        indirect = kind == 2 and number == 0        # the number is in rdi, and everything else one place further
        if indirect:
            number = registers.pop(0) & 0xffffffff
        table = {1: Mach.TRAPS, 2: BSD, 3: MDEP}.get(kind, {})
        name, handler, count = table.get(number, (f'number {number} of class {kind}', None, 0))
        if handler is None or kind == 2 and SINCE.get(number, 0) > self.options['release']:
            raise Stuck(f'{name} is not answered here (thread {self.current.number}, rip {self.get("rip"):#x})')
        thread, result = self.current, None
        try:
            if beyond := max(0, count - len(registers)):
                registers += struct.unpack(f'<{beyond}Q', self.read(self.get('rsp') + 8, 8 * beyond))
            hit = next((i for i in self.options['inject'] if i.hits(name)), None)
            if hit and kind == 2:
                raise Error(hit.result)
            result = hit.result if hit else handler(self, *registers[:count])
            if kind == 2 and result is not None and self.current is thread:
                rax, rdx = result if isinstance(result, tuple) else (result, 0)
                self.set('rax', rax)
                self.set('rdx', rdx)
                self.set('eflags', self.get('eflags') & ~1)
            elif result is not None and self.current is thread:
                self.set('rax', result)
        except Error as error:
            result = f'errno {error.number}'
            self.fail(error.number)
        except BadAddress:
            result = f'errno {EFAULT}'
            if kind == 2:
                self.fail(EFAULT)
            else:
                self.set('rax', NAMES['KERN_INVALID_ADDRESS'])
        finally:
            if self.options['trace']:
                self.trace(thread, name, registers[:count], result)

    def trace(self, thread, name, arguments, result):
        shown = 'waits' if thread.waiting else 'does not return' if result is None else result
        text = ', '.join(hex(r) for r in arguments)
        print(f'[{thread.number}] {name}({text}) = {hex(shown) if isinstance(shown, int) else shown}', file=sys.stderr)

    def fail(self, number):
        self.set('rax', number)
        self.set('eflags', self.get('eflags') | 1)

    # Files and memory.
    def sys_exit(self, status):
        raise Exit(status & 0xff)

    def sys_read(self, fd, buffer, size):
        if size > 0x7fffffff:
            raise Error(EINVAL)
        self.read(buffer, min(size, 1))
        fd = signed(fd)
        try:
            kind = os.fstat(fd).st_mode & 0o170000
            if kind in (0o010000, 0o140000, 0o020000) and os.get_blocking(fd) and not select.select([fd], [], [], 0)[0]:
                return self.wait_for_input(fd, 0x2000003, lambda: self.fail(EINTR))
            data = os.read(fd, min(size, 1 << 20))
        except OSError as error:
            raise from_host(error) from None
        self.write(buffer, data)
        return len(data)

    def sys_write(self, fd, buffer, size):
        if size > 0x7fffffff:
            raise Error(EINVAL)
        try:
            return os.write(signed(fd), self.read(buffer, min(size, 1 << 20)))
        except BrokenPipeError:
            self.send_signal(self.current, SIGPIPE, 0, 0)
            raise Error(32) from None
        except OSError as error:
            raise from_host(error) from None

    def sys_open(self, path, flags, mode):
        out = flags & 3
        for bit, host in OPEN_FLAGS.items():
            if flags & bit:
                out |= host
        try:
            fd = os.open(self.string(path), out, mode & 0o7777)
            os.set_inheritable(fd, True)
            return fd
        except OSError as error:
            raise from_host(error) from None

    def sys_close(self, fd):
        try:
            os.close(signed(fd))
        except OSError as error:
            raise from_host(error) from None
        return 0

    def sys_pipe(self):
        pair = os.pipe()
        for fd in pair:
            os.set_inheritable(fd, True)
        return pair

    def sys_unlink(self, path):
        try:
            os.unlink(self.string(path))
        except OSError as error:
            raise from_host(error) from None
        return 0

    def sys_fstat64(self, fd, buffer):
        """struct stat64, 144 bytes (bsd/sys/stat.h): birth time and flags where Linux's has none."""
        try:
            s = os.fstat(signed(fd))
        except OSError as error:
            raise from_host(error) from None
        times = [n for t in (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns, s.st_ctime_ns) for n in divmod(t, 10**9)]
        self.write(buffer, struct.pack('<iHHQIIii8qqqiIIi2q', s.st_dev & 0x7fffffff, s.st_mode, s.st_nlink & 0xffff, s.st_ino, s.st_uid,
                                       s.st_gid, 0, 0, *times, s.st_size, s.st_blocks, s.st_blksize, 0, 0, 0, 0, 0))
        return 0

    def sys_mmap(self, at, size, prot, flags, fd, offset):
        if not flags & MAP_ANON:
            raise Stuck('mmap of a file is not answered here')
        address, error = self.memory.mmap(at, size, prot, flags)
        if error:
            raise Error(error)
        return address

    def sys_munmap(self, at, size):
        return zero_or_raise(self.memory.unmap(at, size))

    def sys_mprotect(self, at, size, prot):
        return zero_or_raise(self.memory.protect(at, size, prot))

    def sys_madvise(self, at, size, advice):
        return 0        # an odd address means its page

    def sys_sysctl(self, name, count, old, old_size, new, new_size):
        key = struct.unpack(f'<{count}i', self.read(name, 4 * count))
        values = {(6, 3): struct.pack('<i', 2), (6, 7): struct.pack('<i', PAGE), (1, 2): b'%d.6.0\0' % self.options['release'], (1, 1): b'Darwin\0'}
        if key not in values:
            raise Stuck(f'sysctl {key} is not answered here')
        value = values[key]
        room = self.unpack('<Q', old_size)[0] if old_size else 0
        if old:
            if room < len(value):
                raise Error(12)
            self.write(old, value)
        if old_size:
            self.write(old_size, struct.pack('<Q', len(value)))
        return 0

    def sys_sysctlbyname(self, name, length, old, old_size, new, new_size):
        raise Stuck(f'sysctlbyname {self.read(name, length)!r} is not answered here')

    # Threads (libpthread kern/kern_support.c).
    def sys_bsdthread_register(self, start, _wq, size, data, *_):
        if self.thread_start is not None or signed(size) < 0 or data:
            raise Error(EINVAL)
        self.thread_start = start
        return 0x4000001f

    def sys_bsdthread_create(self, function, argument, stack, pthread, flags):
        if self.thread_start is None or not flags & 0x01000000 or flags & 0x20000000:
            raise Error(EINVAL)
        t = self.new_thread(rip=self.thread_start, rdi=pthread, rdx=function, rcx=argument, r8=stack, r9=flags & 0xffffffff, rsp=stack - 128)
        t.mask = self.current.mask
        t.port = self.new_port('thread', t)
        self.in_thread(t, lambda: self.set('rsi', t.port))
        return pthread

    def sys_bsdthread_terminate(self, stack, size, port, semaphore):
        thread = self.current
        if stack and size:
            self.memory.unmap(stack, size)
        self.port_ended(thread)
        if port:
            self.release(port & 0xffffffff)
        if semaphore:
            self.signal_port(semaphore & 0xffffffff)
        self.end_thread(thread)
        return None

    def sys_thread_selfid(self):
        return self.current.number

    def sys_getrusage(self, who, buffer):
        """Of the process: what was executed, as if in user mode; the rest of struct rusage (bsd/sys/resource.h) is 0."""
        if signed(who) not in (0, -1):
            raise Error(EINVAL)
        us = self.instructions * INSTRUCTION_NS // 1000 if signed(who) == 0 else 0
        self.write(buffer, struct.pack('<qii', us // 1000000, us % 1000000, 0) + bytes(128))
        return 0

    def sys_getpid(self):
        return os.getpid()

    def set_cthread_self(self, base):
        self.cpu.reg_write(x86.UC_X86_REG_GS_BASE, base)
        return 0xf


def signed(number):
    return struct.unpack('<i', struct.pack('<I', number & 0xffffffff))[0]


def zero_or_raise(number):
    if number:
        raise Error(number)
    return 0


BSD = {
    1: ('exit', Kernel.sys_exit, 1), 3: ('read', Kernel.sys_read, 3), 4: ('write', Kernel.sys_write, 3),
    5: ('open', Kernel.sys_open, 3), 6: ('close', Kernel.sys_close, 1), 10: ('unlink', Kernel.sys_unlink, 1),
    42: ('pipe', Kernel.sys_pipe, 0), 20: ('getpid', Kernel.sys_getpid, 0), 37: ('kill', Kernel.sys_kill, 3), 46: ('sigaction', Kernel.sys_sigaction, 3),
    48: ('sigprocmask', Kernel.sys_sigprocmask, 3), 52: ('sigpending', Kernel.sys_sigpending, 1),
    111: ('sigsuspend', Kernel.sys_sigsuspend, 1),
    53: ('sigaltstack', Kernel.sys_sigaltstack, 2), 73: ('munmap', Kernel.sys_munmap, 2), 74: ('mprotect', Kernel.sys_mprotect, 3),
    75: ('madvise', Kernel.sys_madvise, 3), 184: ('sigreturn', Kernel.sys_sigreturn, 3), 197: ('mmap', Kernel.sys_mmap, 6),
    117: ('getrusage', Kernel.sys_getrusage, 2),
    83: ('setitimer', Kernel.sys_setitimer, 3), 202: ('sysctl', Kernel.sys_sysctl, 6), 274: ('sysctlbyname', Kernel.sys_sysctlbyname, 6), 328: ('__pthread_kill', Kernel.sys_pthread_kill, 2),
    329: ('__pthread_sigmask', Kernel.sys_pthread_sigmask, 3), 339: ('fstat64', Kernel.sys_fstat64, 2),
    360: ('bsdthread_create', Kernel.sys_bsdthread_create, 5), 361: ('bsdthread_terminate', Kernel.sys_bsdthread_terminate, 4),
    366: ('bsdthread_register', Kernel.sys_bsdthread_register, 7), 372: ('thread_selfid', Kernel.sys_thread_selfid, 0),
    515: ('ulock_wait', Kernel.sys_ulock_wait, 4), 516: ('ulock_wake', Kernel.sys_ulock_wake, 3), 544: ('ulock_wait2', Kernel.sys_ulock_wait2, 5),
}
SINCE = {515: 16, 516: 16, 544: 20}     # Darwin's major release, where it matters
MDEP = {3: ('thread_fast_set_cthread_self64', Kernel.set_cthread_self, 1)}
