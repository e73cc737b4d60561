#!/usr/bin/env python3
"""Shows doxygen enums that come from X-macros as plain ones, with the macro's text as the comment of each value.

    doxygen_filter.py HEADER
"""
import re
import sys

MACRO = re.compile(r"#define (MOCO_\w+_MAP)\(X\)((?:.*\\\n)*.*\n)")
ROW = re.compile(r"X\((\w+)([^)]*)\)[ \t]*(?:/\* (.*?) \*/)?")
BLOCK = re.compile(r"(#define MOCO_\w+_ENUM\(.*\n)?\s*(MOCO_\w+_MAP)\(MOCO_\w+_ENUM\)(?:\n#undef \w+)?")


def values(body, numbered):
    """Gives the lines of an enum for the rows of a macro: (identifier, number and texts, comment)."""
    lines = []
    for name, rest, comment in ROW.findall(body):
        fields = [field.strip() for field in re.findall(r'"[^"]*"|[^,\s]+', rest)]
        number = next((f" = {field}" for field in fields if numbered and re.fullmatch(r"-?\d+", field)), "")
        texts = [field.strip('"') for field in fields if field.startswith('"')] + ([comment] if comment else [])
        lines.append(f"{name}{number}, /**< {': '.join(texts[-2:]) or name} */")
    return "\n".join(lines)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    macros = {name: body for name, body in MACRO.findall(text)}
    plain = BLOCK.sub(lambda match: values(macros[match[2]], "= (" in (match[1] or "")), text)
    print(plain, end="")


main()
