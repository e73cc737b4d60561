/* Knows the names of the classes of datasets whose files do not have them. */
#include "dataset/class_names_internal.h"

#include "base/handle_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TEN = 10, HUNDRED = 100, KNOWN_LABELS = 20 };

static const char *const cifar10[TEN] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck" };

static const char *const cifar100[HUNDRED] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm",
};

static const char *const fashion[TEN] = { "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot" };
static const char *const digits[TEN] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

/* The first labels of the published files. */
static const struct {
    uint8_t labels[KNOWN_LABELS];
    const char *const *names;
} beginnings[] = {
    { { 9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4 }, fashion }, /* train */
    { { 9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1, 2, 4, 8, 0 }, fashion }, /* t10k */
    { { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9 }, digits },  /* train */
    { { 7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5, 9, 7, 3, 4 }, digits },  /* t10k */
};

/* Copies names to a dataset, which then has as many classes. */
static moco_status take(moco_dataset *dataset, const char *const *names, size_t count)
{
    MOCO_TRY(moco__dataset_alloc_names(dataset, count));
    for (size_t i = 0; i < count; ++i) {
        dataset->class_names[i] = strdup(names[i]);
        if (dataset->class_names[i] == NULL) {
            return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the names of classes");
        }
    }
    return MOCO_OK;
}

moco_status moco__class_names_cifar(moco_dataset *dataset)
{
    switch (dataset->class_count) {
    case TEN:
        return take(dataset, cifar10, TEN);
    case HUNDRED:
        return take(dataset, cifar100, HUNDRED);
    default:
        return MOCO_OK;
    }
}

static bool begins_as(const moco_dataset *dataset, const uint8_t *labels)
{
    for (size_t i = 0; i < KNOWN_LABELS; ++i) {
        if (i >= dataset->count || dataset->labels[i] != labels[i]) {
            return false;
        }
    }
    return true;
}

moco_status moco__class_names_idx(moco_dataset *dataset, const char *path)
{
    if (dataset->labels == NULL || dataset->class_count > TEN) {
        return MOCO_OK;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; ++i) {
        if (begins_as(dataset, beginnings[i].labels)) {
            return take(dataset, beginnings[i].names, TEN);
        }
    }
    return strcasestr(path, "fashion") != NULL ? take(dataset, fashion, TEN) : MOCO_OK;
}
