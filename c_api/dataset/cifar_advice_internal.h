/* Says what to do with the files of CIFAR in another form than the unpacked binary version. */
#ifndef MOCO_DATASET_CIFAR_ADVICE_INTERNAL_H
#define MOCO_DATASET_CIFAR_ADVICE_INTERNAL_H

/* Returns what a path is that could not be opened, and what to do: "this is ...; ..."; NULL: it is not CIFAR. */
const char *moco__cifar_advice(const char *path);

#endif
