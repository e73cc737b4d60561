#!/usr/bin/env python3
"""Writes what the bindings know about the C interface, so that they cannot fall behind it.

    make_bindings.py INCLUDE OUT [CC]

writes OUT/moco.hpp (C++) and the package OUT/moco (Python). CC preprocesses the headers; cc without it.
"""
import pathlib
import shutil
import sys

import read_interface

HERE = pathlib.Path(__file__).resolve().parent
SCALARS = {"char": "c_char", "double": "c_double", "float": "c_float", "_Bool": "c_bool", "size_t": "c_size_t",
           "int": "c_int", "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64",
           "uint64_t": "c_uint64", "uint8_t": "c_uint8", "int8_t": "c_int8"}


def camel(name):
    """moco_model_options becomes ModelOptions."""
    return "".join(part.capitalize() for part in name.removeprefix("moco_").split("_"))


class Python:
    """Gives types of C as expressions of ctypes."""

    def __init__(self, interface):
        self.interface = interface

    def type(self, text):
        words = text.replace("const", " ").split()
        base, stars = words[0], words.count("*")
        if base == "struct":
            return self.pointers("c_void_p", stars - 1)
        if base in ("void", *self.interface.handles):
            return "None" if stars == 0 else self.pointers("c_void_p", stars - 1)
        if base == "char" and stars > 0:
            return self.pointers("c_char_p", stars - 1)
        if base in self.interface.enums:
            return self.pointers("c_int", stars)
        return self.pointers(SCALARS.get(base) or camel(base), stars)

    def of_callback(self, text):
        """A callable must be able to write where C does, which it cannot into bytes."""
        return "POINTER(c_char)" if text.replace(" ", "") == "char*" else self.type(text)

    @staticmethod
    def pointers(text, count):
        return "POINTER(" * count + text + ")" * count

    def member(self, value):
        kind = self.type(value.type)
        return f'("{value.name}", {kind}{f" * {value.length}" if value.length else ""})'

    def lines(self):
        of = self.interface
        yield '"""Made by make_bindings.py from the headers of libmoco: constants, structs, callbacks and signatures."""'
        yield "from ctypes import CFUNCTYPE, POINTER, Structure, Union, c_bool, c_char, c_char_p, c_double, c_int  # noqa"
        yield "from ctypes import c_float, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p  # noqa"
        yield ""
        for values in of.enums.values():
            for name, value in values.items():
                yield f"{name.removeprefix('MOCO_')} = {value}"
        for name in of.structs:
            base = "Union" if name in of.unions else "Structure"
            yield f"\n\nclass {camel(name)}({base}):\n    \"\"\"{name}\"\"\""
        yield "\n"
        for name, function in of.callbacks.items():
            kinds = ", ".join(self.of_callback(kind) for kind in [function.result] + [v.type for v in function.parameters])
            yield f"{camel(name)} = CFUNCTYPE({kinds})"
        for name, members in of.structs.items():
            rows = ",\n    ".join(self.member(member) for member in members)
            yield f"{camel(name)}._fields_ = [\n    {rows}]"
        yield "\n# Structs that a function fills with defaults."
        names = [n for n in of.structs if f"{n}_init" in of.functions]
        rows = ",\n    ".join(f'{camel(n)}: "{n}_init"' for n in names)
        yield f"INITIALISED = {{\n    {rows}}}"
        yield "\n# Types that only the library looks into: name, and the function that frees one."
        rows = ",\n    ".join(f'"{h}": ("{camel(h)}", "{h}_free")' for h in of.handles if f"{h}_free" in of.functions)
        yield f"HANDLES = {{\n    {rows}}}"
        yield "\n# Functions: result, and parameters as (name, type in C, type in ctypes)."
        yield "FUNCTIONS = {"
        for name, function in of.functions.items():
            if not function.variadic:
                rows = ", ".join(f'("{v.name}", "{v.type}", {self.type(v.type)})' for v in function.parameters)
                yield (f'    "{name}": ("{function.result}", {self.type(function.result)}, '
                       f"[{rows}]),")
        yield "}"


def cpp(interface):
    """Fills in the template of the C++ header."""
    free = "\n".join(f"MOCO_HPP_HANDLE({handle}, {handle.removeprefix('moco_')})"
                     for handle in interface.handles if f"{handle}_free" in interface.functions)
    options = "\n".join(f"MOCO_HPP_OPTIONS({name})" for name in interface.structs
                        if f"{name}_init" in interface.functions)
    return (HERE / "cpp" / "moco.hpp.in").read_text().replace("@HANDLES@", free).replace("@OPTIONS@", options)


def main():
    include, out, *compiler = sys.argv[1:]
    interface = read_interface.read(include, *compiler)
    package = pathlib.Path(out, "moco")
    package.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out, "moco.hpp").write_text(cpp(interface))
    pathlib.Path(package, "_interface.py").write_text("\n".join(Python(interface).lines()) + "\n")
    for source in (HERE / "python" / "moco").glob("*.py"):
        shutil.copy(source, package)


if __name__ == "__main__":
    main()
