# SPDX-License-Identifier: BSD-3-Clause
"""Makes a static Mach-O executable of the dynamic one that ld64.lld writes.

Addresses stay as they were linked; only the header and the load commands are
new. In: MH_EXECUTE for x86-64 that needs nothing done at load time. Out: page
zero and segments of the input without __LINKEDIT, LC_UNIXTHREAD, no flag but
NOUNDEFS. What XNU asks of it (xnu-11417 bsd/kern/mach_loader.c):
  - page zero of 4 KiB or more; segments page-aligned, ascending, apart
  - one segment with fileoff 0 and filesize > 0, readable and executable
  - the entry point in such a segment; rsp 0, or XNU makes no stack
  - the file at least as long as header and commands rounded up to a page
  - the rest of a segment's last file page is not zeroed: it must be zero here
A last segment's trailing zeros are cut off: beyond the end of a file a page
reads as zeros, in XNU as in Linux. So a program costs one page and what it says.
"""
import struct

PAGE = 4096
MH_EXECUTE, MH_PIE = 2, 0x200000
LC_SEGMENT_64, LC_UNIXTHREAD, LC_MAIN = 0x19, 0x5, 0x80000028
LC_DYLD_INFO = (0x22, 0x80000022)
LC_DYLD_CHAINED_FIXUPS = 0x80000034
LC_DYLIBS = {0xc: 'LC_LOAD_DYLIB', 0x80000018: 'LC_LOAD_WEAK_DYLIB', 0x8000001f: 'LC_REEXPORT_DYLIB',
             0x20: 'LC_LAZY_LOAD_DYLIB', 0x80000023: 'LC_LOAD_UPWARD_DYLIB'}
LEAST = {LC_SEGMENT_64: 72, LC_MAIN: 24, **dict.fromkeys(LC_DYLD_INFO, 48), **dict.fromkeys(LC_DYLIBS, 24)}
SEGMENT, SECTION = struct.Struct('<II16sQQQQiiII'), struct.Struct('<16s16sQQIIIIIIII')
ZEROFILL = {0x1, 0xc, 0x12}
BAD_SECTIONS = {
    0x7: 'lazy symbol pointers (a function of a dylib is called)',
    0x8: 'symbol stubs (a function of a dylib is called)',
    0x10: 'lazy dylib symbol pointers',
    0x11: 'thread-local data (thread_local)', 0x12: 'thread-local data (thread_local)',
    0x13: 'thread-local variables (thread_local)', 0x14: 'pointers to thread-local variables (thread_local)',
    0x15: 'thread-local constructors (thread_local)',
}


class Refused(Exception):
    """Why the input cannot become a static executable, and what to do."""


def text(raw):
    return raw.split(b'\0')[0].decode('latin-1')


def page_up(n):
    return (n + PAGE - 1) & -PAGE


def bound_symbols(stream):
    """Names in a stream of bind opcodes (mach-o/loader.h BIND_OPCODE_*)."""
    names, at = [], 0

    def leb():
        nonlocal at
        while at < len(stream) and stream[at] & 0x80:
            at += 1
        at += 1
    while at < len(stream):
        op = stream[at] & 0xf0
        at += 1
        if op == 0x40:  # SET_SYMBOL_TRAILING_FLAGS_IMM: a name
            end = stream.find(b'\0', at)
            end = len(stream) if end < 0 else end
            name = stream[at:end].decode('latin-1')
            if name not in names:
                names.append(name)
            at = end + 1
        elif op in (0x20, 0x60, 0x70, 0x80, 0xa0):  # one number follows
            leb()
        elif op == 0xc0:  # DO_BIND_ULEB_TIMES_SKIPPING_ULEB
            leb()
            leb()
    return names


class Section:
    def __init__(self, raw):
        self.raw = raw
        (name, segment, self.addr, self.size, self.offset, _, _, _, flags, *_) = SECTION.unpack(raw)
        self.name, self.kind = f'{text(segment)},{text(name)}', flags & 0xff


