#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""tools/machold: what it makes, and what it refuses with which words.

Every input is compiled and linked here with the tools that the Darwin build
uses. A tool that is missing is an error, not a skip: then there is no Darwin
build either.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MACHOLD = os.path.join(ROOT, 'tools', 'machold')
CLANG = ['clang++-19', '-target', 'x86_64-apple-macos10.13', '-mlinker-version=711', '-std=c++20', '-O1',
         '-ffreestanding', '-fno-exceptions', '-fno-rtti', '-fno-stack-protector', '-fno-asynchronous-unwind-tables',
         '-fno-c++-static-destructors', '-fvisibility=hidden']
LLD = ['ld64.lld-19', '-arch', 'x86_64', '-platform_version', 'macos', '10.13', '10.13']
START = 'extern "C" [[gnu::visibility("default"), gnu::used]] long start() __asm("__rt0_amd64_darwin"); '


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


class Case(unittest.TestCase):
    def setUp(self):
        for tool in (CLANG[0], LLD[0], 'llvm-objdump-19', 'llvm-nm-19'):
            self.assertTrue(shutil.which(tool), f'{tool} is missing: tools/setup installs it')
        self.folder = tempfile.TemporaryDirectory(prefix='machold-')
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def compile(self, source, *flags, name='a'):
        with open(self.path(name + '.cpp'), 'w', encoding='utf-8') as file:
            file.write(source)
        done = run(*CLANG, *flags, '-c', self.path(name + '.cpp'), '-o', self.path(name + '.o'))
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path(name + '.o')

    def lld(self, *arguments, out='in'):
        """Links with ld64.lld alone, without machold's flags: for what those flags prevent."""
        done = run(*LLD, '-e', '__rt0_amd64_darwin', *arguments, '-o', self.path(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.path(out)

    def machold(self, *arguments, out='out'):
        return run(MACHOLD, *LLD[1:], *arguments, '-o', self.path(out))

    def build(self, source, *arguments):
        done = self.machold(self.compile(source), *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        with open(self.path('out'), 'rb') as file:
            return file.read()

    def refused(self, source_or_bytes, *words):
        """machold --convert says so in one line with these words, exits 1 and leaves no program."""
        path = source_or_bytes
        if isinstance(path, bytes):
            path = self.path('bytes')
            with open(path, 'wb') as file:
                file.write(source_or_bytes)
        with open(self.path('refused'), 'wb') as file:
            file.write(b'stale')
        done = run(MACHOLD, '--convert', path, self.path('refused'))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertIn(path, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse(os.path.exists(self.path('refused')), 'a stale program is still there')

    def linked(self):
        """A good intermediate as a bytearray."""
        self.build(START + 'int data[2] = {1, 2}, bss[9000]; long start() { return data[bss[1] & 1]++; }')
        with open(self.path('out.sym'), 'rb') as file:
            return bytearray(file.read())


def commands(image):
    at = 32
    for _ in range(struct.unpack_from('<I', image, 16)[0]):
        cmd, size = struct.unpack_from('<II', image, at)
        yield cmd, at, image[at:at + size]
        at += size


def segments(image):
    for cmd, at, body in commands(image):
        if cmd == 0x19:
            name = body[8:24].rstrip(b'\0').decode()
            yield name, at, struct.unpack_from('<QQQQii', body, 24)


class Converts(Case):
    """The results, against what XNU's loader asks for."""

    def check_rules(self, image):
        magic, cpu, _, filetype, ncmds, sizeofcmds, flags, _ = struct.unpack_from('<8I', image)
        self.assertEqual((magic, cpu, filetype), (0xfeedfacf, 0x1000007, 2))
        self.assertEqual(flags, 1, 'NOUNDEFS only: neither DYLDLINK nor PIE')
        self.assertGreaterEqual(len(image), (32 + sizeofcmds + 4095) & -4096)
        kinds = [cmd for cmd, _, _ in commands(image)]
        self.assertEqual(len(kinds), ncmds)
        self.assertEqual(set(kinds), {0x19, 0x5})
        self.assertEqual(kinds.count(0x5), 1)
        thread = next(body for cmd, _, body in commands(image) if cmd == 0x5)
        self.assertEqual(struct.unpack_from('<4I', thread), (5, 184, 4, 42))
        registers = struct.unpack_from('<21Q', thread, 16)
        self.assertEqual([r for i, r in enumerate(registers) if i != 16], [0] * 20)
        end, headers, entry = 0, 0, False
        for i, (name, _, (vmaddr, vmsize, fileoff, filesize, _, initprot)) in enumerate(segments(image)):
            if i == 0:
                self.assertEqual((vmaddr, fileoff, filesize, initprot), (0, 0, 0, 0))
                self.assertGreaterEqual(vmsize, 4096)
            self.assertEqual((vmaddr % 4096, fileoff % 4096), (0, 0), name)
            self.assertGreaterEqual(vmaddr, end)
            self.assertLessEqual(fileoff + filesize, len(image))
            self.assertNotEqual(name, '__LINKEDIT')
            end = vmaddr + vmsize
            if fileoff == 0 and filesize:
                headers += 1
                self.assertEqual(initprot & 5, 5)
            entry |= vmaddr <= registers[16] < end and initprot & 5 == 5
        self.assertEqual(headers, 1)
        first = min(struct.unpack_from('<I', body, 72 + 48)[0] for cmd, _, body in commands(image)
                    if cmd == 0x19 and struct.unpack_from('<I', body, 64)[0])
        self.assertEqual(image[32 + sizeofcmds:first].strip(b'\0'), b'', 'something left of the old load commands')
        self.assertTrue(entry, 'the entry point is in no executable segment')

    def test_without_data_a_program_is_one_page(self):
        image = self.build(START + 'long start() { return 7; }')
        self.check_rules(image)
        self.assertEqual(len(image), 4096)

    def test_bss_costs_nothing_in_the_file(self):
        image = self.build(START + 'int bss[100000]; long start() { return bss[1]++; }')
        self.check_rules(image)
        self.assertEqual(len(image), 4096)
        data = {name: numbers for name, _, numbers in segments(image)}['__DATA']
        self.assertGreaterEqual(data[1], 400000)
        self.assertEqual(data[3], 0)

    def test_initialised_data_costs_its_own_size(self):
        image = self.build(START + 'long data = 5; int bss[9000]; long start() { return bss[1] + data++; }')
        self.check_rules(image)
        self.assertEqual(len(image), 4096 + 8)
        self.assertEqual(image[4096:], struct.pack('<Q', 5))

    def test_constant_pointers_and_constructors_need_no_data_page(self):
        image = self.build(START + '''
            struct A { virtual long f() { return 1; } }; struct B : A { long f() override { return 2; } };
            long bss[4]; long* const table[] = {bss, bss + 2}; volatile long seen;
            static struct C { C() { seen = seen + 1; } } c;
            using ctor = void (*)();
            extern "C" [[gnu::visibility("hidden")]] const ctor first[] __asm("section$start$__TEXT$__mod_init_func");
            extern "C" [[gnu::visibility("hidden")]] const ctor last[] __asm("section$end$__TEXT$__mod_init_func");
            A* volatile a; B b;
            long start() { for (auto* f = first; f != last; f++) (*f)(); return table[bss[0] & 1][0] + a->f(); }''')
        self.check_rules(image)
        sections = run('llvm-objdump-19', '--macho', '--section-headers', self.path('out')).stdout
        row = next(line for line in sections.splitlines() if '__mod_init_func' in line)
        self.assertEqual(int(row.split()[2], 16), 8, sections)

    def test_page_rest_behind_data_is_zero_when_another_segment_follows(self):
        image = self.build(START + '''
            int data = 5; int bss[3]; [[gnu::section("__MORE,__more")]] int more = 6;
            long start() { return data++ + more++ + bss[1]++; }''')
        self.check_rules(image)
        places = {name: numbers for name, _, numbers in segments(image)}
        offset = places['__DATA'][2]
        self.assertEqual(image[offset:offset + 4096], struct.pack('<I', 5) + bytes(4092))
        self.assertEqual(len(image), places['__MORE'][2] + 4)

    def test_padding_is_zeroed_whatever_the_linker_left_there(self):
        image = self.linked()
        (_, _, text), (_, _, data) = [s for s in segments(image) if s[0] in ('__TEXT', '__DATA')]
        image[text[2] + text[3] - 8:text[2] + text[3]] = b'\xaa' * 8
        image[data[2] + 16:data[2] + data[3]] = b'\xaa' * (data[3] - 16)
        with open(self.path('dirty'), 'wb') as file:
            file.write(image)
        done = run(MACHOLD, '--convert', self.path('dirty'), self.path('out'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        with open(self.path('out'), 'rb') as file:
            self.assertNotIn(b'\xaa\xaa', file.read())

    def test_output_has_no_symbols_and_they_lie_beside_it(self):
        self.build(START + 'long start() { return 7; }')
        self.assertIn('no symbols', run('llvm-nm-19', self.path('out')).stderr)
        self.assertIn('__rt0_amd64_darwin', run('llvm-nm-19', self.path('out.sym')).stdout)
        self.assertTrue(os.access(self.path('out'), os.X_OK))

    def test_dead_code_goes(self):
        small = len(self.build(START + 'long start() { return 7; }'))
        large = len(self.build(START + 'extern const char big[9000] = {1}; long start() { return 7; }'))
        self.assertEqual(small, large)

    def test_another_entry(self):
        done = self.machold(self.compile('extern "C" [[gnu::visibility("default")]] int begin() { return 3; }'),
                            '-e', '_begin')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_same_input_same_output(self):
        source = START + 'int data = 4; long start() { return data++; }'
        self.assertEqual(self.build(source), self.build(source))


class Forwards(Case):
    def test_version(self):
        self.assertIn('LLD', run(MACHOLD, '--version').stdout)

    def test_a_dylib_is_llds_own(self):
        source = self.compile('extern "C" [[gnu::visibility("default")]] int f() { return 1; }')
        done = self.machold('-dylib', source)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path('out'), 'rb') as file:
            self.assertEqual(struct.unpack_from('<I', file.read(), 12)[0], 6)
        self.assertFalse(os.path.exists(self.path('out.sym')))

    def test_llds_errors_and_status_come_through(self):
        done = self.machold(self.compile(START + 'long missing(); long start() { return missing(); }'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('undefined symbol', done.stderr)
        self.assertFalse(os.path.exists(self.path('out')))

    def test_no_entry_symbol(self):
        done = self.machold(self.compile('int f() { return 1; }'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('__rt0_amd64_darwin', done.stderr)

    def test_arguments_by_response_file(self):
        with open(self.path('args.rsp'), 'w', encoding='utf-8') as file:
            file.write(f"{self.compile(START + 'long start() { return 7; }')} -o {self.path('by_file')}")
        done = run(MACHOLD, *LLD[1:], '@' + self.path('args.rsp'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(os.path.getsize(self.path('by_file')), 4096)


class Refuses(Case):
    """Real links that cannot become static."""

    def test_pie(self):
        self.refused(self.lld(self.compile(START + 'long start() { return 7; }'), '-pie'), 'position-independent', '-no_pie')

    def dylib(self, *flags):
        library = self.compile('extern "C" [[gnu::visibility("default")]] int f() { return 1; } '
                               'extern "C" [[gnu::visibility("default")]] int v = 1;', name='lib')
        done = run(*LLD, '-dylib', '-install_name', '/usr/lib/libf.dylib', library, '-o', self.path('libf.dylib'))
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.lld(self.compile(START + 'extern "C" [[gnu::visibility("default")]] int v; '
                                     'long start() { return v; }'), '-no_pie', *flags, self.path('libf.dylib'))

    def test_dylib(self):
        self.refused(self.dylib(), '/usr/lib/libf.dylib')

    def test_weak_dylib(self):
        self.refused(self.dylib('-weak_library'), 'LC_LOAD_WEAK_DYLIB')

    def flat(self, use, *declare):
        """A reference that lld leaves to dyld although no dylib is named."""
        declaration = ' '.join(declare)
        return self.lld(self.compile(START + declaration + f' long start() {{ return {use}; }}'), '-no_pie',
                        '-undefined', 'dynamic_lookup')

    def test_bind(self):
        self.refused(self.flat('v', 'extern "C" [[gnu::visibility("default")]] int v;'), 'binds of _v', 'dyld')

    def test_lazy_bind(self):
        self.refused(self.flat('f()', 'extern "C" [[gnu::visibility("default")]] int f();'), 'binds of', '_f')

    def test_weak_bind(self):
        source = START + '''template <class T> struct S { [[gnu::visibility("default")]] static int f(); };
            template <class T> int S<T>::f() { return 4; } using F = int (*)(); F volatile p = S<int>::f;
            long start() { return p(); }'''
        self.refused(self.lld(self.compile(source, '-fvisibility=default'), '-no_pie'), 'weak binds of',
                     '-no_exported_symbols')

    def test_chained_fixups(self):
        source = self.compile(START + 'int data = 1; int* volatile p = &data; long start() { return *p; }')
        path = self.lld(source, '-fixup_chains', '-pie')
        with open(path, 'rb') as file:
            image = bytearray(file.read())
        flags = struct.unpack_from('<I', image, 24)[0]
        struct.pack_into('<I', image, 24, flags & ~0x200000)
        self.refused(bytes(image), 'chained fix-ups', '-no_fixup_chains')

    def test_rebases(self):
        path = self.lld(self.compile(START + 'int data = 1; int* volatile p = &data; long start() { return *p; }'), '-pie')
        with open(path, 'rb') as file:
            image = bytearray(file.read())
        flags = struct.unpack_from('<I', image, 24)[0]
        struct.pack_into('<I', image, 24, flags & ~0x200000)
        self.refused(bytes(image), 'rebases', '-no_pie')

    def test_thread_local(self):
        path = self.lld(self.compile(START + 'thread_local int t = 1; long start() { return ++t; }'), '-no_pie',
                        '-U', '__tlv_bootstrap')
        with open(path, 'rb') as file:
            image = bytearray(file.read())
        self.refused(bytes(image), 'binds of __tlv_bootstrap')  # what one sees first
        for cmd, at, _ in commands(image):  # and without that bind
            if cmd in (0x22, 0x80000022):
                struct.pack_into('<10I', image, at + 8, *[0] * 10)
        self.refused(bytes(image), 'thread-local', '__thread_')

    def test_stubs(self):
        path = self.flat('f()', 'extern "C" [[gnu::visibility("default")]] int f();')
        with open(path, 'rb') as file:
            image = bytearray(file.read())
        for cmd, at, _ in commands(image):
            if cmd in (0x22, 0x80000022):
                struct.pack_into('<10I', image, at + 8, *[0] * 10)
        self.refused(bytes(image), 'symbol', 'a function of a dylib is called')

    def test_a_dylib_is_no_program(self):
        source = self.compile('extern "C" [[gnu::visibility("default")]] int f() { return 1; }')
        done = run(*LLD, '-dylib', source, '-o', self.path('lib'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.refused(self.path('lib'), 'file type 6')

    def test_another_cpu(self):
        image = self.linked()
        struct.pack_into('<I', image, 4, 0x100000c)
        self.refused(bytes(image), 'CPU type 0x100000c')

    def test_no_mach_o(self):
        self.refused(b'\x7fELF' + bytes(200), 'not a 64-bit Mach-O')
        self.refused(b'', 'not a 64-bit Mach-O')

    def test_a_file_that_is_not_there(self):
        done = run(MACHOLD, '--convert', self.path('nothing'), self.path('refused'))
        self.assertEqual(done.returncode, 1)
        self.assertIn('No such file', done.stderr)

    def test_truncated_anywhere_in_its_commands(self):
        image = bytes(self.linked())
        end = 32 + struct.unpack_from('<I', image, 20)[0]
        for size in (4, 31, 32, 40, end // 2, end - 1):
            self.refused(image[:size], 'machold')

    def test_every_damaged_command_byte_gives_a_reason_or_a_program(self):
        sys.path.insert(0, os.path.join(ROOT, 'tools'))
        sys.dont_write_bytecode = True
        import macho  # pylint: disable=import-outside-toplevel
        good = self.linked()
        end = 32 + struct.unpack_from('<I', good, 20)[0]
        for at in range(end):
            for value in (0, 0xff, good[at] ^ 1, good[at] ^ 0x80):
                image = bytearray(good)
                image[at] = value
                try:
                    macho.convert(bytes(image))
                except macho.Refused as reason:
                    self.assertNotIn('\n', str(reason))
                except Exception as error:  # pylint: disable=broad-except
                    self.fail(f'byte {at:#x} = {value:#x}: {error!r}')

    def edit_segment(self, name, field, value):
        image = self.linked()
        at = next(at for n, at, _ in segments(image) if n == name)
        struct.pack_into('<Q' if field < 4 else '<i', image, at + 24 + 8 * min(field, 4) + 4 * max(0, field - 4), value)
        return bytes(image)

    def test_segments_must_be_aligned(self):
        self.refused(self.edit_segment('__DATA', 0, 0x100001008), '__DATA', 'not page-aligned')

    def test_segments_must_ascend(self):
        self.refused(self.edit_segment('__DATA', 0, 0x100000000), '__DATA', 'ascend')

    def test_segments_must_lie_in_the_file(self):
        self.refused(self.edit_segment('__TEXT', 3, 0x1000000), '__TEXT', 'beyond the end of the file')

    def test_page_zero(self):
        self.refused(self.edit_segment('__PAGEZERO', 1, 0), 'no page zero')

    def test_the_header_must_be_executable(self):
        self.refused(self.edit_segment('__TEXT', 5, 1), 'readable and executable')

    def test_entry(self):
        for entry, words in ((0, 'no entry point'), (0x10000000, 'lies in no')):
            image = self.linked()
            at = next(at for cmd, at, _ in commands(image) if cmd == 0x80000028)
            struct.pack_into('<Q', image, at + 8, entry)
            self.refused(bytes(image), words)


if __name__ == '__main__':
    unittest.main()
