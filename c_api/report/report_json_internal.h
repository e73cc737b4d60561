/* Shows a value of JSON on a page: facts, and tables with bars. */
#ifndef MOCO_REPORT_REPORT_JSON_INTERNAL_H
#define MOCO_REPORT_REPORT_JSON_INTERNAL_H

#include "report/html_internal.h"

#include <jansson.h>

/* Adds an object's simple values as a list of facts, its arrays of objects and its matrices as tables, and the objects
 * within it under headings. Adds any other value as text. */
void moco__report_json(moco__html *html, const json_t *value);

#endif
