/* numpy's names of types. */
#include "formats/numpy_type_internal.h"

#include <stddef.h>

const char *moco__numpy_type(moco_dtype dtype)
{
    switch (dtype) {
    case MOCO_FLOAT32:
        return "<f4";
    case MOCO_FLOAT64:
        return "<f8";
    case MOCO_FLOAT16:
        return "<f2";
    case MOCO_INT64:
        return "<i8";
    case MOCO_INT32:
        return "<i4";
    case MOCO_UINT8:
        return "|u1";
    case MOCO_BOOL:
        return "|b1";
    case MOCO_BFLOAT16:
        break;
    }
    return NULL;
}
