#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tools/abi check: what it finds in made-up sources, and what it says when there are none.

Runs alone: python3 tests/unit/abi_check_test.py. The releases are our own table in the kernel's
format with one thing at a time changed; the real comparison needs sources that are not here.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
from abi_gen import check, check_linux, table          # noqa: E402


def abi(*words):
    done = subprocess.run([sys.executable, os.path.join(ROOT, 'tools/abi'), *words],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Linux(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def release(self, version, lines, prototypes=''):
        tree = os.path.join(self.folder, f'linux-{version}')
        os.makedirs(tree, exist_ok=True)
        for name, text in (('syscall_64.tbl', lines), ('syscalls.h', prototypes)):
            with open(os.path.join(tree, name), 'w', encoding='utf-8') as file:
                file.write(text)

    @staticmethod
    def table_of(version):
        """syscall_64.tbl as our own rows would have it in that release"""
        release = tuple(int(n) for n in version.split('.'))
        rows = [r for r in table.calls('linux')[0] if check_linux.has(r, release) and 'enosys' not in r.marks]
        own = {r.name for r in rows if 'x32' in r.marks}
        return ''.join(f'{r.number}\t{"x32" if "x32" in r.marks else "64" if r.name in own else "common"}\t{r.name}\tsys_{r.name}\n'
                       for r in rows)

    def lines(self):
        status, out, err = abi('check', self.folder)
        self.assertEqual(err, '')
        return status, [line for line in out.splitlines() if line.startswith('linux-')], out.splitlines()[-1]

    def test_nothing_to_compare_says_how_to_get_it(self):
        for folder, message in ((self.folder, 'no sources in this folder'), ('/nowhere/x', 'no such folder')):
            status, out, err = abi('check', folder)
            self.assertEqual((status, out), (2, ''))
            self.assertIn(f'{folder}: {message}', err)
            self.assertIn('arch/x86/entry/syscalls/syscall_64.tbl', err)
        self.assertEqual(abi('check', '--help')[0], 0)

    def test_a_release_that_agrees(self):
        self.release('6.6', self.table_of('6.6'), 'asmlinkage long sys_read(unsigned int fd, char __user *buf, size_t count);')
        status, lines, _ = self.lines()
        self.assertEqual((status, lines), (0, []))

    def test_a_number_that_only_the_kernel_has(self):
        self.release('6.6', self.table_of('6.6') + '999 common frob sys_frob\n')
        self.assertEqual(self.lines()[:2], (1, ['linux-6.6: 999 frob is only there: NOT SETTLED']))

    def test_a_name_an_era_and_an_abi(self):
        text = self.table_of('6.6')
        for old, new, message in (('\tread\t', '\tlesen\t', '0 is lesen there, read here'),
                                  ('0\tcommon\tread\tsys_read\n', '', '0 read is not there, era here -'),
                                  ('0\tcommon\tread\t', '0\t64\tread\t', '0 read is of 64 there, though x32 has no other'),
                                  ('13\t64\t', '13\tcommon\t', '13 rt_sigaction is of common there, though x32 has one of its own')):
            self.release('6.6', text.replace(old, new, 1))
            self.assertEqual(self.lines()[:2], (1, [f'linux-6.6: {message}: NOT SETTLED']))
        self.release('6.6', text + '462 common mseal sys_mseal\n')
        self.assertEqual(self.lines()[1], ['linux-6.6: 462 mseal is there already or still, era here 6.10..: NOT SETTLED'])

    def test_arguments(self):
        for prototype, message in (('long sys_read(int fd, char *buf);', '2 arguments there, 3 here'),
                                   ('long sys_read(int, char *, int);', 'argument 3 is "int" there, count:size here'),
                                   ('long sys_read(int fd, long buf, size_t n);', 'argument 2 is "long buf" there, buf:out[count] here'),
                                   ('long sys_read(long fd, char *buf, size_t n);', 'argument 1 is "long fd" there, fd:fd here')):
            self.release('6.6', self.table_of('6.6'), prototype)
            self.assertEqual(self.lines()[1], [f'linux-6.6: 0 read: {message}: NOT SETTLED'])
        self.release('6.6', self.table_of('6.6'), 'long sys_read(long);\n/* or */ long sys_read(int fd, char *buf, size_t n);')
        self.assertEqual(self.lines()[1], [])           # one of several configurations agrees

    def test_old_unistd(self):
        rows = [r for r in table.calls('linux')[0] if check_linux.has(r, (2, 6, 18)) and 'enosys' not in r.marks]
        self.release('2.6.18', ''.join(f'#define __NR_{r.name} {r.number}\n__SYSCALL(__NR_{r.name}, sys_{r.name})\n'
                                       for r in rows if r.number))
        self.assertEqual(self.lines()[1], ['linux-2.6.18: 0 read is not there, era here -: NOT SETTLED'])

    def test_where_a_call_is_defined(self):
        self.release('6.6', self.table_of('6.6'))
        os.makedirs(os.path.join(self.folder, 'linux-6.6/fs'))
        with open(os.path.join(self.folder, 'linux-6.6/fs/utimes.c'), 'w', encoding='utf-8') as file:
            file.write('SYSCALL_DEFINE2(utime, char *, a, int, b)\nSYSCALL_DEFINE2(utimes, int, a, int, b)\n'
                       'SYSCALL_DEFINE4(utimensat, int, a)\n')
        self.assertEqual(self.lines()[1], ['linux-6.6: 261 futimesat is not defined in fs/utimes.c: NOT SETTLED'])

    def test_an_empty_table(self):
        self.release('6.6', 'nothing\n')
        status, _, err = abi('check', self.folder)
        self.assertEqual(status, 2)
        self.assertIn('linux-6.6: no system call in its table', err)

    def other(self, name, files):
        for path, text in files.items():
            path = os.path.join(self.folder, name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        status, out, err = abi('check', self.folder)
        self.assertEqual(err, '')
        return status, [line for line in out.splitlines() if line.startswith(name) and line.endswith('NOT SETTLED')]

    def strace(self, change):
        lines = ''.join(f'[{r.number:3}] = {{ {len(r.args)},\tTD,\tSEN(x),\t"{r.name}"\t}},\n'
                        for r in table.current(table.calls('linux')[0]))
        lines += '[BASE_NR + 999] = { 0,\t0,\tSEN(new),\t"new"\t},\n' if not change else ''
        return self.other('strace', {'src/linux/x86_64/syscallent.h': lines.replace(*change) if change else lines,
                                     'src/linux/generic/syscallent-common.h': ''})

    def test_strace(self):
        self.assertEqual(self.strace(('{ 3,\tTD,\tSEN(x),\t"read"', '{ 2,\tTD,\tSEN(x),\t"read"')),
                         (1, ['strace: 0 read: 2 arguments there, 3 here: NOT SETTLED']))
        self.assertEqual(self.strace(('"close"', '"shut"')), (1, ['strace: 3 is shut there, close here: NOT SETTLED']))
        self.assertEqual(self.strace(None), (1, ['strace: 999 new is only there: NOT SETTLED']))

    def test_manual(self):
        page = ('\\fBaccept4\\fP(2)\t2.6.28\n\\fBaccess\\fP(2)\t1.0\n\\fBtkill\\fP(2)\t2.6; 2.4.22\tT{\nnote\nT}\n'
                '\\fBstatx\\fP(2)\t4.12\n')
        self.assertEqual(self.other('man-pages', {'man2/syscalls.2': page}),
                         (1, ['man-pages: 332 statx came with 4.12 there, era here 4.11..: NOT SETTLED']))

    def test_settled(self):
        row = types.SimpleNamespace(where='x:1', source='linux-6.*', difference='999 [a?] *', right='ours', reason='a fork')
        rule = check.Settled(row)
        self.assertTrue(rule.fits('linux-6.6', '999 [a?] is only there'))
        self.assertFalse(rule.fits('linux-5.6', '999 [a?] is only there'))
        self.assertFalse(rule.fits('linux-6.6', '999 a is only there'))


if __name__ == '__main__':
    unittest.main()
