/* Knows the names that a pickle may use. */
#include "formats/pickle_names_internal.h"

#include "formats/pickle_types_internal.h"

#include <string.h>

/* The names that torch.load(weights_only=True) allows, and more that hold plain data. */
static const struct {
    const char *module, *name;
    moco__pickle_action action;
} names[] = {
    { "collections", "OrderedDict", MOCO__NAME_DICTIONARY },
    { "collections", "Counter", MOCO__NAME_DICTIONARY },
    { "collections", "defaultdict", MOCO__NAME_DICTIONARY },
    { "argparse", "Namespace", MOCO__NAME_DICTIONARY },
    { "types", "SimpleNamespace", MOCO__NAME_DICTIONARY },
    { "torch._utils", "_rebuild_tensor", MOCO__NAME_TENSOR },
    { "torch._utils", "_rebuild_tensor_v2", MOCO__NAME_TENSOR },
    { "torch._utils", "_rebuild_tensor_v3", MOCO__NAME_TENSOR_OF_TYPE },
    { "torch._tensor", "_rebuild_from_type_v2", MOCO__NAME_TENSOR_OF_CLASS },
    { "torch._utils", "_rebuild_parameter", MOCO__NAME_PARAMETER },
    { "torch._utils", "_rebuild_parameter_with_state", MOCO__NAME_PARAMETER },
    { "torch.nn.parameter", "Parameter", MOCO__NAME_PARAMETER },
    { "torch.nn.parameter", "Buffer", MOCO__NAME_PARAMETER },
    { "torch._utils", "_rebuild_qtensor", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_sparse_tensor", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_sparse_csr_tensor", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_nested_tensor", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_meta_tensor_no_storage", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_wrapper_subclass", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_device_tensor_from_numpy", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch._utils", "_rebuild_device_tensor_from_cpu_tensor", MOCO__NAME_TENSOR_ELSEWHERE },
    { "torch", "Size", MOCO__NAME_SIZE },
    { "torch", "Tensor", MOCO__NAME_INERT },
    { "torch", "device", MOCO__NAME_INERT },
    { "torch", "per_tensor_affine", MOCO__NAME_INERT },
    { "torch", "per_tensor_symmetric", MOCO__NAME_INERT },
    { "torch", "per_channel_affine", MOCO__NAME_INERT },
    { "torch", "per_channel_symmetric", MOCO__NAME_INERT },
    { "torch", "per_channel_affine_float_qparams", MOCO__NAME_INERT },
    { "torch.serialization", "_get_layout", MOCO__NAME_INERT },
    { "_codecs", "encode", MOCO__NAME_INERT },
    { "builtins", "set", MOCO__NAME_INERT },
    { "builtins", "frozenset", MOCO__NAME_INERT },
    { "builtins", "bytearray", MOCO__NAME_INERT },
    { "builtins", "complex", MOCO__NAME_INERT },
    { "builtins", "int", MOCO__NAME_INERT },
    { "builtins", "float", MOCO__NAME_INERT },
    { "builtins", "list", MOCO__NAME_INERT },
    { "builtins", "dict", MOCO__NAME_INERT },
    { "builtins", "range", MOCO__NAME_INERT },
    { "builtins", "xrange", MOCO__NAME_INERT },
    { "builtins", "Ellipsis", MOCO__NAME_INERT },
    { "builtins", "slice", MOCO__NAME_INERT },
    { "numpy", "dtype", MOCO__NAME_INERT },
    { "numpy", "ndarray", MOCO__NAME_INERT },
    { "numpy.core.multiarray", "scalar", MOCO__NAME_INERT },
    { "numpy._core.multiarray", "scalar", MOCO__NAME_INERT },
    { "numpy.core.multiarray", "_reconstruct", MOCO__NAME_INERT },
    { "numpy._core.multiarray", "_reconstruct", MOCO__NAME_INERT },
    { "pathlib", "PosixPath", MOCO__NAME_INERT },
    { "pathlib", "PurePosixPath", MOCO__NAME_INERT },
    { "pathlib", "WindowsPath", MOCO__NAME_INERT },
    { "pathlib", "PureWindowsPath", MOCO__NAME_INERT },
    { "pathlib._local", "PosixPath", MOCO__NAME_INERT },
    { "pathlib._local", "PurePosixPath", MOCO__NAME_INERT },
    { "pathlib._local", "WindowsPath", MOCO__NAME_INERT },
    { "datetime", "datetime", MOCO__NAME_INERT },
    { "datetime", "timedelta", MOCO__NAME_INERT },
    { "datetime", "date", MOCO__NAME_INERT },
    { "datetime", "time", MOCO__NAME_INERT },
    { "datetime", "timezone", MOCO__NAME_INERT },
    { "collections", "deque", MOCO__NAME_INERT },
    { "decimal", "Decimal", MOCO__NAME_INERT },
    { "fractions", "Fraction", MOCO__NAME_INERT },
    { "uuid", "UUID", MOCO__NAME_INERT },
};

/* The classes of storages and tensors are called after the types of their elements. */
static const struct {
    const char *begin, *type;
} classes[] = {
    { "Float", "float32" },
    { "Double", "float64" },
    { "Half", "float16" },
    { "BFloat16", "bfloat16" },
    { "Long", "int64" },
    { "Int", "int32" },
    { "Short", "int16" },
    { "Char", "int8" },
    { "Byte", "uint8" },
    { "Bool", "bool" },
    { "ComplexFloat", "complex64" },
    { "ComplexDouble", "complex128" },
    { "QInt8", "qint8" },
    { "QUInt8", "quint8" },
    { "QInt32", "qint32" },
    { "QUInt4x2", "quint4x2" },
    { "QUInt2x4", "quint2x4" },
    { "Untyped", "uint8" },
};

/* Returns the type of a class of storages or tensors, in whichever module it stands; NULL for others. */
static const moco__pickle_type *type_of_class(const char *module, const char *name, const char *end)
{
    static const char *const modules[] = { "torch", "torch.cuda", "torch.storage", "torch.sparse",
                                           "torch.cuda.sparse" };
    bool known = false;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; ++i) {
        known = known || strcmp(module, modules[i]) == 0;
    }
    for (size_t i = 0; known && i < sizeof classes / sizeof classes[0]; ++i) {
        const size_t length = strlen(classes[i].begin);
        if (strncmp(name, classes[i].begin, length) == 0 && strcmp(name + length, end) == 0) {
            return moco__pickle_type_find(classes[i].type);
        }
    }
    return NULL;
}

bool moco__pickle_find_name(moco__pickle_action *out, const moco__pickle_type **type, const char *module,
                            const char *name)
{
    module = strcmp(module, "__builtin__") == 0 ? "builtins" : module; /* as Python 2 calls it */
    *type = type_of_class(module, name, "Storage");
    *out = *type != NULL ? MOCO__NAME_STORAGE : MOCO__NAME_INERT;
    if (*type == NULL) {
        *type = strcmp(module, "torch") == 0 ? moco__pickle_type_find(name) : NULL;
    }
    if (*type != NULL || type_of_class(module, name, "Tensor") != NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (strcmp(names[i].module, module) == 0 && strcmp(names[i].name, name) == 0) {
            *out = names[i].action;
            return true;
        }
    }
    return false;
}
