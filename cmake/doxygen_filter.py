#!/usr/bin/env python3
"""Shows doxygen what it does not see by itself in a header, or in a page of docs/.

    doxygen_filter.py FILE

Enums that come from X-macros become plain ones, with the macro's text as the comment of each value. Members that are
declared together get a declaration each, with the same comment. Macros that the header undefines again are left out.

In pages, links to files that are not rendered become plain text, and comments are left out.
"""
import re
import sys

MACRO = re.compile(r"#define (MOCO_\w+_MAP)\(X\)((?:.*\\\n)*.*\n)")
ROW = re.compile(r"X\((\w+)([^)]*)\)[ \t]*(?:/\* (.*?) \*/)?")
BLOCK = re.compile(r"(#define MOCO_\w+_ENUM\(.*\n)?\s*(MOCO_\w+_MAP)\(MOCO_\w+_ENUM\)(?:\n#undef \w+)?")
TOGETHER = re.compile(
    r"^(    [\w ]+?[ *])(\w+(?:\[\w+\])?(?:, \w+(?:\[\w+\])?)+);([ \t]*/\*\*<(?:[^*]|\*(?!/))*\*/)?", re.M)
LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
PAGE = re.compile(r"^(https?://|(interface|tensors|programs|bindings|deploying)\.md)")
COMMENT = re.compile(r"<!--.*?-->\n?", re.S)
UNDEF = re.compile(r"^#undef (\w+)\n", re.M)


def values(body, numbered):
    """Gives the lines of an enum for the rows of a macro: (identifier, number and texts, comment)."""
    lines = []
    for name, rest, comment in ROW.findall(body):
        fields = [field.strip() for field in re.findall(r'"[^"]*"|[^,\s]+', rest)]
        number = next((f" = {field}" for field in fields if numbered and re.fullmatch(r"-?\d+", field)), "")
        texts = [field.strip('"') for field in fields if field.startswith('"')] + ([comment] if comment else [])
        lines.append(f"{name}{number}, /**< {': '.join(texts[-2:]) or name} */")
    return "\n".join(lines)


def members(match):
    """Gives a declaration for each of several members; without a comment behind them, all but the first refer to it."""
    first, *others = match[2].split(", ")
    comment = match[3] or ""
    rest = comment or f" /**< as {first.split('[')[0]} */"
    return "\n".join([f"{match[1]}{first};{comment}"] + [f"{match[1]}{name};{rest}" for name in others])


def page(text):
    """Gives a page with links to other pages only."""
    return COMMENT.sub("", LINK.sub(lambda match: match[0] if PAGE.search(match[2]) else match[1], text))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    if sys.argv[1].endswith(".md"):
        print(page(text), end="")
        return
    macros = {name: body for name, body in MACRO.findall(text)}
    plain = BLOCK.sub(lambda match: values(macros[match[2]], "= (" in (match[1] or "")), text)
    for name in UNDEF.findall(plain):
        plain = re.sub(rf"^#define {name}\b(?:.*\\\n)*.*\n", "", plain, flags=re.M)
    print(TOGETHER.sub(members, UNDEF.sub("", plain)), end="")


main()
