/**
 * @file optim.h
 * Stochastic gradient descent with momentum, fused over all parameters.
 */
#ifndef MOCO_OPTIM_H
#define MOCO_OPTIM_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** SGD as torch.optim.SGD computes it: g += wd p; v = momentum v + g; p -= lr v. @since 0.1 */
typedef struct moco_sgd moco_sgd;

/** Options of moco_sgd_create(). @since 0.1 */
typedef struct moco_sgd_options {
    size_t struct_size;
    double momentum;     /**< 0.9; no Nesterov, no dampening */
    double weight_decay; /**< 1e-4, on every parameter, biases and batch norm included, as the reference */
} moco_sgd_options;

#define MOCO_SGD_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        sizeof(moco_sgd_options), 0.9, 1e-4                                                                            \
    }

/** Makes an optimiser over parameters that must outlive it. @param options NULL for the defaults @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_create(moco_sgd **out, const moco_tensor_list *parameters,
                                                   const moco_sgd_options *options);

/** Frees the optimiser; NULL is allowed. @since 0.1 */
MOCO_API void moco_sgd_free(moco_sgd *sgd);

/** Sets all gradients to zero, in place. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_zero_grad(moco_sgd *sgd);

/** Takes one step; parameters without a gradient stay. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sgd_step(moco_sgd *sgd, double lr);

/** The momentum buffers, one a parameter; borrowed, lives as long as the optimiser. @since 0.1 */
MOCO_API const moco_tensor_list *moco_sgd_momentum_buffers(const moco_sgd *sgd);

MOCO_END_DECLS

#endif
