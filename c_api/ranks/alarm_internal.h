/*
 * Exchanges messages between the ranks, through the store, once one of them has failed.
 *
 * Keys, where R is a rank:
 *     alarm      set by the rank that notices a failure first
 *     here/R     how rank R answers the alarm: "ENTERED INSIDE", see moco_comm_position
 *     failed/R   the error message of rank R, if it failed
 *     left/R     rank R has heard the others and no longer needs the store
 */
#ifndef MOCO_RANKS_ALARM_INTERNAL_H
#define MOCO_RANKS_ALARM_INTERNAL_H

#include "base/comm_internal.h"

#define MOCO__ALARM_KEY "alarm"

enum {
    MOCO__FAILURE_SIZE = 2048, /* bytes of a failure message, as many as moco_error_message() has */
    MOCO__LINGER_MS = 8000     /* milliseconds for which rank 0 keeps the store open for the others */
};

/* What one rank answered. */
typedef struct moco__answer {
    bool here; /* its position is known */
    bool failed;
    moco_comm_position position;
    char message[MOCO__FAILURE_SIZE]; /* if it failed */
} moco__answer;

/* One rank's side of the conversation. Only one thread may use it. */
typedef struct moco__alarm {
    moco_store *store;
    int32_t rank, world;
    bool store_gone;       /* the store does not answer any more */
    bool asked;            /* this rank has collected the answers */
    moco__answer *answers; /* one per rank */
} moco__alarm;

/* Whether a rank has raised the alarm. */
bool moco__alarm_is_raised(moco__alarm *alarm);

/* Raises the alarm, or answers it from this rank's position, and collects the answers of the others; only once. */
void moco__alarm_ask_all(moco__alarm *alarm, const moco_comm *comm);

/* Sets what went wrong with this rank, and raises the alarm. */
void moco__alarm_report(moco__alarm *alarm, const char *message);

/* Rank 0 waits until the other living ranks no longer need the store. */
void moco__alarm_linger(moco__alarm *alarm);

#endif
