# SPDX-License-Identifier: BSD-3-Clause
"""A static Mach-O executable: its segments and its first instruction (bsd/kern/mach_loader.c)."""
import struct

LC_SEGMENT_64, LC_UNIXTHREAD, LC_LOAD_DYLINKER, LC_LOAD_DYLIB, LC_MAIN = 0x19, 0x5, 0xe, 0xc, 0x80000028
PAGE = 4096


class BadImage(Exception):
    pass


class Segment:
    def __init__(self, name, address, size, offset, file_size, protection):
        self.name, self.address, self.size = name, address, size
        self.offset, self.file_size, self.protection = offset, file_size, protection


class Image:
    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        if len(self.data) < 32 or struct.unpack_from('<I', self.data)[0] != 0xfeedfacf:
            raise BadImage('not a 64-bit Mach-O file')
        _, cpu, _, kind, commands, size, _, _ = struct.unpack_from('<8I', self.data)
        if cpu != 0x01000007 or kind != 2:
            raise BadImage('not an executable for amd64')
        if 32 + size > len(self.data):
            raise BadImage('the load commands reach beyond the end of the file')
        self.segments, self.entry = [], None
        at = 32
        for _ in range(commands):
            if at + 8 > 32 + size:
                raise BadImage('a load command reaches beyond the others')
            command, length = struct.unpack_from('<2I', self.data, at)
            if length < 8 or at + length > 32 + size:
                raise BadImage(f'load command at {at} has a bad size, {length}')
            self.command(command, length, at)
            at += length
        if self.entry is None:
            raise BadImage('no LC_UNIXTHREAD: nothing says where it starts')

    def command(self, command, length, at):
        if command in (LC_LOAD_DYLINKER, LC_LOAD_DYLIB, LC_MAIN):
            raise BadImage('not static: it wants dyld')
        if command == LC_SEGMENT_64:
            if length < 72:
                raise BadImage(f'LC_SEGMENT_64 at {at} is too short')
            name, address, size, offset, file_size, _, protection = struct.unpack_from('<16s4Qii', self.data, at + 8)
            if offset + file_size > len(self.data):
                raise BadImage(f'segment {name!r} reaches beyond the end of the file')
            self.segments.append(Segment(name.rstrip(b'\0').decode('latin1'), address, size, offset, file_size, protection))
        elif command == LC_UNIXTHREAD:
            flavor, count = struct.unpack_from('<2I', self.data, at + 8)
            if flavor != 4 or count != 42 or length < 16 + 4 * count:
                raise BadImage('LC_UNIXTHREAD holds no x86_THREAD_STATE64')
            self.entry = struct.unpack_from('<Q', self.data, at + 16 + 16 * 8)[0]
