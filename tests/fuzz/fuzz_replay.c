/*
 * Runs a fuzz target over files and folders of files, and over each file cut short and with bits turned, so that the
 * corpus is a test under any compiler.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_SIZE = 4096, FEW_VARIANTS = 16, ALL_VARIANTS = 64 };

static size_t runs;

static void run_one(const uint8_t *data, size_t size)
{
    /* Memory of the very size, so that a sanitizer sees a read beyond it. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    ++runs;
}

static void run_variants(uint8_t *data, size_t size)
{
    const size_t variants = getenv("MOCO_TEST_ALL") != NULL ? ALL_VARIANTS : FEW_VARIANTS;
    run_one(data, size);
    for (size_t i = 0; i < variants && size > 0; ++i) {
        const size_t at = i * (size - 1) / variants;
        const uint8_t bit = (uint8_t)(1U << (i % 8));
        run_one(data, at);
        data[at] ^= bit;
        run_one(data, size);
        data[at] ^= bit;
    }
}

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    static uint8_t data[1 << 20];
    if (file == NULL) {
        (void)fprintf(stderr, "cannot open %s\n", path);
        return false;
    }
    run_variants(data, fread(data, 1, sizeof data, file));
    (void)fclose(file);
    return true;
}

static bool run_folder(const char *path)
{
    char name[PATH_SIZE];
    bool good = true;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return run_file(path);
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            good = run_file(name) && good;
        }
    }
    (void)closedir(folder);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc; ++i) {
        good = run_folder(argv[i]) && good;
    }
    (void)printf("%zu inputs\n", runs);
    return good && runs > 0 ? 0 : 1;
}
