/* Shows the settings, the environment and the log of a run. */
#ifndef MOCO_REPORT_REPORT_SETTINGS_INTERNAL_H
#define MOCO_REPORT_REPORT_SETTINGS_INTERNAL_H

#include "report/html_internal.h"
#include "report/report_read_internal.h"

void moco__report_settings(moco__html *html, const moco__record *record);
void moco__report_environment(moco__html *html, const moco__record *record);
void moco__report_log(moco__html *html, const moco__record *record);

#endif
