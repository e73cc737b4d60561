/* Places images on a map by their features. */
#ifndef MOCO_REPORT_MAP_PLACES_INTERNAL_H
#define MOCO_REPORT_MAP_PLACES_INTERNAL_H

#include "moco/plot.h"

typedef struct moco__map_places {
    float *xy;       /* count pairs */
    int64_t *labels; /* count, of the images */
    size_t count;
    double shares[2]; /* of the variance, for principal components */
} moco__map_places;

/* Places all images, or of more than t-SNE can place in some seconds a part that is spread evenly. Free it in any case.
 */
moco_status moco__map_place(moco__map_places *out, const moco_features *features, const moco_map_options *options);
void moco__map_places_free(moco__map_places *places);

#endif
