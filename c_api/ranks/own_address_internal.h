/* Finds the address by which other hosts reach this one. */
#ifndef MOCO_RANKS_OWN_ADDRESS_INTERNAL_H
#define MOCO_RANKS_OWN_ADDRESS_INTERNAL_H

#include "moco/launch.h"

/*
 * Writes the address of the interface that GLOO_SOCKET_IFNAME names, else of the interface that leads to the master.
 * Returns ::MOCO_EUNAVAILABLE if there is no such interface, or no route.
 */
moco_status moco__own_address(char *buffer, size_t size, const moco_launch *launch);

#endif
