/* Builds HTML in memory. The first failure sticks: later calls do nothing, and the status reports it. */
#ifndef MOCO_REPORT_HTML_INTERNAL_H
#define MOCO_REPORT_HTML_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__html {
    moco__bytes bytes;
    moco_status status;
} moco__html;

/* Adds markup after printf. Texts of unknown origin must not go through here. */
void moco__html_add(moco__html *html, const char *format, ...) MOCO_PRINTF(2, 3);
/* Adds bytes of markup. */
void moco__html_bytes(moco__html *html, const void *bytes, size_t size);
/* Adds text of any origin, safe between tags and in quoted attributes. What is not UTF-8, or not a character that HTML
 * allows, becomes U+FFFD. */
void moco__html_text(moco__html *html, const char *text);
void moco__html_text_part(moco__html *html, const char *text, size_t size);
/* Adds text after printf. */
void moco__html_textf(moco__html *html, const char *format, ...) MOCO_PRINTF(2, 3);
/* Adds bytes in base64. */
void moco__html_base64(moco__html *html, const void *bytes, size_t size);

#endif
