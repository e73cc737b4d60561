/* Exports the network of a file: lists its tensors, and has the chosen format write them. */
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "weights/adapt_input_internal.h"
#include "weights/encoder_state_internal.h"
#include "weights/export_job_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The writer of each format. */
#define EXPORTERS(X)                                                                                                   \
    X(MOCO_EXPORT_TORCHVISION, moco__exporter_torchvision)                                                             \
    X(MOCO_EXPORT_REFERENCE, moco__exporter_reference)                                                                 \
    X(MOCO_EXPORT_DETECTRON2, moco__exporter_detectron2)                                                               \
    X(MOCO_EXPORT_TIMM, moco__exporter_timm)                                                                           \
    X(MOCO_EXPORT_SAFETENSORS, moco__exporter_safetensors)

/* NOLINTBEGIN(bugprone-macro-parentheses): both take a bare name. */
#define EXPORTER_DECLARE(format, exporter) extern const moco__exporter exporter;
EXPORTERS(EXPORTER_DECLARE)
#undef EXPORTER_DECLARE

#define EXPORTER_ROW(format, exporter) [format] = &exporter,
/* NOLINTEND(bugprone-macro-parentheses) */
static const moco__exporter *const exporters[] = { EXPORTERS(EXPORTER_ROW) };
#undef EXPORTER_ROW

/* Every format has a writer: each row of the two lists adds the bit of its format. */
#define FORMAT_BIT(format, ...) | 1U << (format)
/* NOLINTNEXTLINE(misc-redundant-expression): they are equal as long as this holds. */
_Static_assert((0U MOCO_EXPORT_MAP(FORMAT_BIT)) == (0U EXPORTERS(FORMAT_BIT)),
               "MOCO_EXPORT_MAP has a format that EXPORTERS lacks");
#undef FORMAT_BIT

/* Lists the tensors of the encoder under torchvision's names, in the order of the file. */
static moco_status list_encoder(moco__export *job, const moco__exporter *exporter)
{
    const char *prefix = job->network.prefix;
    const bool head = exporter->has_head && !job->options.features_only && !job->network.classifier;
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(job->weights, i)) != NULL; ++i) {
        const char *name = entry->name + strlen(prefix);
        if (strncmp(entry->name, prefix, strlen(prefix)) == 0 &&
            (moco__is_body(name) || (head && moco__is_head(name)))) {
            MOCO_TRY(moco__export_add(job, "", name, entry));
        }
    }
    return MOCO_OK;
}

/* Warns if the readers of the format have no network of this shape. The names fit one that is changed to it. */
static void warn_of_shape(const moco__export *job, const moco__exporter *exporter)
{
    static const char *const known[] = { "resnet18",  "resnet34",        "resnet50",       "resnet101",
                                         "resnet152", "resnext50_32x4d", "wide_resnet50_2" };
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        found = found || strcmp(job->network.arch, known[i]) == 0;
    }
    if (!exporter->for_any_shape && (!found || job->network.cifar_stem)) {
        moco_log(
            MOCO_LOG_WARNING,
            "%s%s is not a network of torchvision, timm or Detectron2; the file is written, but fits only a network "
            "that is changed to the same shape",
            job->network.arch, job->network.cifar_stem ? " with a 3x3 stem" : "");
    }
    const int64_t channels = moco__weights_channels(job->weights, &job->network);
    if (!exporter->for_any_shape && channels != 3) {
        moco_log(MOCO_LOG_WARNING,
                 "the network takes images of %" PRId64 " channel%s: make it by in_chans=%" PRId64
                 " in timm, and replace conv1 elsewhere",
                 channels, channels == 1 ? "" : "s", channels);
    }
}

static moco_status write_file(moco__export *job, const moco__exporter *exporter, const char *path)
{
    MOCO_TRY(moco_weights_network(&job->network, job->weights, job->options.branch));
    MOCO_TRY(list_encoder(job, exporter));
    warn_of_shape(job, exporter);
    return exporter->write(job, path);
}

MOCO__DEFINE_INIT(moco_export_options, MOCO_EXPORT_OPTIONS_INIT)

moco_status moco_export(const char *out, const char *source, const moco_export_options *options)
{
    moco_export_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(source);
    MOCO__READ_OPTIONS(&o, options, MOCO_EXPORT_OPTIONS_INIT);
    if ((size_t)o.format >= sizeof exporters / sizeof exporters[0]) {
        return moco_error_set(MOCO_EINVALID, "export: format %d is not a moco_export_format", (int)o.format);
    }
    moco_weights *weights;
    MOCO_TRY(moco_weights_open(&weights, source));
    moco__export job = { .weights = weights, .options = o };
    const moco_status status = write_file(&job, exporters[o.format], out);
    free(job.tensors);
    moco_weights_free(weights);
    return status;
}
