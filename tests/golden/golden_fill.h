/* The numbers that golden cases start from. */
#ifndef MOCO_TESTS_GOLDEN_FILL_H
#define MOCO_TESTS_GOLDEN_FILL_H

#include <moco.h>

/* Fills in the parameters of both encoders. */
moco_status golden_fill_encoders(moco_model *model);

/* Fills in the queue. */
moco_status golden_fill_queue(moco_model *model);

/* Fills in the bank and the predictor, if there are such. */
moco_status golden_fill_mechanism(moco_model *model);

#endif
