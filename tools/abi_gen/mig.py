# SPDX-License-Identifier: BSD-3-Clause
"""The types of sys/darwin/mig.tbl and the messages that follow from them.

A field is `name:type`; the first of a request is the port that the message goes to.

    u32, prot, ...        a scalar of kinds.py, in the body
    u32[7]                seven of them
    u32[infoCnt<=94]      at most 94, behind a count; the rest is not sent; a count that an earlier field has is not repeated
    str[<=128], str[512]  string: offset, length, bytes up to a multiple of 4; or always that long
    port, move_send ...   a right, in a descriptor (RIGHTS); in the body only names go: `name`
    ool u8[dataCnt]       memory out of line: a descriptor; the count is in the body
    ool port[listCnt]     ports out of line
    u8*80[n<=4]           elements of 80 bytes

Body: descriptors first, then the NDR record, if anything inline follows or if the reply
has none of them, then, in such a reply, the return code. Everything is packed to 4 bytes.
"""
import re

from . import kinds
from .table import Bad

# How a right goes over: the disposition in a request's descriptor; replies hold MOVE_SEND for the first three.
RIGHTS = {
    'port': 'COPY_SEND', 'make_send': 'MAKE_SEND', 'move_send': 'MOVE_SEND', 'make_send_once': 'MAKE_SEND_ONCE',
    'move_send_once': 'MOVE_SEND_ONCE', 'move_receive': 'MOVE_RECEIVE', 'poly': 'any', 'send_once': 'any that gives a send-once right',
    'send': 'any that gives a send right', 'receive': 'any that gives a receive right',
}
FIELD = re.compile(r'(\w+):(ool )?(\w+)(?:\*(\d+))?(?:\[(?:(\w*)<=)?(\w+)\])?$')
BYTES = {'u8': 1, 'char': 1, 'u16': 2, 'i16': 2, 'i64': 8, 'u64': 8, 'usize': 8, 'isize': 8}
HEADER, BODY, PORT, OOL, NDR, CODE = 24, 4, 12, 16, 8, 4


class Field:
    """name, kind; each: scalars in an element; count: 0 none, n fixed; limit: most elements, 0 none; ool"""
    def __init__(self, name, kind, each=1, count=0, counter='', limit=0, ool=False):
        self.shared = False             # its count is another field's
        self.name, self.kind, self.each = name, kind, each
        self.count, self.counter, self.limit, self.ool = count, counter, limit, ool

    @property
    def right(self):
        return self.kind in RIGHTS

    @property
    def descriptor(self):
        return self.right or self.ool

    @property
    def variable(self):
        return bool(self.limit) or self.counter != ''

    def element(self):
        if self.kind in ('str', 'u8'):
            return self.each
        return self.each * (BYTES.get(kinds.SCALARS[self.kind][0], 4) if self.kind in kinds.SCALARS else 4)

    def shape(self):
        """What two descriptions of one message must agree about, beyond names"""
        base = self.kind if self.right or self.kind == 'str' else 'name' if self.kind == 'name' else \
            {1: 'u8', 2: 'u16', 4: '32 bits', 8: '64 bits'}[self.element() // self.each]
        text = ('ool ' if self.ool else '') + base + (f'*{self.each}' if self.each > 1 else '')
        return text + (f'[{self.count}]' if self.count else '[n]' if self.variable else '')

    def text(self):
        dims = f'[{self.counter}<={self.limit}]' if self.limit else f'[{self.count or self.counter}]' if self.count or self.counter else ''
        return f'{self.name}:{"ool " if self.ool else ""}{self.kind}{f"*{self.each}" if self.each > 1 else ""}{dims}'

    def descriptors(self):
        """bytes of descriptors; an array of rights that is not out of line has one for each, used or not"""
        if self.ool:
            return OOL
        return PORT * (self.limit or self.count or 1) if self.right else 0

    def sizes(self):
        """bytes in the body, not counting descriptors: least and most"""
        if self.ool:
            return (4, 4) if self.counter and not self.shared else (0, 0)
        if self.right:
            return (4, 4) if self.limit and not self.shared else (0, 0)
        pad = lambda n: (n + 3) & ~3
        if self.kind == 'str':
            return (8, 8 + pad(self.limit)) if self.limit else (pad(self.count), pad(self.count))
        if self.limit:
            own = 0 if self.shared else 4
            return own, own + pad(self.limit * self.element())
        one = pad(self.element() * (self.count or 1))
        return one, one


def parse(text, row):
    if text == '-':
        return []
    fields = []
    for part in text.split(', '):
        found = FIELD.match(part.strip())
        if not found:
            raise Bad(f'{row.where}: "{part.strip()}" is no field of a message')
        name, ool, kind, each, counter, count = found.groups()
        if kind not in RIGHTS and kind not in kinds.SCALARS:
            raise Bad(f'{row.where}: unknown type "{kind}" of "{name}"')
        field = Field(name, kind, int(each or 1), ool=bool(ool))
        if counter is not None:
            field.counter, field.limit = counter, int(count)
        elif count and count.isdigit():
            field.count = int(count)
        elif count:
            field.counter = count
        fields.append(field)
    share(fields)
    return fields


def share(fields):
    """Fields whose counter is an earlier one's have no count of their own in the message."""
    seen = set()
    for field in fields:
        field.shared = bool(field.counter) and field.counter in seen
        seen.add(field.counter)


def size(fields, reply=False):
    """(least, most) bytes of a message; `fields` of a request without the port that it goes to"""
    descriptors = sum(f.descriptors() for f in fields)
    low = sum(f.sizes()[0] for f in fields)
    high = sum(f.sizes()[1] for f in fields)
    fixed = HEADER + (BODY + descriptors if descriptors else 0)
    if high or (reply and not descriptors):
        fixed += NDR
    if reply and not descriptors:
        fixed += CODE
    return fixed + low, fixed + high


def sizes(row):
    """((request least, most), (reply least, most)); None for a reply that does not come"""
    return size(row.request[1:]), None if row.simple else size(row.reply, True)


def page(row):
    """What `tools/abi show` says of a routine: both messages with sizes and fields"""
    out = [f'{row.name}   XNU, MIG routine', '', f'  id       {row.number}, reply {row.number + 100}' if not row.simple else
           f'  id       {row.number}, no reply']
    request, reply = sizes(row)
    out.append(f'  to       {row.request[0].text()}')
    for what, fields, span in (('request', row.request[1:], request), ('reply', row.reply, reply)):
        if span is None:
            continue
        length = f'{span[0]} bytes' if span[0] == span[1] else f'{span[0]} to {span[1]} bytes'
        out.append(f'  {what:<8} {length}' + (', complex' if any(f.descriptor for f in fields) else ''))
        out += [f'           {f.text()}' for f in fields]
    return out
