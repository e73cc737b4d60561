/* HTML in memory. The first failure sticks: later calls do nothing, and the end reports it. */
#ifndef MOCO_REPORT_HTML_INTERNAL_H
#define MOCO_REPORT_HTML_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__html {
    moco__bytes bytes;
    moco_status status;
} moco__html;

/* Markup as it is; texts of others never go through here. */
void moco__html_add(moco__html *html, const char *format, ...) MOCO_PRINTF(2, 3);
/* Text of any origin, safe between tags and in quoted attributes. What is no UTF-8, or no character of HTML, becomes
 * U+FFFD. */
void moco__html_text(moco__html *html, const char *text);
void moco__html_text_part(moco__html *html, const char *text, size_t size);
/* Text after printf. */
void moco__html_textf(moco__html *html, const char *format, ...) MOCO_PRINTF(2, 3);
/* Bytes in base64. */
void moco__html_base64(moco__html *html, const void *bytes, size_t size);

#endif
