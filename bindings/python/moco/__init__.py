"""libmoco for Python, by ctypes and numpy.

Functions have the names of the C interface without `moco_`. They take str, handles, structs, arrays and callables where C
takes pointers, and raise Error where C returns a status. An argument `out` becomes the result, and `scope` is left out:

    import moco
    encoder = moco.encoder_create(moco.defaults(moco.EncoderOptions, arch="resnet18"))
    images = moco.tensor(numpy.zeros((2, 3, 64, 64), "float32"))
    print(moco.encoder_forward(encoder, images).numpy())

A callable that raises makes the call fail. `moco.Tensor(step.loss, owned=False)` makes a handle of a pointer that a struct
or a callback holds. Handles are freed when nothing refers to them; each keeps what it was made from. MOCO_LIBRARY names
the library's file.
"""
import ctypes
import operator
import os
import sys
import threading

import numpy

from . import _interface
from ._interface import *  # noqa: F401,F403

_DTYPES = {"float32": FLOAT32, "float64": FLOAT64, "float16": FLOAT16, "int64": INT64, "int32": INT32,  # noqa: F405
           "uint8": UINT8, "bool": BOOL}  # noqa: F405
_NAMES = {value: name for name, value in _DTYPES.items()}

lib = ctypes.CDLL(os.environ.get("MOCO_LIBRARY", "libmoco.so"))


_thread = threading.local()  # what its last callable raised


class Error(RuntimeError):
    """A status other than OK; `status` is one of EINVALID, EIO, ..."""

    def __init__(self, status):
        super().__init__(lib.moco_error_message().decode(errors="backslashreplace"))
        self.status = status


def _interrupt():
    """Raises what is to end the program, as KeyboardInterrupt, if a callable raised it."""
    raised = getattr(_thread, "raised", None)
    if raised is not None and not isinstance(raised, Exception):
        _thread.raised = None
        raise raised


def _check(status):
    _interrupt()
    raised, _thread.raised = getattr(_thread, "raised", None), None
    if status != 0:
        raise Error(status) from raised


def _keep(unraisable, other=sys.unraisablehook):
    """A signal interrupts a callable before its first line, where nothing can catch: keeps it for _interrupt()."""
    if getattr(unraisable.object, "__code__", None) is _callback_code:
        _thread.raised = unraisable.exc_value
    else:
        other(unraisable)


_callback_code = None
sys.unraisablehook = _keep


class Handle:
    """An object of the library. close() frees it at once."""
    _free = ""

    def __init__(self, pointer, keeps=(), owned=True):
        self._as_parameter_ = ctypes.c_void_p(pointer)
        self._keeps = keeps
        self._owned = owned

    def close(self):
        if self._owned and self._as_parameter_:
            getattr(lib, self._free)(self._as_parameter_)
        self._as_parameter_ = ctypes.c_void_p()
        self._keeps = ()

    def __del__(self):
        if lib is not None:  # None while Python shuts down
            self.close()

    def __reduce__(self):
        raise TypeError(f"a handle of the class {type(self).__name__} cannot be copied or pickled")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _dtype(dtype):
    """The library's element type for one of numpy."""
    name = numpy.dtype(dtype).name
    if name not in _DTYPES:
        raise TypeError(f"there are no tensors of {name}; convert it to one of {', '.join(_DTYPES)}")
    return _DTYPES[name]


def _array_of(self):
    """A copy of a tensor's elements as a numpy array."""
    if tensor_dtype(self) not in _NAMES:  # noqa: F405
        raise TypeError("numpy has no bfloat16; convert the tensor by moco.call('aten::to.dtype', tensor, "
                        "numpy.dtype('float32'))")
    shape = [tensor_size(self, dim) for dim in range(tensor_ndim(self))]  # noqa: F405
    array = numpy.empty(shape, _NAMES[tensor_dtype(self)])  # noqa: F405
    tensor_to_host(array, array.nbytes, self)  # noqa: F405
    return array


_classes = {}
for _type, (_name, _free) in _interface.HANDLES.items():
    _classes[_type] = globals()[_name] = type(_name, (Handle,), {"_free": _free, "__doc__": _type})
Tensor.numpy = _array_of  # noqa: F405


def defaults(struct, **values):
    """Makes a struct of options with the library's defaults, then sets the members that are named."""
    options = struct()
    getattr(lib, _interface.INITIALISED[struct])(ctypes.byref(options), ctypes.c_size_t(ctypes.sizeof(options)))
    for name, value in values.items():
        if name not in dict(struct._fields_):
            raise AttributeError(f"{struct.__name__} has no member {name}")
        setattr(options, name, _member(struct, name, value))
    options._keeps = values
    return options


