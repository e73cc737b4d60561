/*
 * Opens data, and makes options from a run's configuration.
 */
#ifndef MOCO_TOOLS_COMMANDS_DATA_H
#define MOCO_TOOLS_COMMANDS_DATA_H

#include <moco.h>

/* Opens one split of a dataset that the command line names, and says what it is. It may be a command, "pipe:COMMAND".
 * @param what it is for, as "training images"
 * @param skip_broken files of a list may be missing */
moco_status data_open(moco_dataset **out, const char *what, const char *path, moco_format format, moco_split split,
                      bool skip_broken);

/* Does the same with a path that comes from a file, which may be no command. */
moco_status data_open_stored(moco_dataset **out, const char *what, const char *path, moco_format format,
                             moco_split split, bool skip_broken);

/* Returns whether a path is a command. */
bool data_is_command(const char *path);

/* Does the same for a split by its name: train, test, or that of a folder in the path. */
moco_status data_open_named(moco_dataset **out, const char *what, const char *path, moco_format format,
                            const char *split, bool skip_broken);

/* Warns if images of a dataset were skipped, with their number and the first of them; NULL is allowed. */
void data_warn_of_skipped(const moco_dataset *dataset);

/* Makes a path absolute, since a run may be resumed from another folder. */
void data_make_absolute(char path[MOCO_PATH_MAX]);

/* Makes the options for features that fit a run's configuration. */
moco_features_options data_features_options(const moco_config *config, moco_device device);

/* Makes the options of a new encoder with a run's architecture. */
moco_encoder_options data_encoder_options(const moco_config *config, moco_device device);

#endif
