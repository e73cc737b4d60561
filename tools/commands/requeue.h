/*
 * Puts the SLURM job of this process back into its queue.
 */
#ifndef MOCO_TOOLS_COMMANDS_REQUEUE_H
#define MOCO_TOOLS_COMMANDS_REQUEUE_H

/* Returns the number of the job; NULL: this is no job of SLURM. */
const char *requeue_job(void);

/* Runs scontrol requeue, and says what came of it. SLURM ends this process soon after. */
void requeue(void);

#endif
