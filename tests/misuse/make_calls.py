#!/usr/bin/env python3
"""Lists every function of the C interface, for tests that call or declare each of them.

    make_calls.py calls INCLUDE OUT.c   a function that calls each, inline ones too, with arguments chosen at run time
    make_calls.py stubs INCLUDE OUT.c   an empty definition of each, which gives the types of the interface to abidw
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bindings"))
import read_interface  # noqa: E402

VALUES = ("moco_device", "moco_position", "moco_augment_key", "moco_box")


def spelt(kind):
    """Spells a type as C programs do."""
    return kind.replace("_Bool", "bool").replace("* *", "**").replace("* const *", "*const *")


def list_functions(interface, with_inline):
    """Gives (result, name, parameters, variadic, inline) of each function, by name."""
    functions = [(f, False) for f in interface.functions.values()]
    if with_inline:
        functions += [(f, True) for f in interface.inlines.values()
                      if f.result != "moco_value" and not f.name.startswith("moco_ops_")]  # parts of the others
    rows = [(spelt(f.result), f.name, [(spelt(v.type), v.name) for v in f.parameters], f.variadic, inline)
            for f, inline in functions]
    return sorted(rows, key=lambda row: row[1])


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
        elif result == "void":
            out.write(f"    {call};\n    return NO_STATUS;\n}}\n\n")
        else:  # a result that nobody looks at would let the compiler leave out an inline function
            out.write(f"    {result} volatile result = {call};\n    (void)result;\n    return NO_STATUS;\n}}\n\n")
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
    interface = read_interface.read(include)
    functions = list_functions(interface, what == "calls")
    with open(path, "w", encoding="utf-8") as out:
        if what == "calls":
            print_calls(functions, interface.enums, interface.callbacks, out)
        else:
            print_stubs(functions, out)


main()
