/*
 * moco doctor --distributed: whether several processes reach each other, and how fast.
 */
#ifndef MOCO_TOOLS_COMMANDS_DOCTOR_RANKS_H
#define MOCO_TOOLS_COMMANDS_DOCTOR_RANKS_H

#include "commands/processes.h"

/* Joins the processes, tries each collective, and prints a line a rank and one a collective; returns the exit code. */
int doctor_ranks(const launch_settings *settings, const char *device);

#endif
