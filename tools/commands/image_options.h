/*
 * The options of commands that run images through a network: how images are read, and what computes. Shared by moco
 * knn, embed, linear and finetune.
 */
#ifndef MOCO_TOOLS_COMMANDS_IMAGE_OPTIONS_H
#define MOCO_TOOLS_COMMANDS_IMAGE_OPTIONS_H

#include <moco.h>

typedef struct image_settings {
    moco_format format;
    char device[16];
    int64_t image_size, workers, threads;
    bool skip_broken;
} image_settings;

#define IMAGE_SETTINGS_INIT                                                                                            \
    {                                                                                                                  \
        .device = "auto"                                                                                               \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the image_settings in the struct of its values. */
#define IMAGE_OPTIONS(type, field)                                                                                     \
    { .name = "format",                                                                                                \
      MOCO_CHOICE_OPTION(type, field.format, "F", MOCO_CHOICES(MOCO_FORMAT_MAP)),                                      \
      .help = "layout of the data on disk" },                                                                          \
        { .name = "image-size",                                                                                        \
          MOCO_INT_OPTION(type, field.image_size, 8, 1024),                                                            \
          .zero_is_auto = true,                                                                                        \
          .help = "height and width in pixels; auto: the run's" },                                                     \
        { .name = "device",                                                                                            \
          MOCO_TEXT_OPTION(type, field.device, "D"),                                                                   \
          .help = "cpu, cuda or cuda:N; auto: a GPU if one can be used" },                                             \
        { .name = "workers",                                                                                           \
          .aliases = { "j" },                                                                                          \
          MOCO_INT_OPTION(type, field.workers, 1, 1024),                                                               \
          .zero_is_auto = true,                                                                                        \
          .help = "threads that read images; auto: one per core" },                                                    \
        { .name = "threads",                                                                                           \
          MOCO_INT_OPTION(type, field.threads, 1, 4096),                                                               \
          .zero_is_auto = true,                                                                                        \
          .help = "threads that compute; auto: one per core" },                                                        \
    {                                                                                                                  \
        .name = "skip-broken", MOCO_BOOL_OPTION(type, field.skip_broken),                                              \
        .help = "use the next image instead of one that is damaged or missing"                                         \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
