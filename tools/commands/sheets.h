/*
 * Draws a run's sheets of images: augmented pairs, nearest neighbours, and the map of features.
 */
#ifndef MOCO_TOOLS_COMMANDS_SHEETS_H
#define MOCO_TOOLS_COMMANDS_SHEETS_H

#include <moco.h>

typedef struct sheets_options {
    const char *device;  /* cpu, cuda, cuda:N; auto: the run's */
    size_t limit;        /* images to look for neighbours in */
    int32_t workers;     /* threads that read images; 0: one per core */
    moco_picture format; /* of the map */
} sheets_options;

/* Draws the sheets to RUN/plots, from the run's newest checkpoint and its data. */
moco_status sheets_draw(const char *run, const sheets_options *how);

#endif
