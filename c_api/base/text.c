/* Writes numbers as people write them. */
#include "base/text_internal.h"

#include "base/c_locale_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *moco__number_text(char *buffer, size_t size, int digits, double value)
{
    MOCO__IN_C_LOCALE;
    char text[32];
    (void)snprintf(text, sizeof text, "%.*g", digits, value);
    const char *zero = strstr(text, "e-0");
    if (strstr(text, "e+") != NULL && fabs(value) < 1e15) { /* "3e+02" */
        (void)snprintf(text, sizeof text, "%.0f", value);
    } else if (zero != NULL) { /* "1e-05" */
        (void)snprintf(buffer, size, "%.*se-%s", (int)(zero - text), text, zero + 3);
        return buffer;
    }
    (void)snprintf(buffer, size, "%s", text);
    return buffer;
}
