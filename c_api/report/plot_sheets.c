/* Draws all sheets of a run: pairs, neighbours, and the map of features. */
#include "moco/plot.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"
#include "report/plot_pairs_internal.h"

enum { QUERIES = 12, FEWEST_POINTS = 20 };

/* What the sheets show. */
typedef struct sheets {
    const char *run;
    moco_encoder *encoder;
    const moco_dataset *images, *query_images;
    const moco_sheets_options *options;
    moco_features_options how;
} sheets;

static moco_status path_of(char path[MOCO_PATH_MAX], const sheets *s, const char *name)
{
    char folder[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(folder, sizeof folder, s->run, "plots"));
    return moco__files_join(path, MOCO_PATH_MAX, folder, name);
}

static moco_status draw_neighbours(sheets *s)
{
    char path[MOCO_PATH_MAX];
    moco_features *bank = NULL;
    moco_features *queries = NULL;
    moco_status status;
    MOCO_TRY(path_of(path, s, "neighbours.png"));
    s->how.limit = s->options->bank;
    MOCO_TRY_GOTO(moco_features_extract(&bank, s->images, s->encoder, &s->how));
    s->how.limit = QUERIES;
    MOCO_TRY_GOTO(moco_features_extract(&queries, s->query_images, s->encoder, &s->how));
    MOCO_TRY_GOTO(moco_plot_neighbours(path, s->images, bank, s->query_images, queries));
done:
    moco_features_free(queries);
    moco_features_free(bank);
    return status;
}

/* t-SNE of a handful of images would show nothing. */
static moco_status draw_tsne(const sheets *s, const moco_features *features)
{
    static const char *const names[] = { [MOCO_PICTURE_AUTO] = "tsne.png",
                                         [MOCO_PICTURE_PNG] = "tsne.png",
                                         [MOCO_PICTURE_SVG] = "tsne.svg",
                                         [MOCO_PICTURE_PDF] = "tsne.pdf" };
    char path[MOCO_PATH_MAX];
    moco_map_options how = MOCO_MAP_OPTIONS_INIT;
    how.method = MOCO_MAP_TSNE;
    how.limit = s->options->tsne;
    if (how.limit == 0 || moco_features_count(features) < FEWEST_POINTS) {
        return MOCO_OK;
    }
    MOCO_TRY(path_of(path, s, names[s->options->format]));
    return moco_plot_map(path, s->query_images, features, &how);
}

static moco_status draw_map(sheets *s)
{
    static const char *const names[] = { [MOCO_PICTURE_AUTO] = "map.png",
                                         [MOCO_PICTURE_PNG] = "map.png",
                                         [MOCO_PICTURE_SVG] = "map.svg",
                                         [MOCO_PICTURE_PDF] = "map.pdf" };
    char path[MOCO_PATH_MAX];
    moco_features *features;
    MOCO_TRY(path_of(path, s, names[s->options->format]));
    s->how.limit = s->options->map;
    MOCO_TRY(moco_features_extract(&features, s->query_images, s->encoder, &s->how));
    moco_status status = moco_plot_map(path, s->query_images, features, NULL);
    if (status == MOCO_OK) {
        status = draw_tsne(s, features);
    }
    moco_features_free(features);
    return status;
}

MOCO__DEFINE_INIT(moco_sheets_options, MOCO_SHEETS_OPTIONS_INIT)

moco_status moco_plot_sheets(const char *run, const moco_config *config, moco_encoder *encoder,
                             const moco_dataset *images, const moco_dataset *query_images,
                             const moco_sheets_options *options)
{
    MOCO_CHECK_ARG(run);
    MOCO_CHECK_ARG(config);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(images);
    moco_sheets_options o;
    moco_config c;
    MOCO__READ_OPTIONS(&o, options, MOCO_SHEETS_OPTIONS_INIT);
    MOCO_TRY(moco__config_read(&c, config));
    if ((unsigned)o.format > MOCO_PICTURE_PDF) {
        return moco_error_set(MOCO_EINVALID, "plot: format %d is not a moco_picture", (int)o.format);
    }
    char path[MOCO_PATH_MAX];
    sheets s = { run, encoder, images, query_images != NULL ? query_images : images, &o, MOCO_FEATURES_OPTIONS_INIT };
    moco_features_options_for(&s.how, &c, o.device);
    s.how.workers = o.workers;
    s.how.skip_broken = c.skip_broken;
    MOCO_TRY(moco__files_join(path, sizeof path, run, "plots"));
    MOCO_TRY(moco__mkdirs(path)); /* a run with --no-plots has none yet */
    MOCO_TRY(path_of(path, &s, "pairs.png"));
    MOCO_TRY(moco__plot_pairs(path, images, &c));
    MOCO_TRY(draw_neighbours(&s));
    return draw_map(&s);
}
