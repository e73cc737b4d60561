/*
 * Reads lists of numbers, as "1,5,20".
 */
#include "cli/lists.h"

#include "cli/output.h"

#include <math.h>
#include <stdlib.h>

int list_parse(double *numbers, size_t *count, size_t room, const char *text, double min, double max, bool whole,
               const char *option, const tool_command *command)
{
    size_t found = 0;
    for (const char *at = text;;) {
        char *end = NULL;
        const double number = strtod(at, &end);
        const bool right = end != at && (*end == ',' || *end == '\0') && number >= min && number <= max;
        if (!right || (whole && floor(number) != number)) {
            return say_usage(command, "--%s: '%s' is not a list of %s from %.10g to %.10g, such as 1,5,20", option,
                             text, whole ? "whole numbers" : "numbers", min, max);
        }
        if (found == room) {
            return say_usage(command, "--%s: '%s' has more than %zu numbers; give fewer", option, text, room);
        }
        numbers[found++] = number;
        if (*end == '\0') {
            *count = found;
            return EXIT_OK;
        }
        at = end + 1;
    }
}
