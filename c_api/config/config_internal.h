/*
 * What the files of the configuration share.
 */
#ifndef MOCO_CONFIG_CONFIG_INTERNAL_H
#define MOCO_CONFIG_CONFIG_INTERNAL_H

#include "moco/config.h"

/* Bound of the rows of the option table. */
enum { MOCO__MAX_OPTIONS = 128 };

#endif
