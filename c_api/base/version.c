/* Gives the version of the library and the commit that it was built from. */
#include "base/version_internal.h"

#include "moco/version.h"

#ifndef MOCO_COMMIT
#define MOCO_COMMIT "" /* cmake/Commit.cmake */
#endif

const char *moco_version(void)
{
    return MOCO_VERSION_STRING;
}

const char *moco__commit(void)
{
    return MOCO_COMMIT;
}
