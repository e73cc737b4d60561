/* Pins the layout of the structs of data: what is read, in which order, and how it is augmented. */
#include "layout.h"

#if UINTPTR_MAX == UINT64_MAX

SIZE(moco_augment_policy, 1888);
AT(moco_augment_policy, struct_size, 0);
AT(moco_augment_policy, size, 8);
AT(moco_augment_policy, count, 16);
AT(moco_augment_policy, ops, 24);
AT(moco_augment_policy, mean, 792);
AT(moco_augment_policy, std, 816);
AT(moco_augment_policy, callback, 840);
AT(moco_augment_policy, payload, 848);
AT(moco_augment_policy, channels, 856);
AT(moco_augment_policy, statistics, 864);

SIZE(moco_dataset_options, 32);
AT(moco_dataset_options, struct_size, 0);
AT(moco_dataset_options, format, 8);
AT(moco_dataset_options, split, 12);
AT(moco_dataset_options, keep, 16);
AT(moco_dataset_options, pipes, 24);
AT(moco_dataset_options, skip_broken, 25);

SIZE(moco_dataset_callbacks, 40);
AT(moco_dataset_callbacks, struct_size, 0);
AT(moco_dataset_callbacks, read, 8);
AT(moco_dataset_callbacks, label, 16);
AT(moco_dataset_callbacks, close, 24);
AT(moco_dataset_callbacks, name, 32);

SIZE(moco_loader_options, 64);
AT(moco_loader_options, struct_size, 0);
AT(moco_loader_options, workers, 8);
AT(moco_loader_options, prefetch, 12);
AT(moco_loader_options, seed, 16);
AT(moco_loader_options, layout, 24);
AT(moco_loader_options, device, 28);
AT(moco_loader_options, skip_broken, 36);
AT(moco_loader_options, single_view, 37);
AT(moco_loader_options, measure, 38);
AT(moco_loader_options, fast, 39);
AT(moco_loader_options, dtype, 40);
AT(moco_loader_options, timeout_s, 48);
AT(moco_loader_options, batches, 56);

SIZE(moco_sampler_options, 112);
AT(moco_sampler_options, struct_size, 0);
AT(moco_sampler_options, count, 8);
AT(moco_sampler_options, batch, 16);
AT(moco_sampler_options, seed, 24);
AT(moco_sampler_options, shuffle, 32);
AT(moco_sampler_options, drop_last, 33);
AT(moco_sampler_options, rank, 36);
AT(moco_sampler_options, world, 40);
AT(moco_sampler_options, groups, 48);
AT(moco_sampler_options, whole_batches, 56);
AT(moco_sampler_options, window, 64);
AT(moco_sampler_options, shard_sizes, 72);
AT(moco_sampler_options, shard_count, 80);
AT(moco_sampler_options, weights, 88);
AT(moco_sampler_options, order, 96);
AT(moco_sampler_options, payload, 104);

SIZE(moco_pack_options, 48);
AT(moco_pack_options, struct_size, 0);
AT(moco_pack_options, short_side, 8);
AT(moco_pack_options, quality, 12);
AT(moco_pack_options, shard_bytes, 16);
AT(moco_pack_options, workers, 24);
AT(moco_pack_options, verify, 28);
AT(moco_pack_options, skip_broken, 29);
AT(moco_pack_options, progress, 32);
AT(moco_pack_options, payload, 40);

#endif
