# SPDX-License-Identifier: BSD-3-Clause
"""What XNU's own tables say of its traps: one Entry a number, for one version.

BSD class: bsd/kern/syscalls.master, with the conditions as the release kernel had them.
Mach class: osfmk/kern/syscall_sw.c has names and counts, osfmk/mach/mach_traps.h the
arguments. Machine-dependent class: osfmk/i386/machdep_call.c.
"""
import re

from . import xnu_config, xnu_cpp

# Width of an argument by its C type; whatever has a * is a pointer.
POINTERS = {'user_addr_t', 'caddr_t', 'caddr_ut', 'uuid_t', 'mach_voucher_attr_raw_recipe_array_t',
            'mach_voucher_attr_raw_recipe_t'}
WIDTH64 = {'size_t', 'user_size_t', 'size_ut', 'user_ssize_t', 'ssize_t', 'u_long', 'long', 'unsigned long', 'off_t',
           'uint64_t', 'int64_t', 'u_int64_t', 'user_long_t', 'user_ulong_t', 'mach_vm_address_t', 'mach_vm_size_t',
           'mach_vm_offset_t', 'mach_port_context_t', 'vm_size_t', 'vm_offset_t', 'vm_address_t', 'time_t', 'semun_t',
           'mach_msg_option64_t', 'mach_vm_address_ut', 'mach_vm_size_ut', 'mach_vm_offset_ut', 'uintptr_t'}
WIDTH32 = {'int', 'uint32_t', 'u_int', 'int32_t', 'u_int32_t', 'unsigned int', 'unsigned', 'pid_t', 'uid_t', 'gid_t', 'id_t',
           'idtype_t', 'key_t', 'socklen_t', 'sigset_t', 'mode_t', 'au_asid_t', 'sae_associd_t', 'associd_t', 'sae_connid_t',
           'connid_t', 'mach_port_name_t', 'mach_port_t', 'mach_msg_option_t', 'mach_msg_size_t', 'mach_msg_timeout_t',
           'mach_msg_priority_t', 'clock_res_t', 'boolean_t', 'sleep_type_t', 'mach_port_right_t', 'mach_port_delta_t',
           'mach_msg_type_name_t', 'mach_port_flavor_t', 'mach_voucher_attr_key_t', 'mach_port_mscount_t', 'mach_msg_id_t',
           'mach_port_seqno_t', 'uint', 'mach_voucher_attr_raw_recipe_size_t', 'dev_t', 'natural_t', 'vm_prot_t', 'vm_prot_ut', 'vm_purgable_t',
           'mach_msg_timeout', 'exception_mask_t', 'policy_t'}
WORDS = {'const', 'struct', 'union', 'volatile', 'enum'}


class Entry:
    """name, args: [(name, '32' | '64' | 'ptr')], result: the C type; unsafe: refused to 64-bit processes (10.5)"""
    def __init__(self, name, args, result, unsafe=False):
        self.name, self.args, self.result, self.unsafe = name, args, result, unsafe


def width(text):
    if '*' in text or '[' in text:
        return 'ptr'
    name = ' '.join(w for w in text.split() if w not in WORDS)
    if name in POINTERS:
        return 'ptr'
    if name in WIDTH64:
        return '64'
    if name in WIDTH32:
        return '32'
    raise ValueError(f'the width of "{text.strip()}" is not known')


def arguments(text):
    if text.strip() in ('', 'void'):
        return []
    out = []
    for part in text.split(','):
        found = re.match(r'(.*?)(\w+)\s*(\[\w*\])?$', part.strip(), re.S)
        out.append((found.group(2), width(found.group(1) + (found.group(3) or ''))))
    return out


MASTER = re.compile(r'\{\s*(.+?)\s*\((.*?)\)\s*(?:NO_SYSCALL_STUB)?\s*;?\s*(?:NO_SYSCALL_STUB)?\s*;?\s*\}(.*)$')


