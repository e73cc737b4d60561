#!/usr/bin/env python3
"""Lists every function of the C interface, for tests that call or declare each of them.

    make_calls.py calls INCLUDE OUT.c   a function that calls each, inline ones too, with arguments chosen at run time
    make_calls.py stubs INCLUDE OUT.c   an empty definition of each, which gives the types of the interface to abidw
"""
import pathlib
import re
import sys

DECLARATION = re.compile(r"MOCO_API\s+(?:MOCO_MUST_USE\s+)?([\w \*]+?)\s*\b(moco_\w+)\(([^;{]*?)\)\s*"
                         r"(?:MOCO_PRINTF\([^)]*\))?\s*;", re.S)
INLINE = re.compile(r"static inline\s+([\w \*]+?)\s*\b(moco_\w+)\(([^;{]*?)\)\s*(?=\{)", re.S)
ENUM = re.compile(r"typedef enum (moco_\w+)")
CALLBACK = re.compile(r"typedef [\w \*]+\(\*(moco_\w+)\)\(")
VALUES = ("moco_device", "moco_position", "moco_augment_key", "moco_box")


def read_headers(include):
    texts = []
    for path in sorted(pathlib.Path(include, "moco").rglob("*.h")):
        texts.append(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S))
    return "\n".join(texts)


def parse_parameter(text):
    """Gives (type, name); an array becomes a pointer."""
    text = " ".join(text.split())
    array = re.match(r"(.*?)\b(\w+)\[\w*\]$", text)
    if array:
        return array.group(1).strip() + " *", array.group(2)
    kind, name = re.match(r"(.*?)(\w+)$", text).groups()
    return kind.strip(), name


def parse(text, with_inline):
    functions = []
    inline = [f for f in INLINE.findall(text) if "moco_value" not in f[0]] if with_inline else []
    names = {name for _, name, _ in inline}
    for result, name, parameters in DECLARATION.findall(text) + inline:
        parts = [p.strip() for p in parameters.split(",")]
        variadic = parts[-1] == "..."
        parts = [p for p in parts if p not in ("void", "...")]
        functions.append((" ".join(result.split()), name, tuple(parse_parameter(p) for p in parts), variadic, name in names))
    return sorted(set(functions), key=lambda f: f[1])


def kind_of(kind, enums, callbacks):
    if kind.endswith("*"):
        return "POINTER"
    if kind in callbacks:
        return "CALLBACK"
    if kind in enums:
        return "ENUM"
    if kind in VALUES:
        return "VALUE_" + kind.upper()
    return {"double": "REAL", "bool": "BOOL", "size_t": "SIZE", "int64_t": "INT64", "uint64_t": "UINT64",
            "int32_t": "INT32", "uint32_t": "UINT32"}[kind]


def argument(index, kind, what):
    place = f"p[{index}]"
    if what == "CALLBACK":
        return "NULL"
    if what == "POINTER":
        return f"({kind}){place}.pointer"
    if what == "REAL":
        return f"{place}.real"
    if what.startswith("VALUE_"):
        return f"value_{kind}(p[{index}].whole)"
    return f"({kind}){place}.whole"


def print_calls(functions, enums, callbacks, out):
    out.write('/* Made by make_calls.py. */\n#include "misuse.h"\n\n')
    for result, name, parameters, variadic, is_inline in functions:
        arguments = [argument(i, k, kind_of(k, enums, callbacks)) for i, (k, _) in enumerate(parameters)]
        call = f"{name}({', '.join(arguments)})"
        out.write(f"static long long call_{name}(const choice *p)\n{{\n")
        if not parameters:
            out.write("    (void)p;\n")
        if result == "moco_status":
            out.write(f"    return {call};\n}}\n\n")
        else:
            out.write(f"    (void){call};\n    return NO_STATUS;\n}}\n\n")
    out.write("const function functions[] = {\n")
    for result, name, parameters, variadic, is_inline in functions:
        rows = ", ".join(f'{{ "{n}", "{k}", {kind_of(k, enums, callbacks)} }}' for k, n in parameters)
        out.write(f'    {{ "{name}", call_{name}, {len(parameters)}, {{ {rows or "{ 0 }"} }}, {str(is_inline).lower()} }},\n')
    out.write("};\nconst size_t function_count = sizeof functions / sizeof functions[0];\n")


def print_stubs(functions, out):
    out.write("/* Made by make_calls.py. */\n#include <moco.h>\n\n")
    for result, name, parameters, variadic, is_inline in functions:
        declared = [f"{k}{'' if k.endswith('*') else ' '}{n}" for k, n in parameters] + (["..."] if variadic else [])
        out.write(f"{result} {name}({', '.join(declared) or 'void'})\n{{\n")
        for _, n in parameters:
            out.write(f"    (void){n};\n")
        if result != "void":
            out.write(f"    {result}{'' if result.endswith('*') else ' '}nothing = {{ 0 }};\n    return nothing;\n")
        out.write("}\n\n")


def main():
    what, include, path = sys.argv[1:]
    text = read_headers(include)
    functions = parse(text, what == "calls")
    with open(path, "w", encoding="utf-8") as out:
        if what == "calls":
            print_calls(functions, set(ENUM.findall(text)), set(CALLBACK.findall(text)), out)
        else:
            print_stubs(functions, out)


main()
