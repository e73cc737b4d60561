/**
 * @file quality.h
 * Measures the quality of features without labels. docs/formats.md names the measures that a run writes.
 *
 * @since 0.2 for all of this file.
 */
#ifndef MOCO_QUALITY_H
#define MOCO_QUALITY_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** What moco_quality_measure() finds. */
typedef struct moco_quality {
    double spread; /**< mean over the D dimensions of the standard deviation of rows of norm 1, times sqrt(D): 0 if all
                      rows are equal; near 1 if they go in all directions alike */
    /** Effective rank (RankMe, arXiv 2210.02885): exp of the entropy of the singular values' shares, plus 1e-7 each;
     * from 1 to min(N, D). More is better among networks of the same data and size */
    double rankme;
    /** alpha-ReQ (arXiv 2202.05808): minus the slope of ln(eigenvalue) over ln(its place) of the covariance, without
     * eigenvalues below 1e-10 of the largest; near 1 is good, more means few directions. NaN for fewer than 3 of them
     */
    double alpha;
} moco_quality;

/**
 * Measures the spread and the spectrum of features.
 * @param[out] out the numbers
 * @param features N x D on any device, rows as the network gives them; best with N of 2 D or more
 * @return ::MOCO_EINVALID if it is not a matrix of at least 2 rows, or holds NaN or infinite values
 */
MOCO_API MOCO_MUST_USE moco_status moco_quality_measure(moco_quality *out, const moco_tensor *features);

/** What moco_quality_pairs() finds. */
typedef struct moco_pair_quality {
    double alignment;  /**< mean of |q - k|^2 over the pairs, 0 to 4 (arXiv 2005.10242); less is better */
    double uniformity; /**< ln of the mean of exp(-2 |q - q'|^2) over all pairs of queries, -8 to 0; less is better */
    double spread;     /**< of the queries, as moco_quality::spread */
} moco_pair_quality;

/**
 * Measures pairs of embeddings, such as q and k of ::moco_step.
 * @param[out] out the numbers
 * @param queries N x D, rows of norm 1, N of at least 2
 * @param keys N x D: row i is the positive of query i. NULL: alignment is NaN
 * @return ::MOCO_EINVALID if sizes do not fit
 */
MOCO_API MOCO_MUST_USE moco_status moco_quality_pairs(moco_pair_quality *out, const moco_tensor *queries,
                                                      const moco_tensor *keys);

/**
 * Measures LiDAR (arXiv 2312.04000): the effective rank of what separates objects, in units of what separates views of
 * the same object. With covariances B between the means of the objects and W within them, plus 1e-4 on the diagonal of
 * W: exp of the entropy of the shares of the eigenvalues of W^-1/2 B W^-1/2, plus 1e-8 each.
 * @param[out] out from 1 to D
 * @param views (objects x per_object) x D: the views of an object follow each other
 * @param per_object views of each object, at least 2
 * @return ::MOCO_EINVALID if sizes do not fit, there are fewer than 2 objects, or a value is NaN or infinite
 */
MOCO_API MOCO_MUST_USE moco_status moco_quality_lidar(double *out, const moco_tensor *views, int64_t per_object);

MOCO_END_DECLS

#endif
