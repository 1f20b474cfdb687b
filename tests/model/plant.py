#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program text for one primitive of the model suite: its shipped sources and scenarios, as they are, with every mutant, and
with each planted bug, each in a namespace of its own. What a primitive's file says to it is described in model.h.

    plant.py PRIMITIVE.cpp ROOT OUTPUT DEPFILE

Headers are pasted in, those of tests/model/shadow first. Mutants are switched at run time, so that one compilation has them all:
  - each memory order weakened by one step (both ways where there are two); a fence taken away;
  - each condition of an if taken for true and for false, and of a while for false. Not those that declare a variable.
"""
import os
import re
import sys

HEADER = re.compile(r'\s*#\s*include\s+"([^"]+)"')
SYSTEM = re.compile(r'\s*#\s*include\s+(<[^>]+>)')
ORDERS = {
    'load': {'seq_cst': ['acquire'], 'acquire': ['relaxed']},
    'store': {'seq_cst': ['release'], 'release': ['relaxed']},
    'rmw': {'seq_cst': ['acq_rel'], 'acq_rel': ['acquire', 'release'], 'acquire': ['relaxed'], 'release': ['relaxed']},
}
OPERATION = {'load': 'load', 'store': 'store', 'xchg': 'rmw', 'cas': 'rmw', 'xadd': 'rmw', 'set_bits': 'rmw'}


def fail(text):
    sys.exit('plant.py: ' + text)

MACROS = ('EINTR', 'EAGAIN', 'ETIMEDOUT', 'ENOMEM', 'EINVAL')  # of the host's <errno.h>


class Primitive:
    def __init__(self, path, root):
        self.root, self.path = root, os.path.relpath(path, root)
        self.name = os.path.basename(path)[:-4]
        with open(path, encoding='utf-8') as f:
            self.text = f.read()
        self.sources = re.findall(r'^// source (\S+)', self.text, re.M)
        self.orders = re.findall(r'^// orders (\S+)', self.text, re.M)
        self.conditions = re.findall(r'^// conditions (\S+)', self.text, re.M)
        self.sources += self.orders + self.conditions
        self.others = re.findall(r'^// with (\S+)', self.text, re.M)
        self.real = set(re.findall(r'^// real (\S+)', self.text, re.M))
        self.standins = dict(re.findall(r'^// for (\S+): (\S+)$', self.text, re.M))
        self.apart = bool(re.search(r'^// apart$', self.text, re.M))
        self.settings = re.findall(r'^// set (\S+): (.+?) -> (.+)$', self.text, re.M)
        self.plants = []  # (name, what, file, old, new)
        for name, what, body in re.findall(r'^/\* plant (\w+): (.+?)\n(.*?)^\*/', self.text, re.M | re.S):
            file, *lines = body.splitlines()
            old = ''.join(line[1:] + '\n' for line in lines if line[:1] in ' -')
            new = ''.join(line[1:] + '\n' for line in lines if line[:1] in ' +')
            self.plants.append((name, what.strip(), file, old, new))
        self.text = re.sub(r'^/\* plant .*?^\*/', lambda m: '\n' * m[0].count('\n'), self.text, flags=re.M | re.S)
        self.mutants, self.system, self.read_files = [], [], set()

    def find(self, name):
        shadow = f'tests/model/shadow/{name}'
        if name in self.standins:
            return self.standins[name]
        if name not in self.real and os.path.exists(f'{self.root}/{shadow}'):
            return shadow
        if not os.path.exists(f'{self.root}/{name}'):
            fail(f'{self.path}: nothing to include for "{name}"; it needs a stand-in in tests/model/shadow')
        return name

    def read(self, path):
        self.read_files.add(f'{self.root}/{path}')
        with open(f'{self.root}/{path}', encoding='utf-8') as f:
            text = f.read()
        for file, old, new in self.settings:
            if file == path:
                if text.count(old) != 1:
                    fail(f'{path} has {text.count(old)} places, not one, for the setting "{old}"')
                text = text.replace(old, new)
        return text

    def expand(self, path, done, change, text=None):
        """The file and what it includes, each once."""
        out = [f'#line 1 "{path}"\n']
        for number, line in enumerate(change(path, self.read(path) if text is None else text).splitlines(), 1):
            if m := HEADER.match(line):
                if m[1] != 'model.h':
                    found = self.find(m[1])
                    if found not in done:
                        done.add(found)
                        out.append(self.expand(found, done, change))
                out.append(f'#line {number + 1} "{path}"\n')
            elif m := SYSTEM.match(line):
                if m[1] not in self.system:
                    self.system.append(m[1])
                out.append('\n')
            else:
                out.append('\n' if line.strip() == '#pragma once' else line + '\n')
        return ''.join(out)

    def variant(self, name, change):
        done = set(self.sources + self.others)
        out = [f'#define trapeze v_{self.name}_{name}\n']
        for source in self.others + self.sources:
            out.append(self.expand(source, done, change))
        out.append(self.expand(self.path, done, lambda path, text: text if path == self.path else change(path, text), self.text))
        return ''.join(out) + '#undef trapeze\n'

    def planted(self, plant):
        _, _, file, old, new = plant
        hit = []

        def change(path, text):
            if path != file:
                return text
            if text.count(old) != 1:
                fail(f'{self.path}: {path} has {text.count(old)} places, not one, for the plant {plant[0]}:\n{old}')
            hit.append(path)
            return text.replace(old, new)

        text = self.variant(plant[0], change)
        if not hit:
            fail(f'{self.path}: {file} of the plant {plant[0]} is not compiled')
        return text

    def mutated(self, path, text):
        if path not in self.sources:
            return text
        lines = text.splitlines()
        return '\n'.join(self.mutate(path, lines, i) for i in range(len(lines))) + '\n'

    def mutant(self, path, lines, i, what, key):
        first = i
        while first and lines[first - 1].lstrip().startswith('//'):
            first -= 1
        near = '\n'.join(lines[first:i + 1])
        why = re.search(rf'survives (?:in {self.name} )?{re.escape(key)}: ([^;\n]+)', near)
        self.mutants.append((f'{path}:{i + 1}', what, why and why[1].strip()))
        return len(self.mutants) - 1

    def mutate(self, path, lines, i):
        code, slashes, comment = lines[i].partition('//')
        if code.lstrip().startswith('#') or code.lstrip().startswith('enum'):
            return lines[i]

        def order(m):
            if path in self.conditions:
                return m[0]
            depth, at = 0, m.start()
            while at >= 0 and depth < 1:  # back to the parenthesis that this argument is in
                at -= 1
                depth += {'(': 1, ')': -1}.get(code[at], 0)
            call = re.search(r'\.(\w+)$', code[:max(at, 0)])
            kind = OPERATION.get(call[1]) if call else None
            if not kind:
                return m[0]
            text, scope = m[0], m[1] or ''
            for to in ORDERS[kind].get(m[2], []):
                n = self.mutant(path, lines, i, f'{call[1]}: {m[2]} -> {to}', f'as {to}')
                text = f'model::weakened({n}, {text}, {scope}{to})'
            return text

        fence = re.match(r'(\s*)(store_load_fence|fence)\(', code)
        new = re.sub(r'\b(Order::)?(acquire|release|acq_rel|seq_cst)\b', order, code)
        if fence and path not in self.conditions:
            n = self.mutant(path, lines, i, 'fence taken away', 'as nothing')
            new = f'{fence[1]}if (model::kept({n})) ' + new.lstrip()
        at = 0
        while path not in self.orders and (m := re.compile(r'\b(if|while) \(').search(new, at)):
            end, depth = m.end(), 1
            while end < len(new) and depth:
                depth += {'(': 1, ')': -1}.get(new[end], 0)
                end += 1
            condition = new[m.end():end - 1]
            at = m.end()
            if depth or re.match(r'[\w:<>]+(\s*[*&])*\s+[*&]*\w+ = ', condition):
                continue
            short = re.sub(r'model::weakened\(\d+, ([\w:]+), [\w:]+\)', r'\1', condition)
            yes = self.mutant(path, lines, i, f'{m[1]} ({short}) taken for true', 'if true') if m[1] == 'if' else -2
            no = self.mutant(path, lines, i, f'{m[1]} ({short}) taken for false', 'if false')
            new = f'{new[:m.end()]}model::decided({yes}, {no}, static_cast<bool>({condition})){new[end - 1:]}'
            at = m.end() + len('model::decided(')
        return new + slashes + comment


def quoted(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"' if text is not None else 'nullptr'


def main():
    path, root, output, depfile = sys.argv[1:]
    p = Primitive(path, root)
    parts = {'true': p.variant('true', lambda path, text: text)}
    if p.sources:
        parts['mutants'] = p.variant('mutants', p.mutated)
    for plant in p.plants:
        parts[plant[0]] = p.planted(plant)
    out = [f'#include {name}\n' for name in p.system] + ['#include <iterator>\n#include "model.h"\n', *(f'#undef {e}\n' for e in MACROS), *parts.values()]
    out.append('namespace model {\nstatic const Variant variants[] = {\n')
    what = {plant[0]: plant[1] for plant in p.plants}
    for name in parts:
        scenarios = f'v_{p.name}_{name}::scenarios'
        out.append(f'    {{"{name}", {quoted(what.get(name, ""))}, {scenarios}, static_cast<int>(std::size({scenarios}))}},\n')
    out.append('};\nstatic const Mutant mutants[] = {\n')
    for n, (where, text, why) in enumerate(p.mutants):
        out.append(f'    {{{n}, {quoted(where)}, {quoted(text)}, {quoted(why)}}},\n')
    out.append(f'    {{}},\n}};\nconst Primitive primitive{{"{p.name}", variants, {len(parts)}, mutants, {len(p.mutants)}, {str(p.apart).lower()}}};\n}}\n')
    with open(output, 'w', encoding='utf-8') as f:
        f.writelines(out)
    with open(depfile, 'w', encoding='utf-8') as f:
        f.write(f'{output}: ' + ' '.join(sorted(p.read_files)) + '\n')


main()
