/* Keeps a second process from training in the folder of a run. */
#ifndef MOCO_TRAIN_RUN_LOCK_INTERNAL_H
#define MOCO_TRAIN_RUN_LOCK_INTERNAL_H

#include "moco/error.h"

/* Holds no lock. */
enum { MOCO__RUN_UNLOCKED = -1 };

/* Takes the lock in a folder, or fails with MOCO_EUNAVAILABLE if another process has it. Where the file system knows no
 * locks, warns and goes on. Does nothing if *lock is held. */
moco_status moco__run_lock(int *lock, const char *out);
void moco__run_unlock(int *lock);
/* Returns whether a process has the lock in a folder. */
bool moco__run_is_locked(const char *out);
/* Fails with MOCO_EUNAVAILABLE, and who has the lock, if a process has it. */
moco_status moco__run_refuse_locked(const char *out);

#endif
