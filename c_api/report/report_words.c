/* Says what the keys of results mean. */
#include "report/report_words_internal.h"

#include <stddef.h>
#include <string.h>

static const moco__word words[] = {
    { "knn_acc1", "accuracy", MOCO__PERCENT },
    { "acc1", "top-1", MOCO__PERCENT },
    { "acc5", "top-5", MOCO__PERCENT },
    { "held_out_acc1", "top-1, held-out training images", MOCO__PERCENT },
    { "held_out_images", "held-out training images", MOCO__PLAIN },
    { "best_acc1", "top-1, best epoch of these images", MOCO__PERCENT },
    { "best_acc5", "top-5, best epoch of these images", MOCO__PERCENT },
    { "last_acc1", "top-1, last epoch", MOCO__PERCENT },
    { "last_acc5", "top-5, last epoch", MOCO__PERCENT },
    { "recall", "recall", MOCO__PERCENT },
    { "precision", "precision", MOCO__PERCENT },
    { "k", "neighbours (k)", MOCO__PLAIN },
    { "temperature", "temperature", MOCO__PLAIN },
    { "features", "features", MOCO__PLAIN },
    { "baseline", "baseline", MOCO__PLAIN },
    { "lr", "learning rate", MOCO__PLAIN },
    { "encoder_lr", "learning rate of the encoder", MOCO__PLAIN },
    { "head_lr", "learning rate of the head", MOCO__PLAIN },
    { "stable_lr", "stable up to learning rate", MOCO__PLAIN },
    { "best_epoch", "best epoch", MOCO__PLAIN },
    { "last_loss", "test loss", MOCO__PLAIN },
    { "train_loss", "training loss", MOCO__PLAIN },
    { "feature_norm", "mean norm of the features", MOCO__PLAIN },
    { "fraction", "share of the labels", MOCO__PLAIN },
    { "cached", "features computed once", MOCO__PLAIN },
    { "train_images", "training images", MOCO__PLAIN },
    { "test_images", "test images", MOCO__PLAIN },
    { "val_images", "validation images", MOCO__PLAIN },
    { "images", "images", MOCO__PLAIN },
    { "classes", "classes", MOCO__PLAIN },
    { "seconds", "time", MOCO__SECONDS },
    { "random", "untrained network", MOCO__PLAIN },
    { "pixels", "raw pixels", MOCO__PLAIN },
    { "sweep", "Accuracy by neighbours and temperature", MOCO__PLAIN },
    { "rates", "Learning rates", MOCO__PLAIN },
    { "trials", "Trials of learning rates", MOCO__PLAIN },
    { "confusion", "Confusion of classes", MOCO__PLAIN },
    { "encoder_unchanged", "encoder unchanged", MOCO__HIDDEN },
};

moco__word moco__word_of(const char *key)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
        if (strcmp(words[i].key, key) == 0) {
            return words[i];
        }
    }
    return (moco__word){ key, key, MOCO__PLAIN };
}
