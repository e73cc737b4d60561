/* Measures how the values of the training images are scaled. */
#include "train/run_measure_internal.h"

#include "config/config_normalize_internal.h"
#include "ranks/peers_internal.h"

moco_status moco__run_measure(moco__run_setup *setup)
{
    moco_config *config = &setup->config;
    moco__normalize from;
    moco_statistics statistics;
    MOCO_TRY(moco__normalize_read(&from, &statistics, config));
    if (from != MOCO__NORMALIZE_MEASURED) {
        return MOCO_OK;
    }
    if (moco__run_is_writer(setup)) {
        MOCO_TRY(moco_dataset_statistics(&statistics, setup->images, (int32_t)config->channels, MOCO_STATISTICS_IMAGES,
                                         (int32_t)config->workers, config->skip_broken));
        moco__normalize_write(config, &statistics);
    }
    return moco__peers_share(setup->peers, config->normalize, sizeof config->normalize);
}
