/*
 * Reads and writes policies as lists in YAML:
 *
 *     policy:
 *     - {operation: Size, parameters: [32]}
 *     - {operation: RandomGrayscale, probability: 0.2}
 *     - {operation: Normalize, parameters: [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]}
 */
#ifndef MOCO_CONFIG_POLICY_LIST_INTERNAL_H
#define MOCO_CONFIG_POLICY_LIST_INTERNAL_H

#include "moco/config.h"

#include <yaml.h>

/* Reads the next event, which the caller deletes. */
moco_status moco__yaml_next(yaml_event_t *event, yaml_parser_t *parser, const char *path);
/* Writes a scalar. The emitter owns the event even if it fails. */
bool moco__yaml_scalar(yaml_emitter_t *emitter, const char *text, bool quoted);

/* Returns whether an option holds a policy. */
bool moco__policy_list_is(const moco_option *option);
/* Reads a list up to its end, after its first event, as the text of a policy. */
moco_status moco__policy_list_read(char text[MOCO_AUGMENT_TEXT_MAX], yaml_parser_t *parser, const char *path);
/* Writes a policy that moco_augment_format() takes. */
bool moco__policy_list_write(yaml_emitter_t *emitter, const moco_augment_policy *policy);

#endif
