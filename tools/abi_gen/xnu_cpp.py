# SPDX-License-Identifier: BSD-3-Clause
"""As much of the C preprocessor as XNU's tables and .defs files need.

Comments go, conditions are decided, object-like and function-like macros of the file
itself are replaced where they are asked for (.defs files). A name that is not defined
is 0, as in C. Line breaks stay, so that messages can name lines.
"""
import re

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
WORD = re.compile(r'[A-Za-z_]\w*')
TOKEN = re.compile(r'\s*(?:(defined\s*\(\s*(\w+)\s*\)|defined\s+(\w+))|(\w+)|(&&|\|\||==|!=|>=|<=|[!()<>|&]))')


def without_comments(text):
    return COMMENT.sub(lambda m: ' ' + '\n' * m.group().count('\n'), text)


def truth(condition, defined):
    """The value of an #if condition; `defined` maps names to their text."""
    condition = re.sub(r'\b(?!defined\b)[A-Za-z_]\w*\s*\([^()]*\)', '0', condition)     # __has_feature(x) and the like
    out, at, condition = [], 0, condition.strip()
    while at < len(condition):
        found = TOKEN.match(condition, at)
        if not found:
            raise ValueError(f'cannot read the condition "{condition}"')
        at = found.end()
        if found.group(1):
            out.append('1' if (found.group(2) or found.group(3)) in defined else '0')
        elif found.group(4):
            word, seen = found.group(4), set()
            while WORD.fullmatch(word) and word in defined and word not in seen:
                seen.add(word)
                word = defined[word].strip() or '0'
            digits = re.match(r'0[xX][0-9a-fA-F]+|\d+', word)
            out.append(str(int(digits.group(), 0 if digits.group()[:2] in ('0x', '0X') else 10)) if digits else '0')
        else:
            out.append({'&&': ' and ', '||': ' or ', '!': ' not '}.get(found.group(5), found.group(5)))
    return bool(eval(''.join(out).strip() or '0', {'__builtins__': {}}))     # digits and operators only


def lines(text, defined, include=None, define=True):
    """The lines that remain. `include(name)` gives lines for an #include; `defined` grows."""
    stack = []                          # (this branch is on, some branch was on, all around are on)
    on = True
    for line in without_comments(text).replace('\\\n', ' ').split('\n'):
        bare = line.strip()
        if not bare.startswith('#'):
            if on:
                yield line
            continue
        word, _, rest = bare[1:].strip().partition(' ') if ' ' in bare[1:].strip() else (bare[1:].strip(), '', '')
        if '\t' in word:
            word, _, more = word.partition('\t')
            rest = more + ' ' + rest
        if word.startswith('if(') or word.startswith('elif('):
            word, rest = word[:word.index('(')], word[word.index('('):] + ' ' + rest
        rest = rest.strip()
        if word in ('if', 'ifdef', 'ifndef'):
            yes = on and (truth(rest, defined) if word == 'if' else (rest.split()[0] in defined) == (word == 'ifdef'))
            stack.append([yes, yes, on])
            on = yes
        elif word == 'elif':
            top = stack[-1]
            on = top[2] and not top[1] and truth(rest, defined)
            top[0], top[1] = on, top[1] or on
        elif word == 'else':
            top = stack[-1]
            on = top[2] and not top[1]
            top[0], top[1] = on, True
        elif word == 'endif':
            on = stack.pop()[2]
        elif on and word == 'define' and define:
            found = re.match(r'(\w+)(\([^)]*\))?\s*(.*)', rest)
            if found:
                defined[found.group(1)] = (found.group(2) or '') + found.group(3) if found.group(2) else found.group(3)
        elif on and word == 'undef':
            defined.pop(rest.split()[0], None)
        elif on and word == 'include' and include:
            yield from include(rest.strip('<>" '))
