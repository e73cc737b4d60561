/* Lets threads of libgomp sleep soon while they wait. */
#include "base/handle_internal.h"

#include "moco/launch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rounds of busy waiting: some microseconds, where libgomp takes milliseconds. */
static const char rounds[] = "1000";

moco_status moco_threads_wait_briefly(char *const *argv)
{
    MOCO_CHECK_ARG(argv);
    if (getenv("GOMP_SPINCOUNT") != NULL || getenv("OMP_WAIT_POLICY") != NULL) {
        return MOCO_OK;
    }
    if (setenv("GOMP_SPINCOUNT", rounds, 1) == 0) {
        (void)fflush(NULL);
        (void)execv("/proc/self/exe", argv);
    }
    return moco_error_set(MOCO_EUNAVAILABLE,
                          "threads: this program cannot be started again: %s; set GOMP_SPINCOUNT=%s before it starts",
                          strerror(errno), rounds);
}
