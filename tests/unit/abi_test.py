#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tools/abi: what it refuses and how it says so, the shape of the trampolines, the translation.

Runs alone: python3 tests/unit/abi_test.py. Broken tables are copies of the real ones in a
folder of their own, with one row changed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
from abi_gen import emit, hostcheck, lint, names, show, table          # noqa: E402


def abi(*words):
    done = subprocess.run([sys.executable, os.path.join(ROOT, 'tools/abi'), *words],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def row(cls, name):
    return next(r for r in table.current(table.calls(cls)[0]) if r.name == name)


class Tables(unittest.TestCase):
    def test_are_clean(self):
        self.assertEqual(abi('lint'), (0, '', ''))

    def test_know_every_call_of_the_host(self):
        header = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
        if not os.path.exists(header):
            self.skipTest(f'no {header}')
        self.assertEqual(abi('lint', header), (0, '', ''))

    def test_have_no_placeholders(self):
        for cls in table.CLASSES:
            for r in table.calls(cls)[0]:
                self.assertNotRegex(r.remark, r'(?i)todo|fixme|xxx', r.where)


class Structs(unittest.TestCase):
    def test_are_defined_or_said_not_to_be(self):
        for kernel, classes in table.KERNELS.items():
            named = {name for cls in classes for name in table.calls(cls)[1]}
            missing = named - set(show.definitions(kernel, ROOT))
            self.assertEqual(missing, set(show.OPAQUE[kernel]), f'{kernel}: structs without a definition in sys/{kernel}/*.h')

    def test_show_prints_them(self):
        for kernel, call, lines in (('linux', 'epoll_ctl', ('struct [[gnu::packed]] epoll_event {', '// sys/linux/epoll.h, 12 bytes')),
                                    ('linux', 'clone3', ('// sys/linux/sched.h, 88 bytes',)),
                                    ('darwin', 'shmctl', ('// sys/darwin/ipc.h, 76 bytes', 'i16 shm_nattch;')),
                                    ('darwin', 'statv', ('struct vstat;  // opaque here: its calls gave ENOTSUP',))):
            page = abi('show', kernel, call)[1]
            for line in lines:
                self.assertIn(line, page)


class Kinds(unittest.TestCase):
    def test_defined_twice(self):
        with tempfile.NamedTemporaryFile('w', suffix='.py') as file:
            file.write("A = {\n    'fd': 1,\n    'size': 2,\n    'fd': 3,\n}\nB = {'fd': 4}\n")
            file.flush()
            self.assertEqual(list(lint.twice(file.name)), [f'{file.name}:4: "fd" is already at line 2'])


class Lint(unittest.TestCase):
    """Each wrong row gives `file:line: what` and status 2."""
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ('sys/linux', 'sys/darwin'):
            os.makedirs(os.path.join(self.root, folder))
            for file in os.listdir(os.path.join(ROOT, folder)):
                if file.endswith('.tbl'):
                    shutil.copy(os.path.join(ROOT, folder, file), os.path.join(self.root, folder))
        shutil.copy(os.path.join(ROOT, 'sys/layout.tbl'), os.path.join(self.root, 'sys'))

    def refused(self, file, line, message, command=('lint',)):
        path = os.path.join(self.root, file)
        with open(path, 'a', encoding='utf-8') as out:
            out.write(line + '\n')
        with open(path, encoding='utf-8') as lines:
            count = len(lines.readlines())
        status, out, err = abi('--root', self.root, *command)
        self.assertEqual((status, out), (2, ''))
        self.assertIn(f'{file}:{count}: {message}', err)
        self.assertNotIn('Traceback', err)

    def test_unknown_type(self):
        self.refused('sys/linux/syscalls.tbl', '900 | new | a:integer | zero | - | - | - | x.c',
                     'unknown type "integer" of argument "a"')

    def test_unknown_struct(self):
        self.refused('sys/darwin/bsd.tbl', '900 | new | a:in timespek | zero | - | - | missing | - | x.c',
                     '"a" points to unknown type "timespek"')

    def test_length_that_is_no_argument(self):
        self.refused('sys/darwin/bsd.tbl', '900 | new | a:in[len] | zero | - | - | missing | - | x.c',
                     'length "len" of "a" is no argument')

    def test_pointer_without_type_or_length(self):
        self.refused('sys/darwin/bsd.tbl', '900 | new | a:in | zero | - | - | missing | - | x.c',
                     '"a:in" says neither type nor length')

    def test_duplicate_number(self):
        self.refused('sys/linux/syscalls.tbl', '0 | new | - | zero | - | - | - | x.c', 'number 0 is new and, at line')

    def test_duplicate_number_in_eras_that_meet(self):
        self.refused('sys/darwin/bsd.tbl', '301 | new | - | zero | - | 1300.. | missing | - | x.c', 'number 301 is new and, at line')

    def test_duplicate_name(self):
        self.refused('sys/linux/syscalls.tbl', '900 | read | - | zero | - | - | - | x.c', 'read is already at sys/linux/syscalls.tbl')

    def test_name_in_two_classes(self):
        self.refused('sys/darwin/mach.tbl', '120 | read | - | kr | - | - | missing | - | x.c', 'read is also at sys/darwin/bsd.tbl')

    def test_too_many_arguments(self):
        for file, most in (('sys/linux/syscalls.tbl', 6), ('sys/darwin/bsd.tbl', 8), ('sys/darwin/mach.tbl', 9)):
            with self.subTest(file=file):
                args = ', '.join(f'a{n}:i32' for n in range(most + 1))
                verdict = '| missing ' if 'darwin' in file else ''
                self.refused(file, f'120 | new | {args} | zero | - | - {verdict}| - | x.c', f'new has {most + 1} arguments')

    def test_missing_column(self):
        self.refused('sys/linux/syscalls.tbl', '900 | new | - | zero | - | - | x.c', '7 columns instead of 8')

    def test_number_result_mark_era(self):
        self.refused('sys/linux/syscalls.tbl', 'ten | new | - | zero | - | - | - | x.c', '"ten" is not a number')
        for line, message in (('900 | new | - | nil | - | - | - | x.c', 'unknown result "nil"'),
                              ('900 | new | - | zero | hnad | - | - | x.c', 'unknown mark "hnad"'),
                              ('900 | new | - | zero | - | 5.1 | - | x.c', 'era "5.1" is not since..until'),
                              ('900 | new | - | zero | - | 6..5 | - | x.c', 'era 6..5 ends before it begins')):
            with self.subTest(line=line):
                shutil.copy(os.path.join(ROOT, 'sys/linux/syscalls.tbl'), os.path.join(self.root, 'sys/linux'))
                self.refused('sys/linux/syscalls.tbl', line, message)

    def test_generating_refuses_too(self):
        self.refused('sys/linux/syscalls.tbl', '900 | new | a:integer | zero | - | - | - | x.c',
                     'unknown type', ('asm', 'linux', os.path.join(self.root, 'out')))

    def test_errno_with_a_number_twice_and_an_unknown_counterpart(self):
        self.refused('sys/linux/errno.tbl', '1 | EAGAINST | x | -', 'number 1 is already EPERM')
        shutil.copy(os.path.join(ROOT, 'sys/linux/errno.tbl'), os.path.join(self.root, 'sys/linux'))
        self.refused('sys/linux/errno.tbl', '999 | ENEW | x | ENOTHING', 'the other kernel has no ENOTHING')

    def test_settled_differences(self):
        for file in ('sys/linux/settled.tbl', 'sys/darwin/settled.tbl'):
            self.refused(file, '* | x | theirs | y', '"theirs" is not one of ours, both')
            shutil.copy('/dev/null', os.path.join(self.root, file))
            self.refused(file, '* | x | ours | -', 'a settled difference needs its reason')

    def test_layout(self):
        self.refused('sys/layout.tbl', 'Tls.m eight', '"Tls.m eight" is not')

    def test_missing_table(self):
        os.remove(os.path.join(self.root, 'sys/darwin/mach.tbl'))
        status, _, err = abi('--root', self.root, 'lint')
        self.assertEqual(status, 2)
        self.assertIn('sys/darwin/mach.tbl: No such file or directory', err)


class CommandLine(unittest.TestCase):
    def test_bad_words(self):
        for words, message in ((('frob',), 'no command "frob"'), (('asm', 'plan9', '/dev/null'), '"plan9" is not a kernel'),
                               (('asm', 'linux'), 'asm takes 2 arguments, not 1'), (('find', 'x'), '"x" is not a number'),
                               (('show', 'linux', 'frob'), 'linux has no call "frob"'), ((), 'usage:'),
                               (('asm', 'linux', '/nowhere/x'), '/nowhere/x: No such file')):
            with self.subTest(words=words):
                status, out, err = abi(*words)
                self.assertEqual((status, out), (2, ''))
                self.assertIn(message, err)

    def test_find_by_any_encoding(self):
        self.assertIn('read', abi('find', '0x2000003')[1])
        self.assertIn('mach_msg_trap', abi('find', '0x100001f')[1])
        self.assertIn('KERN_OPERATION_TIMED_OUT', abi('find', '49')[1])
        self.assertIn('MIG_SERVER_DIED', abi('find', '-308')[1])
        self.assertIn('semaphore_create', abi('find', '3518')[1])
        self.assertIn('MACH_RCV_INTERRUPTED', abi('find', '0x10004005')[1])

    def test_find_x32_and_signed_registers(self):
        self.assertIn('execve of x32', abi('find', '0x40000208')[1])
        self.assertIn('execve of x32 (in its class', abi('find', '520')[1])
        self.assertIn('read as x32 calls it', abi('find', '0x40000000')[1])
        self.assertEqual(abi('find', str((1 << 30) + 59))[0], 2)      # execve has another number there
        for number in ('-4', '0xfffffffc', '0xfffffffffffffffc'):
            self.assertIn('EINTR', abi('find', number)[1])
        self.assertIn('write', abi('find', '33554436')[1])
        self.assertIn('semaphore_wait_trap (as 32-bit code numbers it; eax = 0x1000024)', abi('find', '-36')[1])
        self.assertIn('MIG_SERVER_DIED', abi('find', '0xfffffecc')[1])

    def test_show(self):
        page = abi('show', 'darwin', 'sys_kevent64')[1]
        self.assertRegex(page, r'8\(rsp\) +timeout')
        self.assertIn('eax = 0x2000171', page)
        self.assertIn('up to xnu-2422.115.4', abi('show', 'darwin', 'sem_init')[1])

    def test_show_as_a_manual_does(self):
        page = abi('show', 'linux', 'futex')[1]
        titles = [line for line in page.splitlines() if line and not line.startswith(' ')]
        self.assertEqual(titles, ['NAME', 'SYNOPSIS', 'ARGUMENTS', 'RESULT', 'ERA', 'REMARK', 'STRUCTURES', 'SOURCE'])
        self.assertIn('Result sys_futex(u32* uaddr, i32 op, u32 val, const lnx::timespec* utime, u32* uaddr2, u32 val3);', page)
        self.assertIn('        i64 tv_nsec;', page)
        self.assertIn('kernel/futex/syscalls.c', page)
        page = abi('show', 'darwin', 'mach_port_allocate')[1]         # MIG: no registers, but a request and a reply
        self.assertIn('MESSAGES\n    to', page)
        self.assertIn('id 3204, reply 3304', page)

    def test_show_all_eras_and_x32(self):
        page = abi('show', 'linux', 'execve')[1]
        self.assertEqual(re.findall(r'eax = (0x\w+)', page), ['0x3b', '0x40000208'])
        self.assertEqual(abi('show', 'linux', 'timerfd')[1].count('NAME'), 1)

    def test_show_by_the_names_of_libraries(self):
        for kernel, name, found in (('darwin', 'semaphore_wait', 'semaphore_wait_trap'), ('darwin', 'task_self', 'task_self_trap'),
                                    ('darwin', 'pthread_kill', '__pthread_kill'), ('darwin', 'waitpid', 'wait4'),
                                    ('darwin', 'mach_task_self', 'task_self_trap'), ('darwin', 'stat', 'stat64'),
                                    ('linux', 'sigaction', 'rt_sigaction'), ('linux', 'pread', 'pread64'),
                                    ('linux', 'waitpid', 'wait4'), ('linux', '_exit', 'exit_group')):
            status, out, err = abi('show', kernel, name)
            self.assertEqual((status, err), (0, ''), name)
            self.assertRegex(out, rf'\b{found}\b')

    def test_show_names_what_is_near(self):
        self.assertIn('semaphore_wait', abi('show', 'darwin', 'semaphore_wiat')[2])
        self.assertIn('it has futex', abi('show', 'linux', 'futx')[2])
        status, _, err = abi('show', 'darwin', 'semwait_signal')       # one of four: with and without __old and _nocancel
        self.assertEqual(status, 2)
        self.assertIn('"semwait_signal" may be\n  __semwait_signal (XNU, BSD class, 334', err)
        self.assertIn('__old_semwait_signal_nocancel', err)


class Trampolines(unittest.TestCase):
    def shape(self, cls, name):
        return [re.sub(r'\s+', ' ', line.split(';')[0]).strip() for line in emit.trampoline(row(cls, name))]

    def test_linux(self):
        self.assertEqual(self.shape('linux', 'read'), ['mov eax, 0x0', 'syscall', 'ret'])
        self.assertEqual(self.shape('linux', 'mmap'), ['mov r10, rcx', 'mov eax, 0x9', 'syscall', 'ret'])

    def test_bsd_turns_carry_into_minus_errno(self):
        self.assertEqual(self.shape('bsd', 'read'),
                         ['mov eax, 0x2000003', 'syscall', 'jnc short $+5', 'neg rax', 'ret'])
        self.assertEqual(self.shape('bsd', 'wait4')[0], 'mov r10, rcx')

    def test_mach_has_no_carry(self):
        self.assertEqual(self.shape('mach', 'semaphore_wait_trap'), ['mov eax, 0x1000024', 'syscall', 'ret'])

    def test_machdep(self):
        self.assertEqual(self.shape('mdep', 'thread_fast_set_cthread_self64'), ['mov eax, 0x3000003', 'syscall', 'ret'])
        self.assertIn('neg rax', self.shape('mdep', 'i386_set_ldt64'))

    def test_seventh_argument_stays_where_the_caller_put_it(self):
        for cls in table.CLASSES:
            for r in table.callable_rows(table.calls(cls)[0]):
                text = ' '.join(emit.trampoline(r))
                self.assertNotRegex(text, r'push|pop|rsp|rdx', r.where)
                self.assertEqual('r10' in text, len(r.args) >= 4, r.where)
        self.assertEqual(len(row('mach', 'mach_msg_trap').args), 7)
        self.assertEqual(len(row('bsd', 'kevent64').args), 7)

    def test_one_shape_for_each_class(self):
        """Nothing but these instructions: so many bytes for each of what a trampoline may be."""
        tail = {'linux': ['ret'], 'bsd': ['jnc short $+5', 'neg rax', 'ret'], 'mach': ['ret'], 'mdep': ['ret']}
        for cls in table.CLASSES:
            for r in table.callable_rows(table.calls(cls)[0]):
                wanted = ['mov r10, rcx'] * (len(r.args) >= 4) + [f'mov eax, {r.encoded:#x}', 'syscall']
                wanted += ['ud2'] if r.result == 'noreturn' else tail['bsd' if 'carry' in r.marks else cls]
                shape = [re.sub(r'\s+', ' ', line.split(';')[0]).strip() for line in emit.trampoline(r)]
                self.assertEqual(shape, wanted, r.where)

    def test_of_a_call_that_does_not_return(self):
        self.assertEqual(self.shape('bsd', 'exit')[-1], 'ud2')
        self.assertIn('[[noreturn]] void sys_exit(i32 rval);', emit.header('darwin', ROOT))

    def test_one_section_or_subsection_each(self):
        self.assertIn('section .text.sys_read progbits alloc exec nowrite align=1\nglobal sys_read:function hidden',
                      emit.asm('linux', ROOT))
        darwin = emit.asm('darwin', ROOT)
        self.assertIn('%pragma macho subsections_via_symbols', darwin)
        self.assertIn('global sys_read:private_extern', darwin)

    def test_not_for_calls_that_are_no_functions(self):
        self.assertNotRegex(emit.asm('linux', ROOT), r'sys_(vfork|clone|clone3|rt_sigreturn):\n')
        self.assertNotIn('sys_vfork:\n', emit.asm('darwin', ROOT))

    def test_pairs(self):
        self.assertIn('Result2 sys_pipe();', emit.header('darwin', ROOT))
        self.assertIn('Result2 sys_fork();', emit.header('darwin', ROOT))
        self.assertIn('Result sys_fork();', emit.header('linux', ROOT))
        self.assertIn('u32 sys_task_self_trap();', emit.header('darwin', ROOT))
        self.assertIn('i32 sys_semaphore_wait_trap(u32 wait_name);', emit.header('darwin', ROOT))


class Translation(unittest.TestCase):
    def setUp(self):
        self.linux, self.darwin = names.errnos('linux', ROOT), names.errnos('darwin', ROOT)

    def test_errno_both_ways(self):
        to_darwin, to_linux = names.pairs(self.linux, self.darwin), names.pairs(self.darwin, self.linux)
        for linux, darwin in ((1, 1), (11, 35), (35, 11), (38, 78), (110, 60), (95, 102), (61, 96), (40, 62), (131, 104)):
            self.assertEqual(to_darwin[linux], darwin)
            self.assertEqual(to_linux[darwin], linux)
        self.assertEqual(to_linux[45], 95)          # ENOTSUP and EOPNOTSUPP are one on Linux
        self.assertEqual(to_linux[93], 61)          # ENOATTR is ENODATA there
        self.assertEqual(to_darwin[126], 0)         # ENOKEY has no counterpart

    def test_same_names_come_back(self):
        to_darwin, to_linux = names.pairs(self.linux, self.darwin), names.pairs(self.darwin, self.linux)
        shared = {r.name for r in self.linux} & {r.name for r in self.darwin if r.other == '-'}
        for r in self.linux:
            if r.name in shared and not r.alias and r.other == '-' and to_darwin[r.number]:
                self.assertEqual(to_linux[to_darwin[r.number]], r.number, r.name)

    def test_signals_both_ways(self):
        linux, darwin = names.signals('linux', ROOT), names.signals('darwin', ROOT)
        to_darwin, to_linux = names.pairs(linux, darwin), names.pairs(darwin, linux)
        for a, b in ((7, 10), (10, 30), (12, 31), (17, 20), (18, 19), (19, 17), (20, 18), (23, 16), (29, 23), (31, 12)):
            self.assertEqual((to_darwin[a], to_linux[b]), (b, a))
        self.assertEqual((to_darwin[16], to_linux[7], to_linux[29]), (0, 0, 0))


class HostCheck(unittest.TestCase):
    def test_compares_every_number(self):
        text = hostcheck.host_check(ROOT)
        for r in table.current(table.calls('linux')[0]):
            self.assertIn(f'ours::nr_{r.name} == __NR_{r.name}', text)
        for r in names.errnos('linux', ROOT) + names.signals('linux', ROOT):
            self.assertIn(f'ours::e_{r.name} == {r.name},', text)

    def test_compares_x32(self):
        text = hostcheck.host_check(ROOT)
        self.assertIn('#include <asm/unistd_x32.h>', text)
        self.assertIn(f'static_assert(__NR_execve == {(1 << 30) + 520}', text)
        self.assertIn(f'static_assert(__NR_read == {1 << 30}', text)


if __name__ == '__main__':
    unittest.main()
