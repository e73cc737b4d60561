/**
 * @file common.h
 * Macros that every header of libmoco uses: visibility, must-use results, C linkage.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_COMMON_H
#define MOCO_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
/** Marks a function that the library exports. */
#define MOCO_API __attribute__((visibility("default")))
/** The caller must look at the result. Cast it to void only if a failure truly does not matter. */
#define MOCO_MUST_USE __attribute__((warn_unused_result))
/** Lets the compiler check the arguments of a function like printf(): the places of its format and of the first. */
#define MOCO_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MOCO_API
#define MOCO_MUST_USE
#define MOCO_PRINTF(text, first)
#endif

/** Bytes of the longest path, its NUL included. */
#define MOCO_PATH_MAX 4096

#ifdef __cplusplus
/** Begins declarations with C linkage, also in C++. */
#define MOCO_BEGIN_DECLS extern "C" {
/** Ends them. */
#define MOCO_END_DECLS }
#else
#define MOCO_BEGIN_DECLS
#define MOCO_END_DECLS
#endif

#endif
