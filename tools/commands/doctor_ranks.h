/*
 * moco doctor --distributed: tests whether several processes reach each other, and how fast.
 */
#ifndef MOCO_TOOLS_COMMANDS_DOCTOR_RANKS_H
#define MOCO_TOOLS_COMMANDS_DOCTOR_RANKS_H

#include "commands/processes.h"

/* Joins the processes, tests each collective, and prints one line per rank and per collective. Returns the exit code.
 */
int doctor_ranks(const launch_settings *settings, const char *device);

#endif
