# SPDX-License-Identifier: BSD-3-Clause
"""XNU's sources of many versions, as one tree a version.

SOURCES/xnu is a git repository, bare or not, with Apple's tags xnu-VERSION; or SOURCES
holds folders xnu-VERSION, unpacked. Nothing is checked out: `git cat-file --batch` hands
out one file after the other, which takes a second for a thousand of them. A file that a
version does not have is None. Equal texts are one object, so results can be remembered
by text.
"""
import os
import re
import subprocess

from .table import Bad

FIRST = (1228,)                     # Mac OS X 10.5, the first kernel that the tables speak of


def version(tag):
    return tuple(int(n) for n in tag[4:].split('.'))


class Tree:
    def __init__(self, sources, first=FIRST):
        self.folders, self.git, self.texts = {}, None, {}
        repository = os.path.join(sources, 'xnu')
        if os.path.exists(os.path.join(repository, 'HEAD')) or os.path.exists(os.path.join(repository, '.git')):
            self.repository = repository
            names = self.run('tag', '--list', 'xnu-*').split()
        else:
            try:
                names = [n for n in os.listdir(sources) if os.path.isdir(os.path.join(sources, n))]
            except OSError as error:
                raise Bad(f'{sources}: {error.strerror}') from None
            self.folders = {n: os.path.join(sources, n) for n in names}
        names = [n for n in names if re.fullmatch(r'xnu-\d+(\.\d+)*', n)]
        self.tags = sorted((n for n in names if version(n) >= first), key=version)

    def run(self, *words):
        done = subprocess.run(['git', '-C', self.repository, *words], capture_output=True, text=True)
        if done.returncode:
            raise Bad(f'{self.repository}: {done.stderr.strip()}')
        return done.stdout

    def read(self, tag, path):
        text = self.from_folder(tag, path) if self.folders else self.from_git(tag, path)
        return None if text is None else self.texts.setdefault(text, text)

    def from_folder(self, tag, path):
        try:
            with open(os.path.join(self.folders[tag], path), encoding='utf-8', errors='replace') as file:
                return file.read()
        except OSError:
            return None

    def from_git(self, tag, path):
        if not self.git:
            self.git = subprocess.Popen(['git', '-C', self.repository, 'cat-file', '--batch'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.git.stdin.write(f'{tag}:{path}\n'.encode())
        self.git.stdin.flush()
        words = self.git.stdout.readline().split()
        if len(words) != 3:             # "... missing"
            return None
        body = self.git.stdout.read(int(words[2]) + 1)[:-1]
        return body.decode(errors='replace') if words[1] == b'blob' else None

    def close(self):
        if self.git:
            self.git.stdin.close()
            self.git.stdout.close()
            self.git.wait()
            self.git = None
