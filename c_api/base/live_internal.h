/* Counts the handles that are alive, in C and in C++. */
#ifndef MOCO_BASE_LIVE_INTERNAL_H
#define MOCO_BASE_LIVE_INTERNAL_H

#ifdef __cplusplus
extern "C" {
#endif

void moco__live_add(void);
void moco__live_remove(void);

#ifdef __cplusplus
}
#endif

#endif
