/*
 * CUDA graphs: work on a GPU that is recorded once, and then started as a whole instead of operation by operation.
 *
 * One thread at a time may use a graph: the one that created it.
 *
 */
#ifndef MOCO_BASE_GRAPH_INTERNAL_H
#define MOCO_BASE_GRAPH_INTERNAL_H

#include "moco/tensor.h"

MOCO_BEGIN_DECLS

/* Work that is recorded once, with its inputs. */
typedef struct moco_graph moco_graph;

/*
 * Makes an empty graph. Until it is freed, this thread computes on a stream of its own, since CUDA records no other:
 * make the graph before the tensors that it works with.
 * Returns MOCO_EINVALID if the device is a CPU, MOCO_EUNAVAILABLE without a GPU
 */
moco_status moco__graph_create(moco_graph **out, moco_device device);

/* Waits for the device and frees a graph; NULL is allowed. Free the tensors that the work gave first. */
void moco__graph_free(moco_graph *graph);

/*
 * Copies an input into memory that stays, from which the work reads it: the memory of the value that was given first
 * for a slot. Call it before moco__graph_run(), with values that change from run to run.
 * @param slot number of the input, from 0
 * @param value on the graph's device; sizes and type are those of the first value
 */
moco_status moco__graph_input(moco_tensor **out, moco_scope *scope, moco_graph *graph, size_t slot,
                              const moco_tensor *value);

/* Work on the device. It may not wait for the device, nor copy from or to the host. */
typedef moco_status (*moco_graph_fn)(void *payload);

/*
 * Runs the work. The first runs call it, so that libtorch can prepare; the next one calls it to record what it asks of
 * the device; all later ones start what was recorded, without a call. So everything that the work allocates, and
 * everything that it reads, must stay as long as the graph, and what it does on the host must be the same each time.
 */
moco_status moco__graph_run(moco_graph *graph, moco_graph_fn work, void *payload);

/* Returns whether the work is recorded, so that it is not called any more; false for NULL. */
bool moco__graph_recorded(const moco_graph *graph);

MOCO_END_DECLS

#endif