def tensor(array, device=None):
    """Copies a numpy array into a new tensor, on the CPU or on a Device."""
    array = numpy.asarray(array, order="C")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    sizes = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
    return tensor_from_host(_dtype(array.dtype), device or Device(), sizes, array.ndim, array)  # noqa: F405


def call(op, *values, results=1, **named):
    """Calls an operator of libtorch by its name: call("aten::logsumexp", tensor, [1], keepdim=True).

    Takes tensors, numbers, str, numpy.dtype, Device, None, and lists of tensors or of whole numbers. Gives a Tensor, or
    a list of `results` of them.
    """
    given = [_value(value, None) for value in values] + [_value(value, name) for name, value in named.items()]
    outs = (ctypes.c_void_p * results)()
    _check(lib.moco_tensor_call(outs, results, None, _text(op, "op"), (Value * len(given))(*given),  # noqa: F405
                                len(given)))
    made = [Tensor(pointer) if pointer else None for pointer in outs]  # noqa: F405
    return made[0] if results == 1 else made


def _value(value, name):
    """Makes a moco_value, which keeps what it points to."""
    made = Value(name=None if name is None else _text(name, "name"))  # noqa: F405
    made._keeps = value
    value = value.item() if isinstance(value, numpy.generic) else value
    for kind, member, types in ((VALUE_NONE, None, type(None)), (VALUE_TENSOR, "tensor", Handle),  # noqa: F405
                                (VALUE_BOOL, "flag", bool), (VALUE_INT, "whole", int),  # noqa: F405
                                (VALUE_REAL, "real", float), (VALUE_TEXT, "text", str),  # noqa: F405
                                (VALUE_DTYPE, "dtype", numpy.dtype), (VALUE_DEVICE, "device", Device)):  # noqa: F405
        if isinstance(value, types):
            made.kind = kind
            if member is not None:
                plain = _text(value, name) if isinstance(value, str) else value
                plain = _whole(plain, name, ctypes.c_int64) if kind == VALUE_INT else plain  # noqa: F405
                plain = _dtype(value) if isinstance(value, numpy.dtype) else plain
                setattr(made.data, member, value._as_parameter_ if isinstance(value, Handle) else plain)
            return made
    if not isinstance(value, (list, tuple)) and getattr(value, "dtype", numpy.dtype(bool)).kind not in "iu":
        raise TypeError(f"{type(value).__name__} is no argument of an operator; moco.tensor() makes tensors of arrays")
    made.count = len(value)
    if made.count > 0 and all(each is None or isinstance(each, Handle) for each in value):
        made.kind = VALUE_TENSORS  # noqa: F405
        made._array = (ctypes.c_void_p * len(value))(*[each and each._as_parameter_ for each in value])
        made.data.tensors = made._array
    else:
        made.kind = VALUE_INTS  # noqa: F405
        made._array = (ctypes.c_int64 * max(len(value), 1))(*[_whole(each, name, ctypes.c_int64) for each in value])
        made.data.ints = made._array
    return made


def _text(value, name):
    text = os.fspath(value).encode(errors="surrogateescape")
    if b"\0" in text:
        raise ValueError(f"{name or 'a text'} holds a NUL, at which C would cut it")
    return text


def _whole(value, name, kind):
    """ctypes cuts numbers that do not fit without a word."""
    whole = operator.index(value)
    if kind(whole).value != whole:
        raise OverflowError(f"{name or 'the number'} is {whole}, which does not fit into {kind.__name__}")
    return whole


def _place(array, name, kind):
    """A pointer to the elements of an array."""
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} is not contiguous; use numpy.ascontiguousarray()")
    element = getattr(kind, "_type_", None)
    element = element if isinstance(element, type) else array.dtype.newbyteorder("=")
    if array.dtype != element:
        raise TypeError(f"{name} holds {array.dtype.str}; it must hold {numpy.dtype(element).str}")
    return ctypes.cast(array.ctypes.data, kind)


def _member(struct, name, value):
    kind = dict(struct._fields_)[name]
    if isinstance(value, (str, os.PathLike)):
        return _text(value, name)
    if isinstance(value, Handle):
        return value._as_parameter_
    if isinstance(value, ctypes.Structure) and not issubclass(kind, ctypes.Structure):
        return ctypes.pointer(value)
    if isinstance(value, numpy.ndarray) and not issubclass(kind, ctypes.Array):
        return _place(value, name, kind)
    if isinstance(value, (list, numpy.ndarray)):
        return tuple(value)
    if kind in _WHOLE:
        return _whole(value, name, kind)
    return _callback(value, kind) if callable(value) else value


