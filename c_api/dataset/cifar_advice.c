/* Says what to do with the files of CIFAR in another form than the unpacked binary version. */
#include "dataset/cifar_advice_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define BINARY_10 "cifar-10-binary.tar.gz"
#define BINARY_100 "cifar-100-binary.tar.gz"
#define FOLDER_10 "cifar-10-batches-bin"
#define FOLDER_100 "cifar-100-binary"

static const char of_python[] =
    "this is CIFAR in its Python version, whose pickles are not read; get the binary version "
    "(" BINARY_10 " or " BINARY_100 "), unpack it, and give the folder that it makes";
static const char packed[] =
    "this is CIFAR in its binary version, packed; unpack it by tar -xf, and give the folder that "
    "it makes (" FOLDER_10 " or " FOLDER_100 ")";
static const char inner[] =
    "CIFAR in its binary version is in a folder of it; give that (" FOLDER_10 " or " FOLDER_100 ")";

/* The names that the published archives have, and the folders that they make. */
typedef struct form {
    const char *name, *advice;
} form;

static const form forms[] = {
    { FOLDER_10, inner },
    { FOLDER_100, inner },
    { "cifar-10-batches-py", of_python },
    { "cifar-100-python", of_python },
    { BINARY_10, packed },
    { BINARY_100, packed },
    { "cifar-10-python.tar.gz", of_python },
    { "cifar-100-python.tar.gz", of_python },
};
enum { FORM_COUNT = sizeof forms / sizeof forms[0], FIRST_ARCHIVE = 4 };

/* Whether folder/name is a pickle: it begins with its protocol, 2 or more. */
static bool is_pickle(const char *folder, const char *name)
{
    char path[MOCO_PATH_MAX];
    unsigned char bytes[2] = { 0, 0 };
    size_t got = 0;
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    const int descriptor = length < MOCO_PATH_MAX ? moco__open(path, O_RDONLY | O_NONBLOCK) : -1;
    if (descriptor < 0) {
        return false;
    }
    const int error = moco__read_at(&got, bytes, descriptor, sizeof bytes, 0);
    (void)moco__close(descriptor);
    return error == 0 && got == 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
}

/* Whether a folder is that of the Python version: its names are short, so they must be pickles too. */
static bool holds_pickles(const char *folder)
{
    return (is_pickle(folder, "batches.meta") &&
            (is_pickle(folder, "data_batch_1") || is_pickle(folder, "test_batch"))) ||
           (is_pickle(folder, "meta") && (is_pickle(folder, "train") || is_pickle(folder, "test")));
}

static const char *advice_on_folder(const char *path)
{
    for (size_t i = 0; i < FORM_COUNT; ++i) {
        if (moco__files_exist_in(path, forms[i].name)) {
            return forms[i].advice;
        }
    }
    return holds_pickles(path) ? of_python : NULL;
}

const char *moco__cifar_advice(const char *path)
{
    char folder[MOCO_PATH_MAX];
    if (moco__is_directory(path)) {
        return advice_on_folder(path);
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    for (size_t i = FIRST_ARCHIVE; i < FORM_COUNT; ++i) {
        if (strcmp(name, forms[i].name) == 0) {
            return forms[i].advice;
        }
    }
    const int length = slash != NULL ? (int)(slash - path) : 1;
    (void)snprintf(folder, sizeof folder, "%.*s", length, slash != NULL ? path : ".");
    return is_pickle(folder, name) && holds_pickles(folder) ? of_python : NULL;
}
