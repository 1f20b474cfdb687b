# SPDX-License-Identifier: BSD-3-Clause
"""The numbers of sys/darwin/values.tbl against the headers that its rows name."""
import re

from . import table, xnu_cpp, xnu_mig

DEFINE = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)]*\))?[ \t]+([^\n]+)', re.M)
ENUMERATOR = re.compile(r'\b(P_\w+)\s*(?=[,}])')
CAST = re.compile(r'\(\s*(?:mach_\w+_t|vm_\w+_t|int|unsigned|uint32_t)\s*\)')


def names(text):
    """name -> (text, is a function) of one header; enumerators without values count up from 0"""
    bare = xnu_cpp.without_comments(text).replace('\\\n', ' ')
    found = {m.group(1): (m.group(2) or '') + m.group(3) for m in reversed(list(DEFINE.finditer(bare)))}
    for body in re.findall(r'enum\s*\{([^}]*)\}', bare):
        for count, word in enumerate(body.split(',')):
            if re.fullmatch(r'\w+', word.strip()):
                found.setdefault(word.strip(), str(count))
    return found


def value(text, defined, depth=0):
    """A constant expression; ValueError if it is none"""
    if depth > 8:
        raise ValueError(text)
    text = CAST.sub('', xnu_mig.expand(text, {n: v for n, v in defined.items() if v.startswith('(') and re.match(r'\(\w+\)', v)}))
    text = re.sub(r'\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b', r'\1', text)
    text = re.sub(r'\b0([0-7]+)\b', r'0o\1', text)
    text = re.sub(r'\b[A-Za-z_]\w*', lambda m: str(value(defined[m.group()], defined, depth + 1)) if m.group() in defined else 'None', text)
    try:
        return int(eval(CAST.sub('', text), {'__builtins__': {}}))         # numbers and operators
    except (SyntaxError, TypeError, NameError):
        raise ValueError(text) from None


def compare(tree, root, found):
    """Rows are compared at the version that their source names, else at the newest one."""
    headers = {}
    for row in table.values(root):
        path, _, tag = row.source.partition(' of ')
        tag = tag or tree.tags[-1]
        if tag not in tree.tags:
            continue
        if (path, tag) not in headers:
            text = tree.read(tag, path)
            headers[path, tag] = None if text is None else names(text)
        defined = headers[path, tag]
        found.compared += 1
        if defined is None or row.name not in defined:
            found.note(tag, 'value', row.kind, row.name, f'source: it is not in {path}')
            continue
        try:
            theirs = value(defined[row.name], defined)
        except ValueError:
            theirs = None
        if theirs != row.number:
            found.note(tag, 'value', row.kind, row.name, f'number: {row.number}, the kernel has {theirs}')