_WHOLE = (ctypes.c_int, ctypes.c_int64, ctypes.c_uint64, ctypes.c_int32, ctypes.c_uint32, ctypes.c_size_t,
          ctypes.c_uint8)


def _callback(function, kind):
    """An exception that leaves the function fails the call, or ends the run, with its text."""
    if isinstance(function, kind):
        return function

    def call(*arguments):
        try:
            _interrupt()
            value = function(*arguments)
            return None if kind._restype_ is None else _whole(value or 0, "the result", kind._restype_)
        except BaseException as error:  # none may pass through C
            _thread.raised = error
            lib.moco_error_set(EINVALID, b"%s", f"{type(error).__name__}: {error}".encode(errors="replace"))  # noqa: F405
            return -2**63 if kind._restype_ is ctypes.c_int64 else EINVALID  # noqa: F405; no label, not even -1
    global _callback_code
    _callback_code = call.__code__
    return kind(call)


def _argument(value, name, c_type, kind):
    if isinstance(value, Handle):
        wanted = _classes.get(c_type.replace("const", "").split()[0], Handle)
        if not isinstance(value, wanted):
            raise TypeError(f"{name} is a {type(value).__name__}; it must be of the class {wanted.__name__}")
    if isinstance(value, (str, os.PathLike)):
        return _text(value, name)
    if isinstance(value, numpy.ndarray):
        if not value.flags.writeable and not c_type.startswith("const"):
            raise ValueError(f"{name} is read-only, and the function writes to it")
        return _place(value, name, kind)
    if kind in _WHOLE and value is not None:
        return _whole(value, name, kind)
    if isinstance(value, ctypes.Structure) and not issubclass(kind, ctypes.Structure):
        return ctypes.byref(value)
    if callable(value) and issubclass(kind, ctypes._CFuncPtr):
        return _callback(value, kind)
    return value


def _result(value, c_type, arguments):
    base = c_type.replace("const", "").split()[0]
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if base in _classes:
        return None if value is None else _classes[base](value, arguments, owned=False)
    return (value.contents if value else None) if isinstance(value, ctypes._Pointer) else value


def _wrap(name, result, restype, parameters):
    function = getattr(lib, name)
    function.restype = restype
    function.argtypes = [kind for _, _, kind in parameters]
    has_out = _is_out(result, *parameters[0][:2]) if parameters else False
    has_scope = has_out and len(parameters) > 1 and parameters[1][1] == "moco_scope *"
    asked = parameters[has_out + has_scope:]

    def call(*arguments):
        if len(arguments) != len(asked):
            raise TypeError(f"{name}() takes {len(asked)} arguments, {', '.join(n for n, _, _ in asked) or 'none'}; "
                            f"{len(arguments)} were given")
        passed = [_argument(value, *parameter) for value, parameter in zip(arguments, asked)]
        if not has_out:
            value = function(*passed)
            _check(value if result == "moco_status" else 0)
            return None if result == "moco_status" else _result(value, result, arguments)
        out = _new_out(parameters[0][2]._type_)
        status = function(ctypes.byref(out), *([None] if has_scope else []), *passed)
        handle = _classes.get(parameters[0][1].split()[0])
        made = handle(out.value, (arguments, passed)) if handle and status == 0 else None
        _check(status)
        return made or (out if isinstance(out, ctypes.Structure) else out.value)

    call.__name__ = call.__qualname__ = name.removeprefix("moco_")
    call.__doc__ = f"{result} {name}({', '.join(f'{c_type} {n}' for n, c_type, _ in parameters)})"
    return call


def _is_out(result, name, c_type):
    """A handle named out without a second star is one that is written into."""
    return result == "moco_status" and name == "out" and c_type.replace(" *", "", 1) not in _classes


def _new_out(kind):
    """A struct with a size tells the library how much of it we know."""
    return defaults(kind) if kind in _interface.INITIALISED else kind()


lib.moco_error_message.restype = ctypes.c_char_p
for _name, (_result_type, _restype, _parameters) in _interface.FUNCTIONS.items():
    globals()[_name.removeprefix("moco_")] = _wrap(_name, _result_type, _restype, _parameters)
