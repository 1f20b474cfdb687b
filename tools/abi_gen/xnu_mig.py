# SPDX-License-Identifier: BSD-3-Clause
"""Reads XNU's .defs files: the routines of a subsystem with their messages' fields.

Three views of one file: `server`, what the kernel takes (a routine that it skips is gone);
`kernel`, what the kernel itself sends; `user`, the names that libraries call them by.
Which subsystems the kernel serves is the list mig_e of osfmk/kern/ipc_kobject.c.
"""
import re

from . import xnu_cpp
from .mig import Field, share

BASES = {'MACH_MSG_TYPE_INTEGER_8': 'u8', 'MACH_MSG_TYPE_BYTE': 'u8', 'MACH_MSG_TYPE_CHAR': 'u8',
         'MACH_MSG_TYPE_INTEGER_16': 'u16', 'MACH_MSG_TYPE_INTEGER_32': 'i32', 'MACH_MSG_TYPE_INTEGER_64': 'i64',
         'MACH_MSG_TYPE_BOOLEAN': 'boolean', 'MACH_MSG_TYPE_PORT_NAME': 'name', 'MACH_MSG_TYPE_COPY_SEND': 'port',
         'MACH_MSG_TYPE_MOVE_SEND': 'move_send', 'MACH_MSG_TYPE_MAKE_SEND': 'make_send',
         'MACH_MSG_TYPE_MAKE_SEND_ONCE': 'make_send_once', 'MACH_MSG_TYPE_MOVE_SEND_ONCE': 'move_send_once',
         'MACH_MSG_TYPE_MOVE_RECEIVE': 'move_receive', 'MACH_MSG_TYPE_PORT_SEND': 'send',
         'MACH_MSG_TYPE_PORT_SEND_ONCE': 'send_once', 'MACH_MSG_TYPE_PORT_RECEIVE': 'receive', 'polymorphic': 'poly',
         'int': 'i32', 'unsigned': 'u32', 'short': 'i16', 'char': 'u8', 'MACH_MSG_TYPE_POLYMORPHIC': 'poly'}
# What a type's name says beyond its width; the first name on the way down to a base counts.
MEANINGS = {'vm_prot_t': 'prot', 'vm_inherit_t': 'inherit', 'mach_port_right_t': 'port_right', 'mach_msg_type_name_t': 'port_disposition',
            'boolean_t': 'boolean', 'kern_return_t': 'kern_return', 'mach_vm_address_t': 'x64', 'vm_address_t': 'x64', 'uint32_t': 'u32',
            'natural_t': 'u32', 'uint64_t': 'u64', 'uint16_t': 'u16', 'thread_state_flavor_t': 'state_flavor',
            'task_flavor_t': 'task_flavor', 'thread_flavor_t': 'thread_flavor', 'host_flavor_t': 'host_flavor',
            'mach_port_flavor_t': 'port_flavor', 'exception_type_t': 'exception', 'exception_mask_t': 'exception_mask',
            'exception_behavior_t': 'exception_behavior', 'vm_behavior_t': 'vm_behavior', 'mach_port_context_t': 'x64',
            'vm32_address_t': 'x32', 'mach_port_type_t': 'port_type', 'vm_region_flavor_t': 'region_flavor', 'vm_purgable_t': 'purgable'}
SILENT = {'serversectoken', 'usersectoken', 'serveraudittoken', 'useraudittoken', 'msgseqno', 'msgoption', 'waittime', 'sendtime',
          'serverimpl', 'userimpl', 'replyport', 'sreplyport', 'ureplyport', 'servercontexttoken', 'usercontexttoken'}
WAYS = {'in', 'out', 'inout', 'requestport'} | SILENT
ALIASES = {'uint32_t': 'u32', 'uint64_t': 'u64', 'uint16_t': 'u16', 'natural_t': 'u32'}


class Routine:
    def __init__(self, name, number, request, reply, simple, source):
        self.name, self.number, self.request, self.reply = name, number, request, reply
        self.simple, self.source = simple, source


