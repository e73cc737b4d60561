/* Runs collectives on whole numbers in host memory. */
#ifndef MOCO_RANKS_COMM_NUMBERS_INTERNAL_H
#define MOCO_RANKS_COMM_NUMBERS_INTERNAL_H

#include "moco/comm.h"

/* Overwrites every rank's numbers with those of rank 0. The numbers travel through @p device. */
moco_status moco__comm_broadcast_numbers(moco_comm *comm, moco_device device, int64_t *numbers, size_t count);

/* Overwrites every rank's numbers with the sums over the ranks. The numbers travel through @p device. */
moco_status moco__comm_sum_numbers(moco_comm *comm, moco_device device, int64_t *numbers, size_t count);

#endif
