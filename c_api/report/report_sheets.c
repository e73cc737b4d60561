/* Shows the sheets of images of a run. */
#include "report/report_sheets_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* A sheet of RUN/plots. */
typedef struct picture {
    const char *file, *title, *caption, *alt;
    bool is_optional; /* few images have none */
} picture;

static const picture pictures[] = {
    { "pairs.png", "Augmented pairs", "Training images, each with the two views that training compares.",
      "Sheet of training images, each beside two augmented views", false },
    { "neighbours.png", "Nearest neighbours",
      "Images on the left, and the training images whose features are nearest. A solid blue frame: the same class; a "
      "dashed orange one: another.",
      "Sheet of images, each beside its ten nearest neighbours by features", false },
    { "map.png", "Map of features",
      "The two directions in which features vary most (PCA): one point per image, coloured by its class.",
      "Scatter plot of images by two principal components of their features, coloured by class", false },
    { "tsne.png", "Neighbourhoods of features",
      "t-SNE: images with similar features are near each other. Distances between groups, and their sizes, mean "
      "little.",
      "Scatter plot of images by t-SNE of their features, coloured by class, with the classes' names", true },
};

static void write_picture(moco__html *html, const picture *p, const char *path, const void *bytes, size_t size)
{
    char stamp[32] = "";
    struct stat info;
    struct tm local;
    if (stat(path, &info) == 0 && localtime_r(&info.st_mtime, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M", &local);
    }
    moco__html_add(html, "<figure class=\"card\"><h3>%s</h3><img alt=\"%s\" src=\"data:image/png;base64,", p->title,
                   p->alt);
    moco__html_base64(html, bytes, size);
    moco__html_add(html, "\"><figcaption>%s Drawn %s.</figcaption></figure>\n", p->caption, stamp);
}

/* Returns false if the picture cannot be read. */
static bool write_if_there(moco__html *html, const char *run, const picture *p)
{
    char folder[MOCO_PATH_MAX];
    char path[MOCO_PATH_MAX];
    char *bytes = NULL;
    size_t size = 0;
    if (moco__files_join(folder, sizeof folder, run, "plots") != MOCO_OK ||
        moco__files_join(path, sizeof path, folder, p->file) != MOCO_OK || !moco__files_exist(path) ||
        moco__file_read(&bytes, &size, path) != MOCO_OK) {
        return false;
    }
    write_picture(html, p, path, bytes, size);
    free(bytes);
    return true;
}

void moco__report_sheets(moco__html *html, const moco__record *record)
{
    enum { COUNT = sizeof pictures / sizeof pictures[0] };
    const char *missing[COUNT];
    size_t missing_count = 0;
    moco__html_add(html, "<h2>Images</h2>\n");
    for (size_t i = 0; i < COUNT; ++i) {
        if (!write_if_there(html, record->run, &pictures[i]) && !pictures[i].is_optional) {
            missing[missing_count++] = pictures[i].file;
        }
    }
    for (size_t i = 0; i < missing_count; ++i) {
        moco__html_add(html, "%s%s", i == 0 ? "<p class=\"note\">Missing: " : ", ", missing[i]);
    }
    if (missing_count > 0) {
        moco__html_add(html, ". <code>moco report RUN</code> draws the sheets from the run's newest checkpoint "
                             "and its data, if it can read these.</p>\n");
    }
}