class Segment:
    def __init__(self, body):
        (_, _, self.raw_name, self.vmaddr, self.vmsize, self.fileoff, self.filesize,
         self.maxprot, self.initprot, nsects, self.flags) = SEGMENT.unpack_from(body)
        self.name = text(self.raw_name)
        if SEGMENT.size + nsects * SECTION.size > len(body):
            raise Refused(f'segment {self.name}: its load command is too short for {nsects} sections; '
                          'the file is damaged, link again')
        self.sections = [Section(body[at:at + SECTION.size]) for at in
                         range(SEGMENT.size, SEGMENT.size + nsects * SECTION.size, SECTION.size)]

    def is_pagezero(self):
        return not (self.vmaddr or self.filesize or self.initprot or self.maxprot) and self.vmsize

    def command(self):
        size = SEGMENT.size + SECTION.size * len(self.sections)
        return SEGMENT.pack(LC_SEGMENT_64, size, self.raw_name, self.vmaddr, self.vmsize, self.fileoff, self.filesize,
                            self.maxprot, self.initprot, len(self.sections), self.flags) + \
            b''.join(section.raw for section in self.sections)


def parse(data):
    """Segments and entry offset of a linked executable, or Refused."""
    if len(data) < 32 or data[:4] != b'\xcf\xfa\xed\xfe':
        raise Refused('not a 64-bit Mach-O file; machold converts what ld64.lld links')
    _, cpu, _, filetype, ncmds, sizeofcmds, flags, _ = struct.unpack_from('<8I', data)
    if cpu != 0x1000007:
        raise Refused(f'made for CPU type {cpu:#x}; compile for x86_64-apple-macos')
    if filetype != MH_EXECUTE:
        raise Refused(f'Mach-O file type {filetype} is no executable (type {MH_EXECUTE})')
    if flags & MH_PIE:
        raise Refused('a position-independent executable; nothing would rebase it. Link with -no_pie')
    if 32 + sizeofcmds > len(data):
        raise Refused('truncated inside its load commands; link again')

    segments, entry, work, at = [], None, [], 32
    for _ in range(ncmds):
        cmd, size = struct.unpack_from('<II', data, at) if at + 8 <= 32 + sizeofcmds else (0, 0)
        if size < 8 or at + size > 32 + sizeofcmds:
            raise Refused(f'damaged load command at offset {at:#x}; link again')
        body = data[at:at + size]
        if size < LEAST.get(cmd, 8):
            raise Refused(f'load command {cmd:#x} at offset {at:#x} has {size} bytes and needs {LEAST[cmd]}; link again')
        at += size
        if cmd in LC_DYLIBS:
            name = text(body[struct.unpack_from('<I', body, 8)[0]:])
            raise Refused(f'needs the dylib {name} ({LC_DYLIBS[cmd]}); a static program has none. Link with -nostdlib '
                          'and without -l or -framework')
        if cmd in LC_DYLD_INFO:
            work.append(body)  # looked at last: a dylib explains the binds
        elif cmd == LC_DYLD_CHAINED_FIXUPS:
            raise Refused('chained fix-ups; nothing would apply them. Link with -no_fixup_chains or for macos10.13')
        elif cmd == LC_SEGMENT_64:
            segments.append(Segment(body))
        elif cmd == LC_MAIN:
            entry = struct.unpack_from('<Q', body, 8)[0]
    for body in work:
        check_dyld_info(data, body)
    return segments, entry


def check_dyld_info(data, body):
    numbers = struct.unpack_from('<10I', body, 8)
    for kind, offset, size, cure in (
            ('weak binds', *numbers[4:6], 'Link with -no_exported_symbols and compile with -fvisibility=hidden'),
            ('lazy binds', *numbers[6:8], 'Define the symbols in the program'),
            ('binds', *numbers[2:4], 'Define the symbols in the program')):
        stream = data[offset:offset + size]
        if stream.strip(b'\0'):
            names = bound_symbols(stream)
            shown = ', '.join(names[:5]) + (f' and {len(names) - 5} more' if len(names) > 5 else '')
            raise Refused(f'{kind} of {shown or "unnamed symbols"}; there is no dyld to do them. {cure}')
    if data[numbers[0]:numbers[0] + numbers[1]].strip(b'\0'):
        raise Refused('rebases; nothing would apply them. Link with -no_pie')


