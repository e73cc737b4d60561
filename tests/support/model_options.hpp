// Options of a model, together with those that they point to.
#pragma once

#include <moco.h>

namespace moco_test {

struct ModelOptions : moco_model_options {
    ModelOptions() : moco_model_options(MOCO_MODEL_OPTIONS_INIT) {}

    // They hide the pointers of the same names, which get() sets.
    moco_encoder_options encoder = MOCO_ENCODER_OPTIONS_INIT;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;

    // What moco_model_create() takes; borrowed.
    const moco_model_options *get()
    {
        moco_model_options::encoder = &encoder;
        moco_model_options::sgd = &sgd;
        moco_model_options::ddp = &ddp;
        return this;
    }
};

} // namespace moco_test
