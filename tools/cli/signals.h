/*
 * Catches the signals that end a run. The first lets the run write a checkpoint and stop; a second SIGINT ends the
 * process at once, and those that it started.
 */
#ifndef MOCO_TOOLS_CLI_SIGNALS_H
#define MOCO_TOOLS_CLI_SIGNALS_H

/* Starts to catch SIGINT, SIGTERM, SIGHUP and SIGXCPU, unless they are ignored. */
void signals_catch(void);

/* Ignores SIGUSR1 and SIGUSR2, by which SLURM warns of the end of a job: a command that has no checkpoint to write may
 * still end in time. */
void signals_ignore_warnings(void);

/* Catches these two like the others. */
void signals_catch_warnings(void);

/* Returns which of these two was caught, or 0. */
int signals_warned(void);

/* Returns the signal that was caught, or 0. */
int signals_caught(void);

/* Returns the name of a signal, as "SIGINT". */
const char *signals_name(int number);

#endif
