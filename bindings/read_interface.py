"""Reads the C interface of libmoco from its headers: enums, structs, handles, callbacks and functions.

The headers are preprocessed by a C compiler, so macros and X-macro tables are gone.
"""
import re
import subprocess
from dataclasses import dataclass, field

ENUM = re.compile(r"typedef enum (moco_\w+) \{(.*?)\}", re.S)
STRUCT = re.compile(r"typedef (?:struct|union) (moco_\w+) \{(.*?)\} \1;", re.S)
UNION = re.compile(r"typedef union (moco_\w+) ")
OPAQUE = re.compile(r"typedef struct (moco_\w+) \1;")
CALLBACK = re.compile(r"typedef ([\w \*]+?)\(\*(moco_\w+)\)\((.*?)\);", re.S)
MEMBER_FUNCTION = re.compile(r"(.+?)\s*\(\*(\w+)\)\((.*)\)")
FUNCTION = re.compile(r"([\w \*]+?)\b(moco_\w+)\(([^;{}()]*)\)\s*;", re.S)
ATTRIBUTE = re.compile(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\)")
INLINE = re.compile(r"static inline ([\w \*]+?)\b(moco_\w+)\(([^;{}()]*)\)\s*\{.*?\n\}\n", re.S)
BODY = re.compile(r"\{[^{}]*\}")


@dataclass
class Value:
    """A parameter, or a member of a struct: its type without the name, and the length if it is an array."""
    type: str
    name: str
    length: int = 0


@dataclass
class Function:
    """A function, or the type of a callback."""
    result: str
    name: str
    parameters: list
    variadic: bool = False


@dataclass
class Interface:
    enums: dict = field(default_factory=dict)  # name -> {identifier: value}
    structs: dict = field(default_factory=dict)  # name -> [Value], in the order of the headers; unions too
    unions: list = field(default_factory=list)  # names
    handles: list = field(default_factory=list)  # types that only the library looks into
    callbacks: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)
    inlines: dict = field(default_factory=dict)  # functions that the library does not export


def preprocess(include, compiler="cc"):
    command = [compiler, "-E", "-P", "-I", str(include), "-x", "c", "-"]
    return subprocess.run(command, input="#include <moco.h>\n", capture_output=True, text=True, check=True).stdout


def parse_value(text):
    text = " ".join(text.split())
    array = re.fullmatch(r"(.+?)\s*\b(\w+)\[(\d*)\]", text)
    if array:
        return Value(array[1], array[2], int(array[3] or 0))
    plain = re.fullmatch(r"(.*?[\s\*])(\w+)", text)
    return Value(" ".join(plain[1].replace("*", " * ").split()), plain[2])


def parse_parameters(text):
    parts = [part.strip() for part in text.split(",")]
    values = []
    for part in parts:
        if part in ("void", "..."):
            continue
        value = parse_value(part)
        if value.length or part.endswith("]"):
            value = Value(value.type + " *", value.name)
        values.append(value)
    return values, "..." in parts


def parse_members(struct, body, callbacks):
    """Gives the members; several names may stand behind one type. A pointer to a function becomes a callback."""
    members = []
    for line in body.split(";"):
        if not line.strip():
            continue
        function = MEMBER_FUNCTION.fullmatch(" ".join(line.split()))
        if function:
            result, name, parameters = function.groups()
            kind = f"{struct}_{name}_fn"
            callbacks[kind] = Function(result.strip(), kind, parse_parameters(parameters)[0])
            members.append(Value(kind, name))
            continue
        first, *others = [part.strip() for part in line.split(",")]
        members.append(parse_value(first))
        for other in others:
            array = re.fullmatch(r"(\w+)\[(\d+)\]", other)
            members.append(Value(members[-1].type, array[1], int(array[2])) if array
                           else Value(members[-1].type, other))
    return members


def parse_enum(body):
    values = {}
    following = 0
    for entry in body.split(","):
        if entry.strip():
            name, _, number = (part.strip() for part in entry.partition("="))
            following = int(number.strip("()")) if number else following
            values[name] = following
            following += 1
    return values


def parse_function(result, name, parameters):
    values, variadic = parse_parameters(parameters)
    return Function(" ".join(result.replace("*", " * ").split()), name, values, variadic)


def parse(text):
    text = ATTRIBUTE.sub("", text)
    found = Interface()
    for result, name, parameters in INLINE.findall(text):
        found.inlines[name] = parse_function(result, name, parameters)
    text = INLINE.sub("", text)
    for name, body in ENUM.findall(text):
        found.enums[name] = parse_enum(body)
    lengths = {name: str(value) for values in found.enums.values() for name, value in values.items()}
    text = re.sub(r"\[(\w+)\]", lambda match: f"[{lengths.get(match[1], match[1])}]", text)
    for name, body in STRUCT.findall(text):
        found.structs[name] = parse_members(name, body, found.callbacks)
    found.unions = UNION.findall(text)
    found.handles = [name for name in OPAQUE.findall(text) if name not in found.structs]
    for result, name, parameters in CALLBACK.findall(text):
        found.callbacks[name] = Function(result.strip(), name, parse_parameters(parameters)[0])
    for result, name, parameters in FUNCTION.findall(BODY.sub("", CALLBACK.sub("", text))):
        found.functions[name] = parse_function(result, name, parameters)
    return found


def read(include, compiler="cc"):
    return parse(preprocess(include, compiler))
