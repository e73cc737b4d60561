/* Knows the types of elements that torch has. */
#include "formats/pickle_types_internal.h"

#include <string.h>

static const moco__pickle_type types[] = {
    { "float32", 4, true, MOCO_FLOAT32 },
    { "float64", 8, true, MOCO_FLOAT64 },
    { "float16", 2, true, MOCO_FLOAT16 },
    { "bfloat16", 2, true, MOCO_BFLOAT16 },
    { "int64", 8, true, MOCO_INT64 },
    { "int32", 4, true, MOCO_INT32 },
    { "uint8", 1, true, MOCO_UINT8 },
    { "bool", 1, true, MOCO_BOOL },
    { "int16", 2, false, MOCO_UINT8 },
    { "int8", 1, false, MOCO_UINT8 },
    { "uint16", 2, false, MOCO_UINT8 },
    { "uint32", 4, false, MOCO_UINT8 },
    { "uint64", 8, false, MOCO_UINT8 },
    { "complex32", 4, false, MOCO_UINT8 },
    { "complex64", 8, false, MOCO_UINT8 },
    { "complex128", 16, false, MOCO_UINT8 },
    { "float8_e4m3fn", 1, false, MOCO_UINT8 },
    { "float8_e5m2", 1, false, MOCO_UINT8 },
    { "float8_e4m3fnuz", 1, false, MOCO_UINT8 },
    { "float8_e5m2fnuz", 1, false, MOCO_UINT8 },
    { "float8_e8m0fnu", 1, false, MOCO_UINT8 },
    { "float4_e2m1fn_x2", 1, false, MOCO_UINT8 },
    { "qint8", 1, false, MOCO_UINT8 },
    { "quint8", 1, false, MOCO_UINT8 },
    { "quint4x2", 1, false, MOCO_UINT8 },
    { "quint2x4", 1, false, MOCO_UINT8 },
    { "bits8", 1, false, MOCO_UINT8 },
    { "bits1x8", 1, false, MOCO_UINT8 },
    { "bits2x4", 1, false, MOCO_UINT8 },
    { "bits4x2", 1, false, MOCO_UINT8 },
    { "qint32", 4, false, MOCO_UINT8 },
    { "bits16", 2, false, MOCO_UINT8 },
    { "uint1", 1, false, MOCO_UINT8 },
    { "uint2", 1, false, MOCO_UINT8 },
    { "uint3", 1, false, MOCO_UINT8 },
    { "uint4", 1, false, MOCO_UINT8 },
    { "uint5", 1, false, MOCO_UINT8 },
    { "uint6", 1, false, MOCO_UINT8 },
    { "uint7", 1, false, MOCO_UINT8 },
    { "int1", 1, false, MOCO_UINT8 },
    { "int2", 1, false, MOCO_UINT8 },
    { "int3", 1, false, MOCO_UINT8 },
    { "int4", 1, false, MOCO_UINT8 },
    { "int5", 1, false, MOCO_UINT8 },
    { "int6", 1, false, MOCO_UINT8 },
    { "int7", 1, false, MOCO_UINT8 },
};

const moco__pickle_type *moco__pickle_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; ++i) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}