class Reader:
    """One view at one version. `defined`: the preprocessor's names."""
    def __init__(self, tree, tag, defined):
        self.tree, self.tag, self.start = tree, tag, defined

    def text(self, path, defined, depth=0):
        source = self.tree.read(self.tag, path)
        if source is None:
            return None
        def include(name):
            if depth < 8 and (name.endswith('.defs') or name.endswith('thread_state.h')):
                inner = self.text('osfmk/' + name.replace('mach/machine/', 'mach/machine/'), defined, depth + 1)
                for line in (inner or '').split('\n'):
                    yield line
        return '\n'.join(xnu_cpp.lines(source, defined, include))

    def routines(self, path):
        """number -> Routine, or None when the version has no such file"""
        defined = dict(self.start)
        text = self.text(path, defined)
        if text is None:
            return None
        self.defined, self.types, found, number = defined, {}, {}, 0
        for statement in statements(expand(text, defined)):
            word = statement.split(None, 1)[0].split('(')[0]
            if word == 'subsystem':
                number = int(statement.split()[-1])
            elif word == 'type':
                name, _, body = statement[4:].partition('=')
                self.types[name.strip()] = body.strip()
            elif word == 'skip':
                number += int(statement[4:].strip() or 1)
            elif word.lower() in ('routine', 'simpleroutine'):
                found[number] = self.routine(statement, number, word.lower() == 'simpleroutine', path)
                number += 1
        return found

    def routine(self, statement, number, simple, path):
        opening = statement.index('(')
        name = statement[:opening].split()[-1]
        request, reply, counted = [], [], None
        for part in statement[opening + 1:statement.rindex(')')].split(';'):
            if not part.strip():
                continue
            left, _, right = part.partition(':')
            words = left.split()
            ways = [w.lower() for w in words[:-1] if w.lower() in WAYS]
            if set(ways) & SILENT:
                continue
            type_text, *flags = right.split(',')
            field = self.field(words[-1], type_text)
            flags = {f.strip().lower() for f in flags}
            if 'samecount' in flags and counted:
                field.counter = counted.counter
            elif field.counter:
                counted = field
            if 'out' in ways or 'inout' in ways:
                reply.append(field)
                if 'countinout' in flags and 'out' in ways:
                    request.append(Field(field.counter, 'u32'))
            if 'out' not in ways:
                request.append(field)
        share(request)
        share(reply)
        return Routine(name, number, request, reply, simple, path)

    def field(self, name, text):
        name_of, _, own = text.partition('=')
        base = self.type(own.strip() if own.strip() else name_of.strip(), name_of.strip())
        field = Field(name, **base)
        if (field.limit or (field.ool and not field.count)) and field.kind != 'str' and field.counter == '?':
            field.counter = name + 'Cnt'
        if field.kind == 'str':
            field.counter = ''
        return field

    def type(self, text, name=''):
        """Arguments of Field for a type expression"""
        text = re.sub(r'\b(ctype|cusertype|cservertype|intran|outtran|destructor|cstring)\s*:.*', '', text, flags=re.S).strip()
        if text.startswith('^'):
            inner = self.type(text[1:].strip())
            inner['ool'] = True
            if inner.pop('limit', 0) or not inner.get('count'):
                inner['counter'] = '?' if inner.get('counter') else ''
            return inner
        found = re.match(r'(array|struct|c_string)\s*\[([^\]]*)\]\s*(?:of\s+(.*))?$', text, re.S)
        if found:
            what, dims, inner = found.group(1), found.group(2).strip(), found.group(3)
            limit = dims.startswith('*')
            count = self.value(dims.lstrip('*').lstrip().lstrip(':')) if dims not in ('', '*') else 0
            if what == 'c_string':
                return dict(kind='str', limit=count) if limit else dict(kind='str', count=count)
            element = self.type(inner)
            each = element.get('each', 1) * (element.get('count') or 1)
            if what == 'struct' or (count and not limit):
                return dict(kind=element['kind'], count=count * each)
            if not count:                       # array[]: without limit, so out of line
                return dict(kind=element['kind'], each=each, ool=True, counter='?')
            return dict(kind=element['kind'], each=each, limit=count, counter='?')
        text = text.split('|')[0].strip()
        if text in MEANINGS and (text not in self.types or self.width(text)):
            return dict(kind=self.meaning(text))
        if text in self.types and self.types[text] != text:
            inner = self.type(self.types[text])
            return inner
        if text in BASES:
            return dict(kind=BASES[text])
        raise ValueError(f'{self.tag}: unknown type "{text}"')

    def width(self, name):
        """The base of a chain of names, or None if it is no scalar"""
        seen = set()
        while name in self.types and name not in seen:
            seen.add(name)
            name = re.sub(r'\b(ctype|cusertype|cservertype|intran|outtran|destructor)\s*:.*', '', self.types[name], flags=re.S).strip()
        return BASES.get(name) if name in BASES else None

    def meaning(self, name):
        base = self.width(name) or BASES.get(name, 'i32')
        kind = MEANINGS[name]
        if kind == 'x64' and base != 'i64':     # a 32-bit kernel's addresses
            return 'x32'
        return kind

    def value(self, text):
        for _ in range(8):
            text = re.sub(r'[A-Za-z_]\w*', lambda m: self.defined.get(m.group(), {'MAXCOMLEN': '16', 'DA_XATTR_MAXNAMELEN': '127'}.get(m.group(), m.group())), text)
        return int(eval(text.replace('/', '//'), {'__builtins__': {}}))


def expand(text, defined):
    """Function-like macros of the file: at most two arguments, ## joins"""
    macros = {n: v for n, v in defined.items() if v.startswith('(')}
    for _ in range(4):
        before = text
        for name, value in macros.items():
            parameters, _, body = value[1:].partition(')')
            parameters = [p.strip() for p in parameters.split(',')]
            def replace(found):
                arguments = [a.strip() for a in found.group(1).split(',')]
                out = re.sub(r'\w+', lambda m: arguments[parameters.index(m.group())] if m.group() in parameters else m.group(), body)
                return re.sub(r'\s*##\s*', '', out).strip()
            text = re.sub(rf'\b{name}\s*\(([^()]*)\)', replace, text)
        if text == before:
            break
    return text


def statements(text):
    depth, begin = 0, 0
    for at, letter in enumerate(text):
        if letter == '(':
            depth += 1
        elif letter == ')':
            depth -= 1
        elif letter == ';' and not depth:
            statement = text[begin:at].strip()
            begin = at + 1
            if statement:
                yield ' '.join(statement.split())
