/*
 * Catches the signals that end a run. The first lets the run write a checkpoint and stop; a second SIGINT ends the
 * process at once.
 */
#ifndef MOCO_TOOLS_CLI_SIGNALS_H
#define MOCO_TOOLS_CLI_SIGNALS_H

/* Starts to catch SIGINT, SIGTERM and SIGHUP, unless they are ignored. */
void signals_catch(void);

/* Returns the signal that was caught, or 0. */
int signals_caught(void);

/* Returns the name of a signal, as "SIGINT". */
const char *signals_name(int number);

#endif
