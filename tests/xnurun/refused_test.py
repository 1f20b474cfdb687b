#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Programs that xnurun does not run: one line that names what is wrong, and status 126; never a start.

Argument: a static program of this build. Damaged and foreign files are made of it or by hand; what a toolchain makes by default
(dyld-linked) is made by clang and ld64.lld, with a text stub for libSystem. tests/unit/macho_test.cpp has the parser's
cases one by one; this is the way from a file to the message. Prints TAP 13; without xnurun there is nothing to test.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
runner = os.environ.get('XNURUN') or os.path.join(program.split('/build/')[0], 'build', 'xnurun')
number, failed = 0, 0
TBD = '''--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos ]
install-name: '/usr/lib/libSystem.B.dylib'
exports:
  - targets: [ x86_64-macos ]
    symbols: [ _write, dyld_stub_binder ]
...
'''


def check(passed, what, seen=''):
    global number, failed
    number += 1
    failed += not passed
    print(f'{"ok" if passed else "not ok"} {number} - {what}')
    if not passed:
        print('# ' + str(seen).replace('\n', '\n# '))


def refused(path, words, what):
    r = subprocess.run([runner, path], capture_output=True, text=True, timeout=60)
    check(r.returncode == 126 and not r.stdout and re.fullmatch(r'xnurun: [^\n]*\n', r.stderr) and all(w in r.stderr for w in words),
          what, (r.returncode, r.stdout, r.stderr))


def file(name, data, mode=0o755):
    path = os.path.join(folder, name)
    with open(path, 'wb') as out:
        out.write(data)
    os.chmod(path, mode)
    return path


def changed(offset, *words):
    """The program with other 32-bit words at an offset of its header."""
    return image[:offset] + struct.pack(f'<{len(words)}I', *words) + image[offset + 4 * len(words):]


def with_command(data):
    """The program with one more load command, in the room behind its others."""
    count, size = struct.unpack_from('<2I', image, 16)
    at = 32 + size
    assert not any(image[at:at + len(data)]), 'no room behind the load commands'
    made = changed(16, count + 1, size + len(data))
    return made[:at] + data + made[at + len(data):]


def commands(data=None):
    """(offset, cmd, cmdsize) of each load command."""
    data = data or image
    at = 32
    for _ in range(struct.unpack_from('<I', data, 16)[0]):
        cmd, size = struct.unpack_from('<2I', data, at)
        yield at, cmd, size
        at += size


def command_at(wanted):
    return next((at, size) for at, cmd, size in commands() if cmd == wanted)


def segment_at(name):
    """The offset of a segment's command."""
    return next(at for at, cmd, _ in commands() if cmd == 0x19 and image[at + 8:at + 24].rstrip(b'\0') == name)


def wide(offset, *values):
    """The program with other 64-bit words at an offset."""
    return image[:offset] + struct.pack(f'<{len(values)}Q', *values) + image[offset + 8 * len(values):]


