/**
 * @file embed.h
 * Features as files of other tools, and as a map in two dimensions.
 */
#ifndef MOCO_EMBED_H
#define MOCO_EMBED_H

#include "evaluate.h"
#include "safetensors.h"

MOCO_BEGIN_DECLS

/**
 * Writes a tensor as a .npy file, version 1.0, row-major, in one piece as moco_safetensors_write() does. Bytes:
 * "\x93NUMPY", 1, 0; u16 little-endian length of the header; the header, a Python dictionary of `descr`,
 * `fortran_order` and `shape`, padded with spaces and a newline so that the data start at a multiple of 64; the
 * elements, little-endian.
 * @return ::MOCO_EINVALID for bfloat16, which numpy has not
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_npy_write(const char *path, const moco_tensor *tensor);

/**
 * Writes features as a .safetensors file: `features` (N x D), and `labels` (int64, N; -1: none) where the data have
 * classes.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_write(const char *path, const moco_features *features,
                                                       const moco_metadata *metadata, size_t metadata_count);

/** The labels as an int64 tensor on the CPU. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_features_label_tensor(moco_tensor **out, moco_scope *scope,
                                                              const moco_features *features);

/**
 * Writes the name of each row's image (see moco_dataset_name()), a line each; bytes below 0x20 in names become "\xNN".
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_features_write_names(const char *path, const moco_features *features,
                                                             const moco_dataset *dataset);

/**
 * Principal components: an N x D matrix, less its mean row, along the @p dims directions of most variance. The entry of
 * a direction that is largest by magnitude is positive, so that the same matrix gives the same map.
 * @param[out] out N x dims, float32, on the CPU
 * @param[out] shares the share of the whole variance along each direction; room for @p dims; NULL: not wanted
 * @param dims 1 to D
 * @return ::MOCO_EINVALID where N is 0, or D is above 16384, for whose covariance memory would not do
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_tensor_pca(moco_tensor **out, double *shares, moco_scope *scope,
                                                   const moco_tensor *matrix, int64_t dims);

MOCO_END_DECLS

#endif
