# SPDX-License-Identifier: BSD-3-Clause
"""Port names, semaphores, and the messages to the kernel that make and destroy them.

A name is index << 8 | 3 (osfmk/ipc/ipc_entry.c); a right is [kind, object, references]. Semaphores: osfmk/kern/sync_sema.c.
"""
import struct

from .machine import BadAddress, Stuck

SUCCESS, INVALID_ARGUMENT, ABORTED, INVALID_NAME, INVALID_RIGHT, INVALID_VALUE, INVALID_CAPABILITY = 0, 4, 14, 15, 17, 18, 20
TERMINATED, NOT_WAITING, TIMED_OUT = 37, 48, 49
SEND_MSG, RCV_MSG = 1, 2
SEND_INVALID_DATA, SEND_INVALID_DEST, SEND_MSG_TOO_SMALL = 0x10000002, 0x10000003, 0x10000008
SEND_INVALID_REPLY = 0x10000009
RCV_INVALID_NAME, RCV_INVALID_DATA, RCV_TOO_LARGE = 0x10004002, 0x10004008, 0x10004004
MIG_BAD_ID = -303
NDR = bytes([0, 0, 0, 0, 1, 0, 0, 0])


class Semaphore:
    def __init__(self, count):
        self.count, self.waiters, self.dead = count, [], False


class Mach:
    def __init__(self):
        self.names = {}
        self.free = []          # names that are gone: the index is used again, with another generation
        self.next_index = 1
        self.task = self.new_port('task', None)

    def new_port(self, kind, thing):
        if self.free:
            name = self.free.pop()
            name = name & ~0xff | (name + 4) & 0xff
        else:
            name = self.next_index << 8 | 3
            self.next_index += 1
        self.names[name] = [kind, thing, 1]
        return name

    def release(self, name):
        right = self.names.get(name)
        if right is None:
            return INVALID_NAME
        right[2] -= 1
        if right[2] == 0:
            del self.names[name]
            self.free.append(name)
        return SUCCESS

    def port_ended(self, thread):
        """The thread's port dies; what the guest holds becomes a dead name."""
        for right in self.names.values():
            if right[1] is thread:
                right[0], right[1] = 'dead name', None

    # Traps.
    def task_self(self):
        self.names[self.task][2] += 1
        return self.task

    def thread_self(self):
        port = self.current.port
        if port in self.names and self.names[port][1] is self.current:
            self.names[port][2] += 1
        else:
            port = self.current.port = self.new_port('thread', self.current)
        return port

    def host_self(self):
        for name, right in self.names.items():
            if right[0] == 'host':
                right[2] += 1
                return name
        return self.new_port('host', None)

    def reply_port(self):
        return self.new_port('receive', None)

    def mod_refs(self, task, name, right, delta):
        if name & 0xffffffff not in self.names:
            return INVALID_NAME
        kind = self.names[name & 0xffffffff][0]
        if (right & 0xffffffff == 1) != (kind == 'receive'):
            return INVALID_RIGHT
        delta = struct.unpack('<i', struct.pack('<I', delta & 0xffffffff))[0]
        for _ in range(-delta):
            self.release(name & 0xffffffff)
        return SUCCESS

    def deallocate(self, task, name):
        return self.release(name & 0xffffffff)

    def find_semaphore(self, name):
        name &= 0xffffffff
        right = self.names.get(name)
        if right is None:
            return None, INVALID_NAME
        if right[0] == 'receive':
            return None, INVALID_RIGHT
        if right[0] != 'semaphore':
            return None, INVALID_CAPABILITY
        return (None, TERMINATED) if right[1].dead else (right[1], SUCCESS)

    def signal_port(self, name):
        s, error = self.find_semaphore(name)
        if s is None:
            return error
        if s.waiters:
            self.wake(s.waiters.pop(0), SUCCESS)
        else:
            s.count += 1
        return SUCCESS

    def signal_all(self, name):
        s, error = self.find_semaphore(name)
        if s is None:
            return error
        for t in s.waiters:
            self.wake(t, SUCCESS)
        s.waiters.clear()
        return SUCCESS

    def wait_on(self, name, deadline):
        s, error = self.find_semaphore(name)
        if s is None:
            return error
        if s.count > 0:
            s.count -= 1
            return SUCCESS
        if deadline is not None and deadline <= self.now:
            return TIMED_OUT
        s.waiters.append(self.current)

        def leave(thread, code):
            s.waiters.remove(thread)
            self.in_thread(thread, lambda: self.set('rax', code))
        self.block(f'for semaphore {name & 0xffffffff:#x}', deadline, lambda t: leave(t, TIMED_OUT), lambda t: leave(t, ABORTED))
        return None

    def signal_thread(self, name, thread):
        s, error = self.find_semaphore(name)
        if s is None:
            return error
        if not thread & 0xffffffff:
            return self.signal_port(name) if s.waiters else NOT_WAITING
        right = self.names.get(thread & 0xffffffff)
        if right is None or right[0] != 'thread':
            return INVALID_ARGUMENT
        if right[1] not in s.waiters:
            return NOT_WAITING
        s.waiters.remove(right[1])
        self.wake(right[1], SUCCESS)
        return SUCCESS

    def wait_signal(self, name, signalled):
        s, error = self.find_semaphore(name)
        error = error or self.signal_port(signalled)
        return error or self.wait(name)

    def timedwait_signal(self, name, signalled, seconds, nanoseconds):
        if nanoseconds & 0xffffffff >= 1_000_000_000:
            return INVALID_VALUE
        s, error = self.find_semaphore(name)
        error = error or self.signal_port(signalled)
        return error or self.timedwait(name, seconds, nanoseconds)

    def switch(self, *_):
        return 1        # another thread may have run

    def thread_switch(self, name, option, ms):
        if option & 0xffffffff not in (0, 1, 2):
            return INVALID_ARGUMENT
        return self.wait_until(self.now + (ms & 0xffffffff) * 1_000_000) if option & 0xffffffff == 2 else SUCCESS

    def wait(self, name):
        return self.wait_on(name, None)

    def timedwait(self, name, seconds, nanoseconds):
        nanoseconds &= 0xffffffff
        if nanoseconds >= 1_000_000_000:
            return INVALID_VALUE
        return self.wait_on(name, self.now + (seconds & 0xffffffff) * 1_000_000_000 + nanoseconds)

    def wait_until(self, deadline):
        if deadline <= self.now:
            return SUCCESS

        def leave(thread, code):
            self.in_thread(thread, lambda: self.set('rax', code))
        self.block('for a time', deadline, lambda t: leave(t, SUCCESS), lambda t: leave(t, ABORTED))
        return None

    def timebase(self, info):
        self.write(info, struct.pack('<II', 1, 1))
        return SUCCESS

    def mach_msg(self, message, options, send_size, receive_size, receive_on, timeout, *_):
        options, send_size, receive_size = options & 0xffffffff, send_size & 0xffffffff, receive_size & 0xffffffff
        if options & 3 != SEND_MSG | RCV_MSG:
            raise Stuck('mach_msg that only sends or only receives is not answered here')
        if send_size < 24 or send_size % 4:
            return SEND_MSG_TOO_SMALL
        try:
            data = self.read(message, send_size)
        except BadAddress:
            return SEND_INVALID_DATA
        bits, _, remote, local, _, ident = struct.unpack_from('<6I', data)
        if remote not in self.names or self.names[remote][0] not in ('task', 'host', 'semaphore', 'thread'):
            return SEND_INVALID_DEST
        reply_right = self.names.get(local)
        if reply_right is None or reply_right[0] != 'receive':
            return SEND_INVALID_REPLY
        if local != receive_on & 0xffffffff:
            return RCV_INVALID_NAME
        body = self.server(self.names[remote], ident, data)
        if isinstance(body, int):               # a code
            out = struct.pack('<6I', 0x1200, 36, 0, local, 0, ident + 100) + NDR + struct.pack('<i', body)
        else:                                   # one port
            out = struct.pack('<6I', 0x80001200, 40, 0, local, 0, ident + 100) + struct.pack('<4I', 1, body[0], 0, 17 << 16)
        out += struct.pack('<II', 0, 8)
        if len(out) > receive_size:
            return RCV_TOO_LARGE
        try:
            self.write(message, out)
        except BadAddress:
            return RCV_INVALID_DATA
        return SUCCESS

    def server(self, right, ident, data):
        """The kernel's side of a message: a code, or a list with the port that goes back."""
        if right[0] == 'task' and ident == 3418:
            policy, count = struct.unpack_from('<ii', data, 32)
            return INVALID_ARGUMENT if count < 0 or policy & ~6 else [self.new_port('semaphore', Semaphore(count))]
        if right[0] == 'task' and ident == 3419:
            s, error = self.find_semaphore(struct.unpack_from('<I', data, 28)[0])
            if s is None:
                return error
            s.dead = True
            for t in s.waiters:
                self.wake(t, TERMINATED)
            s.waiters.clear()
            return self.release(struct.unpack_from('<I', data, 28)[0])
        raise Stuck(f'message {ident} to a {right[0]} port is not answered here')