def refused_at_once(path, words, what):
    """Refused too, but the file may keep a reader waiting."""
    try:
        r = subprocess.run([runner, path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        seen = (r.returncode, r.stdout, r.stderr)
    except subprocess.TimeoutExpired as e:
        seen = (None, '', str(e))
    check(seen[0] == 126 and re.fullmatch(r'xnurun: [^\n]*\n', seen[2]) and all(w in seen[2] for w in words), what, seen)


def fat(slices):
    """A fat file of (cputype, subtype, image)."""
    head, body, at = struct.pack('>2I', 0xcafebabe, len(slices)), b'', 4096
    for cpu, sub, data in slices:
        head += struct.pack('>5I', cpu, sub, at, len(data), 12)
        body += data + bytes(-len(data) % 4096)
        at = 4096 + len(body)
    return head + bytes(4096 - len(head)) + body


print('TAP version 13')
if not os.access(runner, os.X_OK):
    print(f'1..0 # SKIP no xnurun at {runner}')
    sys.exit(0)
with open(program, 'rb') as source:
    image = source.read()

with tempfile.TemporaryDirectory() as folder:
    refused(file('text', b'hello\n'), ['not a Mach-O'], 'no Mach-O')
    refused(file('empty', b''), ['empty file'], 'an empty file')
    refused(file('data', image, 0o644), ['not executable', 'chmod'], 'not executable')
    refused(folder, ['regular file'], 'a folder')
    refused('/bin/sh', ['not a Mach-O'], 'a program of the host')
    refused(file('arm64', changed(4, 0x0100000c, 0)), ['arm64', 'not x86_64'], 'arm64')
    refused(file('ppc64', changed(4, 0x01000012, 0)), ['ppc64', 'not x86_64'], 'ppc64')
    refused(file('i386', changed(0, 0xfeedface, 7, 3)), ['32-bit'], '32-bit')
    refused(file('big', struct.pack('>I', 0xfeedfacf) + image[4:]), ['big-endian'], 'big-endian')
    for kind, name in ((1, 'object file'), (4, 'core file'), (6, 'dylib'), (7, 'dynamic linker'), (8, 'bundle'), (11, 'kernel extension')):
        refused(file('kind', changed(12, kind)), [name, f'file type {kind}'], f'no program but a Mach-O {name}')
    for n in (3, 20, 100):
        refused(file(f'cut{n}', image[:n]), ['not a Mach-O' if n == 3 else 'truncated' if n == 20 else 'do not fit'], f'cut off after {n} bytes')
    refused(file('cut', image[:4096 + 16]), [''], 'cut off inside its second page')
    refused(file('fat', fat([(0x0100000c, 0, image), (7, 3, image)])), ['no x86_64 slice'], 'fat, without a slice for this CPU')
    refused(file('fat64', struct.pack('>2I', 0xcafebabf, 1) + bytes(4088) + image), ['64-bit offsets', 'lipo'], 'fat, with 64-bit offsets')
    refused(file('fatcut', fat([(0x01000007, 3, image)])[:4096 + 64]), ['beyond its end'], 'fat, cut off')
    refused(file('fatcount', struct.pack('>2I', 0xcafebabe, 9999) + bytes(4088)), ['9999 slices'], 'fat, too many slices')
    refused(file('encrypted', with_command(struct.pack('<6I', 0x2c, 24, 0, 4096, 1, 0))), ['encrypted'], 'encrypted')
    refused(file('chained', with_command(struct.pack('<4I', 0x80000034, 16, 0, 0))), ['chained fix-ups', '-no_fixup_chains'], 'chained fix-ups')
    refused(file('dylib', with_command(struct.pack('<6I', 12, 48, 24, 0, 0, 0) + b'/opt/lib\x1b[2J.dylib'.ljust(24, b'\0'))),
            ['needs the dylib /opt/lib?[2J.dylib'], 'a dylib, whose name is made printable')

    # What is no file of a program at all.
    fifo = os.path.join(folder, 'fifo')
    os.mkfifo(fifo, 0o755)
    refused_at_once(fifo, ['a fifo', 'regular file'], 'a fifo, which nobody writes to')
    for device in ('/dev/null', '/dev/zero'):
        refused_at_once(device, ['a device', 'regular file'], device)
    for name, text in (('none', '#!/nonexistent/interpreter\n'), ('bare', '#!\n'), ('long', '#!/' + 'x' * 600), ('unending', '#! '), ('itself', '#!./itself\n')):
        refused(file(name, text.encode()), ['a script', 'interprets it'], f'a script ({name}), whatever its interpreter')
    refused('/bin/sh', ['Linux', 'without xnurun'], 'a program of the host: what to do')
    os.symlink('loop', os.path.join(folder, 'loop'))
    refused(os.path.join(folder, 'loop'), ['symbolic links'], 'a symbolic link to itself')
    refused(os.path.join(folder, 'n' * 300), ['too long'], 'a name of 300 characters')
    if os.geteuid():
        refused(file('secret', image, 0o111), ['permission denied', 'read'], 'what may be executed, but not read')
    else:
        check(True, 'what may be executed, but not read # SKIP root reads everything')
    for path, why in ((os.path.join(folder, 'missing'), 'no such file'), ('', 'no such file'), (os.path.join(file('plain', image), 'below'), 'no folder')):
        r = subprocess.run([runner, path], capture_output=True, text=True, timeout=60)
        check(r.returncode == 127 and re.fullmatch(f'xnurun: [^\n]*{why}\n', r.stderr), f'{why} ("{path[-8:]}"): 127', (r.returncode, r.stderr))

    # Arguments and environment, which the new image's stack must have room for.
    for what, words, environment in (('argv', ['x' * 100000] * 12, {}), ('envp', [], {f'V{i}': 'x' * 100000 for i in range(12)})):
        try:
            r = subprocess.run([runner, program, *words], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
            check(r.returncode == 126 and 'longer than 1 MiB' in r.stderr and r.stderr.count('\n') == 1, f'{what} of 1.2 MB', (r.returncode, r.stderr[:200]))
        except OSError as e:
            check(True, f'{what} of 1.2 MB # SKIP the host refuses it first: {e.strerror}')
    r = subprocess.run([runner, program, *['y'] * 20000], capture_output=True, timeout=60)
    check(r.returncode == 0, '20,000 arguments fit', r.stderr)

    # Threads: exactly one, of x86_64, inside a segment that may be executed.
    at, size = command_at(5)
    rip = at + 16 + 16 * 8
    refused(file('nothread', changed(at, 0x1b)), ['thread'], 'no LC_UNIXTHREAD')
    refused(file('flavor', changed(at + 8, 1)), ['flavor'], 'LC_UNIXTHREAD of 32-bit registers')
    refused(file('flavor9', changed(at + 8, 9)), ['flavor'], 'LC_UNIXTHREAD of no registers that there are')
    refused(file('count', changed(at + 12, 41)), ['count 41'], 'LC_UNIXTHREAD with a register too few')
    refused(file('twice', with_command(struct.pack('<2I2Q', 0x80000028, 24, 0, 0))), ['LC_MAIN'], 'LC_MAIN beside it')
    refused(file('entry0', wide(rip, 0)), ['entry'], 'an entry at 0')
    refused(file('entrydata', wide(rip, struct.unpack_from('<Q', image, segment_at(b'__DATA') + 24)[0])), ['entry'], 'an entry in data')
    lcmain = struct.pack('<2I2Q', 0x80000028, size, 0, 0) + bytes(size - 24)
    refused(file('lcmain', image[:at] + lcmain + image[at + size:]), ['LC_MAIN'], 'LC_MAIN alone, which is for dyld')
    dylinker = struct.pack('<3I', 0xe, 32, 12) + b'/usr/lib/dyld\0'.ljust(20, b'\0')
    r = subprocess.run([runner, file('dylinker', with_command(dylinker))], capture_output=True, timeout=60)
    check(r.returncode == 0, 'dyld named, and no dylib to load: it runs', (r.returncode, r.stderr))

    # Commands.
    first = 32
    refused(file('tiny', changed(first + 4, 4)), ['command'], 'a command of 4 bytes')
    refused(file('empty0', changed(first + 4, 0)), ['command'], 'a command of none')
    refused(file('beyond', changed(first + 4, 0x100000)), ['command'], 'a command beyond the others')
    refused(file('many', changed(16, 0x1000)), ['command'], 'more commands than there are')
    refused(file('sizeof', changed(20, 0x7fffffff)), ['do not fit'], 'commands larger than the file')
    text, data = segment_at(b'__TEXT'), segment_at(b'__DATA')
    refused(file('narrow', changed(text, 1)), ['segment'], 'a segment of 32 bits')
    refused(file('sections', changed(text + 64, 0x1000)), ['section'], 'sections that do not fit their command')
    refused(file('offset', wide(data + 40, 0x7fffffff0000)), ['__DATA'], 'a segment beyond the file')
    refused(file('wrap', wide(data + 24, 0xfffffffffffff000)), ['__DATA'], 'a segment that wraps around')
    refused(file('overlap', wide(data + 24, struct.unpack_from('<Q', image, text + 24)[0])), ['overlap'], 'segments that overlap')
    refused(file('low', wide(text + 24, 0)), ['page zero'], 'text at 0')
    refused(file('kernel', wide(data + 24, 0xffff800000000000)), ['__DATA'], 'a segment of the kernel\'s addresses')
    refused(file('crypt64', with_command(struct.pack('<6I', 0x2c, 24, 0, 4096, 1, 0))), ['encrypted'], 'encrypted, 64-bit')
    refused(file('crypt32', with_command(struct.pack('<5I', 0x21, 20, 0, 4096, 1) + bytes(4))), ['encrypted'], 'encrypted, 32-bit form')
    for kind, name in ((3, 'library'), (5, 'preloaded'), (9, 'stub'), (10, 'debug'), (99, '')):
        refused(file('kind', changed(12, kind)), [f'file type {kind}'], f'file type {kind}')

    r = subprocess.run([runner, file('right', fat([(0x0100000c, 0, image), (0x01000007, 3, image)])), '1', '2'], capture_output=True, timeout=60)
    plain = subprocess.run([runner, program, '1', '2'], capture_output=True, timeout=60)
    check((r.returncode, r.stdout) == (plain.returncode, plain.stdout) and r.returncode != 126, 'and a fat file with one for it runs', r)
    r = subprocess.run([runner, file('pie', changed(24, struct.unpack_from('<I', image, 24)[0] | 0x200000))], capture_output=True, timeout=60)
    check(r.returncode not in (125, 126), 'as does one that may be slid: it is not', r)

    clang, lld = shutil.which('clang-19') or shutil.which('clang'), shutil.which('ld64.lld-19') or shutil.which('ld64.lld')
    if not clang or not lld:
        print(f'ok {number + 1} - what a toolchain makes # SKIP no clang or ld64.lld')
        number += 1
    else:
        file('libSystem.tbd', TBD.encode())
        source = file('a.c', b'long write(int, const void*, unsigned long);\nint main(void) { return write(1, "x", 1) != 1; }\n')
        made = os.path.join(folder, 'made')
        subprocess.run([clang, '-target', 'x86_64-apple-macos10.13', '-c', source, '-o', made + '.o'], check=True)
        for release in ('10.5', '10.13', '14'):  # LC_UNIXTHREAD or LC_MAIN; binds or chained fix-ups
            link = [lld, '-w', '-arch', 'x86_64', '-platform_version', 'macos', release, release, '-L' + folder, '-lSystem', made + '.o', '-o', made]
            subprocess.run(link, check=True)
            refused(made, ['needs the dylib /usr/lib/libSystem.B.dylib'], f'what ld64.lld makes for macOS {release}: its dylib is named')
            subprocess.run([*link, '-bundle'], check=True)
            refused(made, ['a Mach-O bundle'], f'a bundle for macOS {release}')
print(f'1..{number}')
sys.exit(failed != 0)
