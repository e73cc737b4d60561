/*
 * Finds options that were given and change nothing beside the others.
 */
#ifndef MOCO_TOOLS_COMMANDS_UNUSED_H
#define MOCO_TOOLS_COMMANDS_UNUSED_H

#include "cli/command.h"

/* Warns of them. They are not refused, since a sweep over mechanisms gives all its runs the same options. */
void unused_warn(const moco_config *config, const arguments *args);

#endif
