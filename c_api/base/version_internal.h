/* Gives the commit that the library was built from. */
#ifndef MOCO_BASE_VERSION_INTERNAL_H
#define MOCO_BASE_VERSION_INTERNAL_H

/* As "1a2b3c4d5e6f", with "-dirty" appended if files had been changed; "" if the library was not built in a clone. */
const char *moco__commit(void);

#endif
