#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Darwin's half of tools/abi check: small made-up tables and kernels, and one planted mistake after the other.

Two kernels: xnu-1228, a 32-bit one, and xnu-2050.1. Runs alone: python3 tests/unit/abi_check_darwin_test.py.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
from abi_gen import check, check_darwin, check_values, mig, show, table, xnu_config, xnu_cpp, xnu_mig, xnu_tree     # noqa: E402

BSD = '''struct stat
1 | exit | rval:i32 | noreturn | - | - | missing | - | x.c
3 | read | fd:fd, buf:out[nbyte], nbyte:size | size | - | - | missing | - | x.c
4 | enosys | - | none | enosys | 2050.1.. | - | - | x.c
5 | stat | path:str, ub:out stat | zero | - | - | missing | - | x.c
6 | mount | flags:x32 | zero | - | 2050.1.. | missing | - | x.c
'''
MACH = '''26 | mach_reply_port | - | port | - | - | missing | - | x.c
27 | wait_trap | name:port, deadline:u64, out:out u64 | kr | - | - | missing | - | x.c
'''
MDEP = '3 | set_base | base:x64 | i32 | - | - | missing | - | x.c\n'
MIG = '''70 | notified | notify:move_send_once, count:u32 | none | - | missing | - | x.defs
3400 | task_make | task:port, inherit:boolean | child:port | - | missing | - | x.defs
3402 | task_info | task:port, flavor:i32, infoCnt:u32 | info:i32[infoCnt<=8] | - | missing | - | x.defs
3403 | task_size | task:port, address:x32 | - | ..1228 | missing | - | x.defs
3403 | task_size | task:port, address:x64 | - | 2050.1.. | missing | - | x.defs
3404 | task_names | task:port, name:name, data:ool u8[dataCnt] | names:ool port[namesCnt] | 2050.1.. | missing | - | x.defs
'''
MASTER = '''# comment
#include <sys/param.h>
0	AUE_NULL	ALL	{ int nosys(void); }   { indirect syscall }
1	AUE_EXIT	ALL	{ void exit(int rval) NO_SYSCALL_STUB; }
2	AUE_NULL	ALL	{ int nosys(void); }
3	AUE_NULL	ALL	{ user_ssize_t read(int fd, user_addr_t buf, user_size_t nbyte); }
4	AUE_NULL	ALL	{ int NO(void); }   { old creat }
5	AUE_NULL	ALL	{ int sys_stat(char *path, struct stat *ub); }
#if MOUNTS
6	AUE_NULL	ALL	{ int mount(int flags); }
#else
6	AUE_NULL	ALL	{ int nosys(void); }
#endif
'''
TRAPS = '''const mach_trap_t mach_trap_table[MACH_TRAP_TABLE_COUNT] = {
''' + ''.join(f'/* {n} */ MACH_TRAP(kern_invalid, 0, 0, NULL),\n' for n in range(26)) + '''
/* 26 */ MACH_TRAP(mach_reply_port, 0, 0, NULL),
/* 27 */ MACH_TRAP(wait_trap, 3, 4, munge_wlw),
};
'''
TRAPS_H = '''struct mach_reply_port_args { int32_t dummy; };
extern mach_port_name_t mach_reply_port(
	struct mach_reply_port_args *args);
struct wait_trap_args {
	PAD_ARG_(mach_port_name_t, name);
	PAD_ARG_(uint64_t, deadline);
	PAD_ARG_(user_addr_t, out);
	PAD_ARG_(int, beyond);
};
extern kern_return_t wait_trap(
	struct wait_trap_args *args);
'''
MACHDEP = '''const machdep_call_t machdep_call_table[] = { MACHDEP_CALL_ROUTINE(other, 3) };
const machdep_call_t machdep_call_table64[] = {
#if HYPERVISOR
	MACHDEP_CALL_ROUTINE64(hv_trap, 2),
#else
	MACHDEP_CALL_ROUTINE(kern_invalid, 0),
#endif
	MACHDEP_CALL_ROUTINE(kern_invalid, 0),
	MACHDEP_CALL_ROUTINE(kern_invalid, 0),
	MACHDEP_CALL_ROUTINE64(set_base, 1),
};
'''
CONFIG = '''options		MOUNTS		# mounts	# <mounts>
options		HYPERVISOR	# virtual	# <hv,vmm>
options		PLAIN
options		SMALL		#		# <!big>
'''
MACHINE = '''#  BASE =    [ big ]
#  RELEASE = [ BASE{} ]
#  DEBUG =   [ RELEASE hv ]
'''
KOBJECT = '''const struct mig_subsystem *mig_e[] = {
	(const struct mig_subsystem *)&task_subsystem,
#if NOT_THIS
	(const struct mig_subsystem *)&clock_subsystem,
#endif
};
'''
TASK = '''subsystem
#if KERNEL_SERVER
	KernelServer
#endif
	task 3400;
#define SERVED(NAME) NAME ## _external
type u32_t = MACH_MSG_TYPE_INTEGER_32;
type name_t = MACH_MSG_TYPE_PORT_NAME;
type port_t = MACH_MSG_TYPE_COPY_SEND;
type boolean_t = MACH_MSG_TYPE_BOOLEAN;
type info_t = array[*:2*4] of int;
type bytes_t = ^array[] of MACH_MSG_TYPE_BYTE ctype: pointer;
type ports_t = ^array[] of port_t;
#if defined(__LP64__)
type vm_address_t = MACH_MSG_TYPE_INTEGER_64;
#else
type vm_address_t = MACH_MSG_TYPE_INTEGER_32;
#endif
type task_t = port_t
#if KERNEL_SERVER
	intran: task_t convert(port_t)
#endif
	;
routine
#ifdef KERNEL_SERVER
SERVED(task_make)(
#else
task_make(
#endif
	task	: task_t;
	inherit	: boolean_t;
	out child : port_t);
skip;	/* was here once */
routine task_info(
	task	: task_t;
	flavor	: int;
	ServerSecToken token : u32_t;
	out info : info_t, CountInOut);
routine task_size(task : task_t; address : vm_address_t);
#if NAMES
routine task_names(task : task_t; name : name_t; data : bytes_t; out names : ports_t);
#else
skip;
#endif
'''
NOTIFY = '''subsystem notify 70;
type once_t = MACH_MSG_TYPE_MOVE_SEND_ONCE;
simpleroutine notified(notify : once_t; count : unsigned);
'''


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, 'root')
        self.texts = {'values': 'at_flags | bits | 0x10 | A | none.h of xnu-1\n', 'bsd': BSD, 'mach': MACH, 'mdep': MDEP, 'mig': MIG}

    def write(self, path, text):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def kernel(self, version, late, where='', **changed):
        texts = {'bsd/kern/syscalls.master': MASTER.replace('NO(', 'enosys(' if late else 'nosys('),
                 'osfmk/kern/syscall_sw.c': TRAPS, 'osfmk/mach/mach_traps.h': TRAPS_H, 'osfmk/i386/machdep_call.c': MACHDEP,
                 'osfmk/kern/ipc_kobject.c': KOBJECT, 'osfmk/mach/task.defs': TASK, 'osfmk/mach/notify.defs': NOTIFY,
                 ('config' if late else 'bsd/conf') + '/MASTER': CONFIG + ('options NAMES\n' if late else ''),
                 ('config/MASTER.x86_64' if late else 'bsd/conf/MASTER.i386'): MACHINE.format(' mounts' if late else '')}
        for path, text in texts.items():
            self.write(f'{where or "src/xnu-" + version}/{path}', text)

    def lines(self, change=('', '', '')):
        """Runs the check with one text of one table replaced; what it found, without its verdict."""
        which, old, new = change
        for name, text in self.texts.items():
            if name == which:
                self.assertIn(old, text)
                text = text.replace(old, new, 1)
            self.write(f'root/sys/darwin/{name}.tbl', text)
        if not os.path.isdir(os.path.join(self.folder, 'src')):
            self.kernel('1228', False)
            self.kernel('2050.1', True)
        text, status = check.check(os.path.join(self.folder, 'src'), self.root)
        found = [line for line in text.splitlines() if line.startswith(('xnu-', 'sys/'))]
        self.assertEqual(status, 1 if any('NOT SETTLED' in line for line in found) else 0, text)
        return [line.removesuffix(': NOT SETTLED') for line in found]

    def one(self, which, old, new, line):
        self.assertEqual(self.lines((which, old, new)), INDIRECT + [line])

    def test_agrees_but_for_the_indirect_call(self):
        self.assertEqual(self.lines(), INDIRECT)
        self.assertEqual(self.lines(('bsd', '1 |', '0 | syscall | number:u32, arg1:x64 | i64 | hand | - | missing | - | x.c\n1 |')), [])

    def test_missing_number(self):
        self.assertIn('xnu-1228 .. xnu-2050.1: bsd 3 read: missing: the kernel has it, no row of that time does',
                      self.lines(('bsd', '3 | read', '9 | read')))
        self.one('mach', '26 | mach_reply_port | - | port | - | -', '26 | mach_reply_port | - | port | - | 2050.1..',
                 'xnu-1228: mach 26 mach_reply_port: missing: the kernel has it, no row of that time does')

    def test_era(self):
        self.one('bsd', '2050.1.. | - | - | x.c\n5', '- | - | - | x.c\n5', 'xnu-1228: bsd 4 enosys: era: a row of that time, but the kernel has none')
        self.one('bsd', 'zero | - | 2050.1..', 'zero | - | -', 'xnu-1228: bsd 6 mount: era: a row of that time, but the kernel has none')
        self.one('mdep', '3 |', '0 | hv_trap | a:x64, b:x64 | i64 | - | - | missing | - | x.c\n3 |',
                 'xnu-1228 .. xnu-2050.1: mdep 0 hv_trap: era: a row of that time, but the kernel has none')
        self.one('mig', 'names:ool port[namesCnt] | 2050.1..', 'names:ool port[namesCnt] | -',
                 'xnu-1228: mig 3404 task_names: era: a row of that time, but the kernel has none')

    def test_name(self):
        self.one('bsd', '5 | stat', '5 | lstat', 'xnu-1228 .. xnu-2050.1: bsd 5 lstat: name: the kernel has stat')
        self.one('mach', '27 | wait_trap', '27 | await', 'xnu-1228 .. xnu-2050.1: mach 27 await: name: the kernel has wait_trap')
        self.one('mdep', 'set_base', 'set_limit', 'xnu-1228 .. xnu-2050.1: mdep 3 set_limit: name: the kernel has set_base')
        self.one('mig', 'task_make', 'task_create', 'xnu-1228 .. xnu-2050.1: mig 3400 task_create: name: the kernel has task_make')

    def test_arguments(self):
        both = 'xnu-1228 .. xnu-2050.1: '
        self.one('bsd', ', nbyte:size', ', nbyte:size, more:i32', both + 'bsd 3 read: arguments: 4, the kernel takes 3')
        self.one('bsd', 'nbyte:size', 'nbyte:u32', both + 'bsd 3 read: width: nbyte is 32 bits, the kernel has 64 bits')
        self.one('bsd', 'fd:fd', 'fd:u64', both + 'bsd 3 read: width: fd is 64 bits, the kernel has 32 bits')
        self.one('bsd', 'path:str', 'path:x64', both + 'bsd 5 stat: width: path is 64 bits, the kernel has a pointer')
        self.one('bsd', 'flags:x32', 'flags:ptr', 'xnu-2050.1: bsd 6 mount: width: flags is a pointer, the kernel has 32 bits')
        self.one('bsd', 'ub:out', 'sb:out', both + 'bsd 5 stat: spelling: sb is ub in the kernel')
        self.one('bsd', 'noreturn', 'addr', both + 'bsd 1 exit: result: addr, the kernel has void')
        self.one('mach', 'deadline:u64', 'deadline:u32', both + 'mach 27 wait_trap: width: deadline is 32 bits, the kernel has 64 bits')
        self.one('mach', ', out:out u64', '', both + 'mach 27 wait_trap: arguments: 2, the kernel takes 3')
        self.one('mdep', 'base:x64', 'base:x64, more:x64', both + 'mdep 3 set_base: arguments: 2, the kernel takes 1')

    def test_messages(self):
        both = 'xnu-1228 .. xnu-2050.1: '
        self.one('mig', 'child:port', 'child:name', both + 'mig 3400 task_make: reply: child is name, the kernel has port')
        self.one('mig', 'child:port', 'child:port, more:u32', both + 'mig 3400 task_make: reply: 2 fields, the kernel has 1')
        self.one('mig', ', inherit:boolean | child:port', ', inherit:u64 | child:port',
                 both + 'mig 3400 task_make: request: inherit is 64 bits, the kernel has 32 bits')
        self.one('mig', '<=8', '<=9', 'xnu-2050.1: mig 3402 task_info: reply: info has at most 9 elements, in the kernel 8')
        self.one('mig', ', infoCnt:u32', '', both + 'mig 3402 task_info: request: 2 fields, the kernel has 3')
        self.one('mig', '| none', '| -', both + 'mig 70 notified: reply: none comes')
        self.one('mig', 'notify:move_send_once', 'notify:port', both + 'mig 70 notified: request: notify is port, the kernel has move_send_once')
        self.one('mig', 'data:ool u8[dataCnt]', 'data:u8[dataCnt<=9]', 'xnu-2050.1: mig 3404 task_names: request: data is u8[n], the kernel has ool u8[n]')
        self.one('mig', 'address:x32 | - | ..1228', 'address:x64 | - | ..1228',
                 'xnu-1228: mig 3403 task_size: request: address is 64 bits, the kernel has 32 bits')
        moved = self.lines(('mig', '3402 | task_info', '3401 | task_info'))
        self.assertIn(both + 'mig 3401 task_info: era: a row of that time, but the kernel has none', moved)
        self.assertIn(both + 'mig 3402 task_info: missing: the kernel has it, no row of that time does', moved)
        turned = self.lines(('mig', 'inherit:boolean | child:port', 'child:port | inherit:boolean'))
        self.assertIn(both + 'mig 3400 task_make: reply: inherit is 32 bits, the kernel has port', turned)

    def test_settled(self):
        self.write('root/sys/darwin/settled.tbl', 'xnu-* | bsd 0 nosys: missing: * | both | it is number 0\n')
        lines = self.lines()
        self.assertEqual(lines, [INDIRECT[0] + ': both are right: it is number 0'])
        self.write('root/sys/darwin/settled.tbl', 'xnu-* | bsd 77 *: name: * | ours | gone\n')
        self.assertIn('sys/darwin/settled.tbl:1: nothing differs like this (any more)', self.lines())

    def test_source_that_is_not_there(self):
        self.lines()
        os.remove(os.path.join(self.folder, 'src/xnu-1228/osfmk/kern/ipc_kobject.c'))
        os.remove(os.path.join(self.folder, 'src/xnu-1228/osfmk/i386/machdep_call.c'))
        self.assertEqual(self.lines()[1:], ['xnu-1228: mdep - -: source: the table of this class is not there',
                                            'xnu-1228: mig - -: source: osfmk/kern/ipc_kobject.c is not there'])

    def test_git(self):
        git = ['git', '-C', os.path.join(self.folder, 'src/xnu'), '-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'init.defaultBranch=x']
        os.makedirs(os.path.join(self.folder, 'src/xnu'))
        subprocess.run(git + ['init', '-q'], check=True)
        for version, late in (('792.1', False), ('1228', False), ('2050.1', True)):
            self.kernel(version, late, 'src/xnu')
            subprocess.run(git + ['add', '-A'], check=True)
            subprocess.run(git + ['commit', '-q', '--allow-empty', '-m', version], check=True)
            subprocess.run(git + ['tag', f'xnu-{version}'], check=True)
        self.assertEqual(self.lines(), INDIRECT)
        self.one('bsd', 'fd:fd', 'fd:u64', 'xnu-1228 .. xnu-2050.1: bsd 3 read: width: fd is 64 bits, the kernel has 32 bits')


INDIRECT = ['xnu-1228 .. xnu-2050.1: bsd 0 nosys: missing: the kernel has it, no row of that time does']


class Parts(unittest.TestCase):
    def test_conditions(self):
        for text, truth in (('A', True), ('B', False), ('defined(A) && !B', True), ('defined A', True), ('A == 2', True), ('A > 2 || B', False),
                            ('!(A && B)', True), ('__has_feature(x) || A', True), ('C', True), ('(A|B)', True)):
            with self.subTest(text=text):
                self.assertEqual(xnu_cpp.truth(text, {'A': '2', 'C': 'A'}), truth)

    def test_branches(self):
        text = '#if A\n1\n#elif B\n2\n#ifdef B\n3\n#endif\n#else\n4\n#endif\n5 /* a\n b */ 6 // 7'
        for defined, lines in (({'A': '1'}, '1 5 6'), ({'B': '1'}, '2 3 5 6'), ({}, '4 5 6')):
            self.assertEqual(' '.join(' '.join(xnu_cpp.lines(text, dict(defined))).split()), lines)

    def test_configuration(self):
        chosen = xnu_config.attributes(MACHINE.format(' mounts'))
        self.assertEqual(dict(xnu_config.options(CONFIG, chosen)), {'MOUNTS': '1', 'PLAIN': '1'})
        self.assertEqual(dict(xnu_config.options(CONFIG, xnu_config.attributes(MACHINE.format(''), 'DEBUG')))['HYPERVISOR'], '1')

    def test_macros(self):
        self.assertEqual(xnu_mig.expand('P(a) Q(b)', {'P': '(N) x_ ## N', 'Q': '(N)N', 'R': '1'}), 'x_a b')
        self.assertEqual(list(xnu_mig.statements('type a = b; routine f(\n a : b;\n c : d);')), ['type a = b', 'routine f( a : b; c : d)'])


class Values(unittest.TestCase):
    def test_of_headers(self):
        defined = check_values.names('#define A 0x10 /* a */\n#define B (A|1U)\n#define F(x) ((int)(1 << (x)))\n#define C F(A)\n'
                                     '#define D ((mach_port_right_t) 3)\n#define O 0100\nenum { P_X, P_Y };\n#define W B\\\n + 1\n#define S "s"\n')
        for name, number in (('A', 16), ('B', 17), ('C', 65536), ('D', 3), ('O', 64), ('P_Y', 1), ('W', 18)):
            self.assertEqual(check_values.value(defined[name], defined), number, name)
        with self.assertRaises(ValueError):
            check_values.value(defined['S'], defined)

    def test_rows(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.makedirs(os.path.join(folder, 'sys/darwin'))
        def rows(*lines):
            with open(os.path.join(folder, 'sys/darwin/values.tbl'), 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines))
            return table.values(folder)
        self.assertEqual(len(rows('at_flags | bits | 0x10 | A | x.h', 'at_flags | value | 16 | B | x.h')), 2)
        for line, message in (('at_flag | bits | 1 | A | x.h', 'unknown type'), ('at_flags | bit | 1 | A | x.h', 'is not one of bits, value'),
                              ('at_flags | bits | 3 | A | x.h', 'is not one bit'), ('at_flags | bits | 0x10 | B | x.h', 'is there twice')):
            with self.subTest(line=line), self.assertRaisesRegex(table.Bad, message):
                rows('at_flags | bits | 0x10 | A | x.h', line)

    def test_planted(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.makedirs(os.path.join(folder, 'sys/darwin'))
        os.makedirs(os.path.join(folder, 'xnu-2050.1/bsd'))
        with open(os.path.join(folder, 'sys/darwin/values.tbl'), 'w', encoding='utf-8') as file:
            file.write('at_flags | bits | 0x10 | A | bsd/x.h\nat_flags | bits | 0x20 | B | bsd/x.h\nat_flags | bits | 0x40 | C | bsd/x.h\n')
        with open(os.path.join(folder, 'xnu-2050.1/bsd/x.h'), 'w', encoding='utf-8') as file:
            file.write('#define A 0x10\n#define B 0x21\n')
        found = check_darwin.Found()
        check_values.compare(xnu_tree.Tree(folder), folder, found)
        self.assertEqual(list(found.tags), ['value at_flags B: number: 32, the kernel has 33', 'value at_flags C: source: it is not in bsd/x.h'])


class Messages(unittest.TestCase):
    def sizes(self, name):
        return mig.sizes(next(r for r in table.mig(ROOT) if r.name == name and 'old' not in r.marks))

    def test_sizes(self):
        self.assertEqual(self.sizes('semaphore_create'), ((40, 40), (40, 40)))          # NDR, policy, value; a descriptor alone
        self.assertEqual(self.sizes('semaphore_destroy'), ((40, 40), (36, 36)))         # a descriptor; NDR, code
        self.assertEqual(self.sizes('task_threads'), ((24, 24), (56, 56)))              # header; descriptor of 16, NDR, count
        self.assertEqual(self.sizes('mach_port_allocate'), ((36, 36), (40, 40)))
        self.assertEqual(self.sizes('mach_vm_allocate'), ((52, 52), (44, 44)))          # 64-bit fields are not aligned
        self.assertEqual(self.sizes('task_info'), ((40, 40), (40, 40 + 94 * 4)))
        self.assertEqual(self.sizes('mach_notify_dead_name'), ((36, 36), None))
        self.assertEqual(self.sizes('mach_port_insert_right'), ((52, 52), (36, 36)))
        self.assertEqual(self.sizes('host_kernel_version')[1], (36 + 8, 36 + 8 + 512))
        self.assertEqual(self.sizes('thread_get_exception_ports')[1], (28 + 32 * 12 + 8 + 4, 28 + 32 * 12 + 8 + 4 + 3 * 32 * 4))

    def test_page(self):
        page = show.show('darwin', 'semaphore_create', ROOT)
        for text in ('id 3418, reply 3518', 'to       task:port', 'request  40 bytes\n', 'reply    40 bytes, complex', 'semaphore:port'):
            self.assertIn(text, page)
        self.assertIn('no reply', show.show('darwin', 'mach_notify_dead_name', ROOT))

    def test_what_is_no_field(self):
        for text in ('a', 'a:integer', 'a:u32[', 'a:u32[n<=]', 'a: u32'):
            with self.subTest(text=text), self.assertRaises(table.Bad):
                mig.parse(text, table.Row('x.tbl', 1, {}))

    def test_fields_are_written_as_they_are_read(self):
        for row in table.mig(ROOT):
            for fields in (row.request, row.reply):
                text = ', '.join(f.text() for f in fields)
                self.assertEqual([f.__dict__ for f in mig.parse(text or '-', row)], [f.__dict__ for f in fields], row.where)


if __name__ == '__main__':
    unittest.main()
