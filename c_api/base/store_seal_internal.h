/* Seals the texts in the store, so that only those who know the run's token can set one. */
#ifndef MOCO_BASE_STORE_SEAL_INTERNAL_H
#define MOCO_BASE_STORE_SEAL_INTERNAL_H

#include "base/store_internal.h"

MOCO_BEGIN_DECLS

/*
 * Seals every text that is set over this connection and its clones from now on, also by libtorch. A text that was not
 * sealed with the same token is then MOCO_EINVALID. Numbers (moco__store_add()) are not sealed. Call it once, first.
 */
moco_status moco__store_seal(moco_store *store, const char *token);

MOCO_END_DECLS

#endif
