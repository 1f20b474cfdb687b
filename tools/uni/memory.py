# SPDX-License-Identifier: BSD-3-Clause
"""The address space: bsd/kern/kern_mman.c.

The memory itself is ours (Python's mmap) and lent to Unicorn: memory of its own it copies whenever a change of protection
splits a mapping in two. Each such split slows everything down all the same, so pages that are protected within a
mapping (the guards of stacks) stay accessible unless --guards is given.
"""
import ctypes
import mmap

from unicorn import UcError, UC_PROT_EXEC, UC_PROT_NONE, UC_PROT_READ, UC_PROT_WRITE

from .machine import PAGE

EINVAL, ENOMEM = 22, 12
MAP_FIXED, MAP_ANON = 0x10, 0x1000
TOP = 0x7fff00000000


def up(n):
    return (n + PAGE - 1) & ~(PAGE - 1)


def protection(prot):
    out = UC_PROT_NONE
    if prot & 7:
        out |= UC_PROT_READ          # XNU on amd64: write and execute imply read
    if prot & 2:
        out |= UC_PROT_WRITE
    if prot & 4:
        out |= UC_PROT_EXEC
    return out


class Memory:
    def __init__(self, cpu, guards):
        self.cpu, self.guards = cpu, guards
        self.next = 0x1_0000_0000
        self.backing = []       # kept alive as long as the CPU

    def regions(self):
        return sorted((begin, end + 1, prot) for begin, end, prot in self.cpu.mem_regions())

    def is_free(self, at, size):
        return all(end <= at or begin >= at + size for begin, end, _ in self.regions())

    def map(self, at, size, prot):
        try:
            pages = mmap.mmap(-1, size)
            self.cpu.mem_map_ptr(at, size, protection(prot), ctypes.addressof(ctypes.c_char.from_buffer(pages)))
            self.backing.append(pages)
        except (UcError, OSError):
            return False
        self.next = max(self.next, at + size) if at < TOP - (1 << 40) else self.next
        return True

    def mmap(self, at, size, prot, flags):
        if size == 0:
            return 0, 0
        size = up(size)
        if size > TOP:
            return None, ENOMEM
        if flags & MAP_FIXED:
            if at % PAGE:
                return None, EINVAL
            self.unmap(at, size)
        else:
            at = self.next + PAGE
        return (at, 0) if self.map(at, size, prot) else (None, ENOMEM)

    def unmap(self, at, size):
        if at % PAGE or size == 0:
            return EINVAL
        for begin, end, _ in self.regions():
            low, high = max(begin, at), min(end, at + up(size))
            if low < high:
                self.cpu.mem_unmap(low, high - low)
        return 0

    def backed(self, at, size):
        try:
            self.cpu.mem_read(at, 1)
            self.cpu.mem_read(at + size - 1, 1)
        except UcError:
            return False
        return True

    def protect(self, at, size, prot):
        if at % PAGE:
            return EINVAL
        size = up(size)
        if not self.guards and prot & 7 == 0 and self.backed(at, size):
            return 0
        try:
            self.cpu.mem_protect(at, size, protection(prot))
        except UcError:
            return ENOMEM
        return 0
