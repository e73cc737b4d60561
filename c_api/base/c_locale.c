/* Switches a thread to the locale "C". */
#include "base/c_locale_internal.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t moco__c_locale(void)
{
    (void)pthread_once(&once, make_locale);
    return c_locale;
}

locale_t moco__c_locale_begin(void)
{
    return uselocale(moco__c_locale());
}

void moco__c_locale_end(const locale_t *before)
{
    (void)uselocale(*before);
}
