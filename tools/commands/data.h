/*
 * Opening data and encoders as a run's configuration says, for commands that look at a run.
 */
#ifndef MOCO_TOOLS_COMMANDS_DATA_H
#define MOCO_TOOLS_COMMANDS_DATA_H

#include <moco.h>

/* Opens one split of a data set. @param format a name of --format */
moco_status data_open(moco_dataset **out, const char *path, moco_format format, moco_split split);

/* A run may be resumed from another folder, so its data must be found from anywhere. */
void data_make_absolute(char path[MOCO_PATH_MAX]);

/* How a run's encoder sees images when it is evaluated. */
moco_features_options data_features_options(const moco_config *config, moco_device device);

/* The options of a new encoder of a run's shape. */
moco_encoder_options data_encoder_options(const moco_config *config, moco_device device);

#endif