def bsd(text, defined):
    """number -> Entry; `nosys` slots are left out, `enosys` ones stay"""
    entries = {}
    for line in xnu_cpp.lines(text.replace('\r', ''), dict(defined), define=False):
        words = line.split()
        if not words or not words[0].isdigit() or '{' not in line:
            continue
        number, files = int(words[0]), line[:line.index('{')].split()[-1]
        found = MASTER.search(line)
        if not found:
            raise ValueError(f'syscalls.master: cannot read "{line.strip()}"')
        result, name = found.group(1).rsplit(None, 1)
        if name == 'nosys' and number:
            entries.pop(number, None)
            continue
        entries[number] = Entry(name.removeprefix('sys_'), arguments(found.group(2)), result, files.startswith('U'))
    return entries


STRUCT = re.compile(r'struct\s+(\w+_args)\s*\{(.*?)\};', re.S)
PAD = re.compile(r'PAD_ARG_\(\s*(.*?)\s*,\s*(\w+)\s*\)')
PROTOTYPE = re.compile(r'extern\s+(\w+)\s+(\w+)\s*\(\s*struct\s+(\w+)\s*\*\s*\w*\s*\)\s*;')
TRAP = re.compile(r'MACH_TRAP\(\s*(\w+)\s*,\s*(\d+)\s*(?:,\s*(\d+))?\s*,\s*(\w+)')


def mach(table, header, defined):
    defined = dict(defined, __LP64__='1', __x86_64__='1', XNU_KERNEL_PRIVATE='1', KERNEL='1')
    text = '\n'.join(xnu_cpp.lines(header, dict(defined), define=False))
    structs = {m.group(1): PAD.findall(m.group(2)) for m in STRUCT.finditer(text)}
    kinds = {m.group(2): (m.group(1), structs.get(m.group(3), [])) for m in PROTOTYPE.finditer(text)}
    entries, number = {}, 0
    body = '\n'.join(xnu_cpp.lines(table, dict(defined), define=False))
    body = body[body.index('mach_trap_table['):]
    body = body[:body.index('};')]
    for found in TRAP.finditer(body):
        name, munge = found.group(1), found.group(4)
        if name != 'kern_invalid':
            result, fields = kinds.get(name, ('kern_return_t', None))
            # The munger's letters count the arguments; a struct may have more, being shared.
            count = len(munge) - len('munge_') if munge.startswith('munge_') else 0
            if fields is None:          # iokit_user_client_trap: declared by IOKit
                args = [('', '')] * count
            else:
                args = [(n, width(t)) for t, n in fields[:count]]
            entries[number] = Entry(name, args, result)
        number += 1
    return entries


MDEP = re.compile(r'MACHDEP(_BSD)?_CALL_ROUTINE(?:64)?\(\s*(\w+)\s*,\s*(\d+)\s*\)')


def mdep(text, defined):
    body = '\n'.join(xnu_cpp.lines(text, dict(defined), define=False))
    body = body[body.index('machdep_call_table64['):]
    entries = {}
    for number, found in enumerate(MDEP.finditer(body[:body.index('};')])):
        if found.group(2) != 'kern_invalid':
            entries[number] = Entry(found.group(2), [('', '')] * int(found.group(3)), 'bsd' if found.group(1) else 'value')
    return entries


def read(tree, tag, cls, config=None):
    """The entries of one class at one version, or None when the version has no such file."""
    config = config if config is not None else xnu_config.release(tree, tag)
    if cls == 'bsd':
        text = tree.read(tag, 'bsd/kern/syscalls.master')
        return None if text is None else bsd(text, nfs(config))
    if cls == 'mach':
        table, header = tree.read(tag, 'osfmk/kern/syscall_sw.c'), tree.read(tag, 'osfmk/mach/mach_traps.h')
        return None if table is None or header is None else mach(table, header, config)
    text = tree.read(tag, 'osfmk/i386/machdep_call.c')
    return None if text is None else mdep(text, config)


def nfs(config):
    """bsd/nfs/nfs_conf.h, which newer masters include: CONFIG_NFS_SERVER names what NFSSERVER was"""
    if config.get('CONFIG_NFS_SERVER'):
        return dict(config, NFSSERVER='1')
    return config
