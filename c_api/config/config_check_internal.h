/* Reads settings that are texts, and derives one from another. */
#ifndef MOCO_CONFIG_CONFIG_CHECK_INTERNAL_H
#define MOCO_CONFIG_CONFIG_CHECK_INTERNAL_H

#include "moco/config.h"

/*
 * Reads config->milestones ("120,160") as ascending numbers.
 * @param[out] milestones in epochs
 * @param[out] count how many; 0 for an empty text
 */
moco_status moco__config_milestones(const moco_config *config, double milestones[MOCO_MAX_MILESTONES], size_t *count);

#endif