def check(segments, entry, size):
    """What must hold of segments and entry before they can be mapped."""
    for section in (s for segment in segments for s in segment.sections):
        if section.kind in BAD_SECTIONS and section.size:
            raise Refused(f'section {section.name} holds {BAD_SECTIONS[section.kind]}; only dyld makes that work')
    pagezero = segments[0] if segments and segments[0].is_pagezero() else None
    if not pagezero or pagezero.vmsize < PAGE:
        raise Refused('no page zero of at least 4 KiB as its first segment; link without -pagezero_size 0')
    end, header = pagezero.vmsize, None
    for segment in segments[1:]:
        if segment.vmaddr % PAGE or segment.fileoff % PAGE:
            raise Refused(f'segment {segment.name} at {segment.vmaddr:#x}, file offset {segment.fileoff:#x}, is not '
                          'page-aligned; link without -segalign')
        if segment.vmaddr < end:
            raise Refused(f'segment {segment.name} at {segment.vmaddr:#x} begins before {end:#x}, where the one before '
                          'it ends; segments must ascend. Check -segaddr and -pagezero_size')
        if segment.fileoff + segment.filesize > size:
            raise Refused(f'segment {segment.name} reaches beyond the end of the file; link again')
        if segment.filesize > page_up(segment.vmsize):
            raise Refused(f'segment {segment.name} has {segment.filesize} bytes in the file for {segment.vmsize} '
                          'in memory; link again')
        end = page_up(segment.vmaddr + segment.vmsize)
        if not segment.fileoff and segment.filesize and not header:
            header = segment
    if not header or header.initprot & 5 != 5:
        raise Refused('no readable and executable segment maps the Mach header; link with __TEXT first and r-x')
    if entry is None or entry == 0:
        raise Refused('no entry point (LC_MAIN); link an entry with -e SYMBOL')
    address = header.vmaddr + entry  # LC_MAIN counts from the Mach header
    for segment in segments[1:]:
        if segment.vmaddr <= address < segment.vmaddr + segment.vmsize and segment.initprot & 5 == 5:
            return address
    raise Refused(f'the entry point {address:#x} lies in no readable and executable segment; check -e')


def contents(data, segment, floor):
    """A segment's file bytes with all that belongs to no section zeroed, cut after its last byte that counts."""
    out = bytearray(segment.filesize)
    last = floor
    for section in segment.sections:
        if section.kind in ZEROFILL or not section.size:
            continue
        start = section.offset - segment.fileoff
        if start < floor or start + section.size > segment.filesize:
            raise Refused(f'section {section.name} lies outside its segment in the file, or under the load commands; '
                          'link with a larger -headerpad')
        out[start:start + section.size] = data[section.offset:section.offset + section.size]
        last = max(last, start + section.size)
    return out[:last]


def convert(data):
    """The bytes of the static executable for those of the linked one."""
    segments, entry = parse(data)
    segments = [s for s in segments if s.name != '__LINKEDIT' and s.vmsize]
    rip = check(segments, entry, len(data))
    thread = struct.pack('<4I21Q', LC_UNIXTHREAD, 184, 4, 42, *[0] * 16, rip, *[0] * 4)
    head = 32 + sum(len(s.command()) for s in segments) + len(thread)

    bodies = [contents(data, s, head if s.fileoff == 0 and s.filesize else 0) for s in segments]
    image = bytearray(head)
    for segment, body in zip(segments, bodies):
        if not segment.filesize:
            segment.fileoff = 0  # or it could point beyond the end of a file cut short
            continue
        if segment is [s for s in segments if s.filesize][-1]:
            segment.filesize = len(body)
        image += bytes(max(0, segment.fileoff + segment.filesize - len(image)))
        image[segment.fileoff:segment.fileoff + len(body)] = body
    image += bytes(max(0, page_up(head) - len(image)))
    commands = b''.join(s.command() for s in segments) + thread
    image[:head] = struct.pack('<8I', 0xfeedfacf, 0x1000007, 3, MH_EXECUTE, len(segments) + 1, len(commands), 1, 0) + commands
    return bytes(image)
