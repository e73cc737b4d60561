/*
 * Declares the parts of moco embed: files of features, queries, and the speed of training for comparison.
 */
#ifndef MOCO_TOOLS_COMMANDS_EMBED_PARTS_H
#define MOCO_TOOLS_COMMANDS_EMBED_PARTS_H

#include "commands/network.h"

typedef enum embed_kind { EMBED_NPY, EMBED_SAFETENSORS } embed_kind;

/* The files to write. */
typedef struct embed_output {
    char path[MOCO_PATH_MAX];
    char labels[MOCO_PATH_MAX]; /* beside a .npy file; empty: there are no labels, or they are in the file */
    char names[MOCO_PATH_MAX];
    embed_kind kind;
} embed_output;

/* Finds the paths. @param format auto (by the path's ending), npy or safetensors */
moco_status embed_output_init(embed_output *out, const char *path, const char *format, bool has_labels);

/* Writes all files of an output. */
moco_status embed_write(const embed_output *out, const moco_features *features, const moco_dataset *images,
                        const network *net, const moco_features_options *how);

/* Images whose nearest images are to be found. */
typedef struct embed_query {
    char path[MOCO_PATH_MAX]; /* of a single image */
    moco_dataset *images;
    moco_features *features;
    size_t k;
} embed_query;

/* Opens an image, or the images of a folder, and computes their features with the bank's options. */
moco_status embed_query_open(embed_query *out, const char *path, const network *net, const moco_features_options *how,
                             size_t limit);
void embed_query_close(embed_query *query);

/* Prints the nearest images of each query, as text or as the value of JSON. */
moco_status embed_query_print(const embed_query *query, const moco_dataset *images, const moco_features *bank,
                              bool json);

/* Measures how many images per second a new network of the same architecture takes through the forward pass of
 * training, for some seconds on a prepared batch of the run's batch and image size. */
moco_status embed_training_rate(double *images_per_s, const network *net);

#endif
