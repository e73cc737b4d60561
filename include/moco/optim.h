/**
 * @file optim.h
 * Stochastic gradient descent with momentum, over all parameters at once, and LARS.
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_OPTIM_H
#define MOCO_OPTIM_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** SGD as torch.optim.SGD computes it: g += weight_decay p; v = momentum v + g; p -= lr v. */
typedef struct moco_sgd moco_sgd;

/** Options of moco_sgd_create() and moco_sgd_add_group(): how a group of parameters learns. */
typedef struct moco_sgd_options {
    size_t struct_size;  /**< set by the macro or function below */
    double momentum;     /**< without Nesterov and dampening; 0.9 */
    double weight_decay; /**< of every parameter, as in the reference: biases and batch norm too; 1e-4 */
    double rate; /**< the group's own rate, as a factor of that of moco_sgd_step(); 1; 0 is read as 1 @since 0.2 */
    /**
     * Trust coefficient of LARS (arXiv 1708.03888), as in MoCo v3: g + weight_decay p is scaled to this share of the
     * norm of p, for tensors of two dimensions or more; others (biases, batch norm) take a plain step without weight
     * decay. MoCo v3 uses 0.001; 0: plain SGD. @since 0.2
     */
    double trust;
} moco_sgd_options;

/** The defaults of ::moco_sgd_options. */
#define MOCO_SGD_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_sgd_options), 0.9, 1e-4, 1, 0                                                                      \
    }

/**
 * Fills in what ::MOCO_SGD_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_sgd_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_sgd_options_init(moco_sgd_options *options, size_t struct_size);

/**
 * Makes an optimiser.
 * @param[out] out a new handle, for moco_sgd_free()
 * @param parameters borrowed, must outlive the optimiser
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if an option is out of range
 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_create(moco_sgd **out, const moco_tensor_list *parameters,
                                                   const moco_sgd_options *options);

/**
 * Adds parameters that learn with their own options; the first group is that of moco_sgd_create().
 * @param sgd the optimiser
 * @param parameters borrowed, must outlive the optimiser; none of them may be in another group
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if an option is out of range, or a parameter is in another group
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_add_group(moco_sgd *sgd, const moco_tensor_list *parameters,
                                                      const moco_sgd_options *options);

/** Frees an optimiser. NULL is allowed. */
MOCO_API void moco_sgd_free(moco_sgd *sgd);

/** Drops all gradients: the next backward pass does not add to them. */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_zero_grad(moco_sgd *sgd);

/**
 * Takes one step. Parameters without a gradient do not change. Gradients are not checked: those that are not finite
 * make the parameters so, and the next loss.
 * @return ::MOCO_EINVALID if @p lr is below 0 or not finite
 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_step(moco_sgd *sgd, double lr);

/** Returns the momentum buffers, one per parameter, group by group. Borrowed, lives as long as the optimiser. */
MOCO_API const moco_tensor_list *moco_sgd_momentum_buffers(const moco_sgd *sgd);

MOCO_END_DECLS

#endif