Mach.TRAPS = {
    16: ('_kernelrpc_mach_port_allocate_trap', None, 3), 18: ('_kernelrpc_mach_port_deallocate_trap', Mach.deallocate, 2),
    19: ('_kernelrpc_mach_port_mod_refs_trap', Mach.mod_refs, 4), 26: ('mach_reply_port', Mach.reply_port, 0),
    27: ('thread_self_trap', Mach.thread_self, 0), 28: ('task_self_trap', Mach.task_self, 0), 29: ('host_self_trap', Mach.host_self, 0),
    31: ('mach_msg_trap', Mach.mach_msg, 7), 33: ('semaphore_signal_trap', Mach.signal_port, 1),
    34: ('semaphore_signal_all_trap', Mach.signal_all, 1), 36: ('semaphore_wait_trap', Mach.wait, 1),
    35: ('semaphore_signal_thread_trap', Mach.signal_thread, 2), 37: ('semaphore_wait_signal_trap', Mach.wait_signal, 2),
    39: ('semaphore_timedwait_signal_trap', Mach.timedwait_signal, 4), 59: ('swtch_pri', Mach.switch, 1), 60: ('swtch', Mach.switch, 0),
    61: ('thread_switch', Mach.thread_switch, 3),
    38: ('semaphore_timedwait_trap', Mach.timedwait, 3), 89: ('mach_timebase_info_trap', Mach.timebase, 1),
    90: ('mach_wait_until_trap', Mach.wait_until, 1),
}
