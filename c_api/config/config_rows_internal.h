/*
 * The rows of the table of options, in three parts, and what abbreviates them. Checkpoints list options in this order.
 */
#ifndef MOCO_CONFIG_CONFIG_ROWS_INTERNAL_H
#define MOCO_CONFIG_CONFIG_ROWS_INTERNAL_H

#include "moco/config.h"

typedef struct moco__config_rows {
    const moco_option *rows;
    size_t count;
} moco__config_rows;

extern const moco__config_rows moco__config_rows_data;   /* the data and their augmentation */
extern const moco__config_rows moco__config_rows_method; /* network and method */
extern const moco__config_rows moco__config_rows_run;    /* optimisation, run and kNN monitor */

#define DATA .group = "Data"
#define NETWORK .group = "Network"
#define METHOD .group = "Method"
#define OPTIM .group = "Optimisation"
#define RUN .group = "Run"
#define KNN .group = "kNN monitor"

#define INT(field, low, high) MOCO_INT_OPTION(moco_config, field, low, high)
#define REAL(field, low, high) MOCO_REAL_OPTION(moco_config, field, low, high)
#define BOOL(field) MOCO_BOOL_OPTION(moco_config, field)
#define TEXT(field, placeholder) MOCO_TEXT_OPTION(moco_config, field, placeholder)
#define PATH(field) MOCO_PATH_OPTION(moco_config, field, "PATH")
#define NAME(field, names) MOCO_NAME_OPTION(moco_config, field, "NAME", names)
#define CHOICE(field, placeholder, MAP) MOCO_CHOICE_OPTION(moco_config, field, placeholder, MOCO_CHOICES(MAP))
#define AUTO .zero_is_auto = true
#define ADVANCED .advanced = true
#define PER_HOST .per_host = true

#define MOCO__CONFIG_ROWS(table)                                                                                       \
    {                                                                                                                  \
        (table), sizeof(table) / sizeof(table)[0]                                                                      \
    }

#endif
