/*
 * Signals that end a training run: the first asks for a checkpoint and an end, a second SIGINT ends at once.
 */
#ifndef MOCO_TOOLS_CLI_SIGNALS_H
#define MOCO_TOOLS_CLI_SIGNALS_H

/* Starts to catch SIGINT, SIGTERM and, unless it is ignored, SIGHUP. */
void signals_catch(void);

/* The signal that came, or 0. */
int signals_caught(void);

/* "SIGINT". */
const char *signals_name(int number);

#endif
