/* Writes and reads numbers with a decimal point, whatever locale the application has set. */
#ifndef MOCO_BASE_C_LOCALE_INTERNAL_H
#define MOCO_BASE_C_LOCALE_INTERNAL_H

#include <locale.h>

/* Returns the locale "C". */
locale_t moco__c_locale(void);
/* Makes it the locale of this thread; returns the one before. */
locale_t moco__c_locale_begin(void);
void moco__c_locale_end(const locale_t *before);

/* Makes "C" the locale of this thread from here to the end of the block. No callback may be called within, except that
 * of the log. */
#define MOCO__IN_C_LOCALE                                                                                              \
    __attribute__((cleanup(moco__c_locale_end), unused)) const locale_t moco_locale_before = moco__c_locale_begin()

#endif
