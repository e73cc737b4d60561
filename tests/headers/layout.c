/*
 * Pins the layout of every struct of options, so that programs compiled with these headers run with later libraries of
 * the same soname. A new member is a new row, and begins at the size that the struct had: padding at the end of an
 * older struct is not zero. Rows change only with the soname.
 */
#include <moco.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member)

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

SIZE(moco_config, 20640);
AT(moco_config, struct_size, 0);
AT(moco_config, data, 8);
AT(moco_config, val_data, 4104);
AT(moco_config, format, 8200);
AT(moco_config, augment, 8204);
AT(moco_config, augment_precision, 8236);
AT(moco_config, image_size, 8240);
AT(moco_config, shuffle_window, 8248);
AT(moco_config, workers, 8256);
AT(moco_config, prefetch, 8264);
AT(moco_config, skip_broken, 8272);
AT(moco_config, arch, 8273);
AT(moco_config, dim, 8312);
AT(moco_config, mlp, 8320);
AT(moco_config, cifar_stem, 8321);
AT(moco_config, bn_splits, 8328);
AT(moco_config, sync_bn, 8336);
AT(moco_config, precision, 8340);
AT(moco_config, layout, 8344);
AT(moco_config, queue_size, 8352);
AT(moco_config, queue_filled_only, 8360);
AT(moco_config, momentum, 8368);
AT(moco_config, momentum_schedule, 8376);
AT(moco_config, temperature, 8384);
AT(moco_config, symmetric, 8392);
AT(moco_config, shuffle, 8396);
AT(moco_config, epochs, 8400);
AT(moco_config, batch, 8408);
AT(moco_config, accumulate, 8416);
AT(moco_config, lr, 8424);
AT(moco_config, schedule, 8432);
AT(moco_config, milestones, 8436);
AT(moco_config, lr_per_step, 8564);
AT(moco_config, warmup_epochs, 8568);
AT(moco_config, sgd_momentum, 8576);
AT(moco_config, weight_decay, 8584);
AT(moco_config, gradient_compression, 8592);
AT(moco_config, bucket_mib, 8600);
AT(moco_config, out, 8608);
AT(moco_config, device, 12704);
AT(moco_config, deterministic, 12720);
AT(moco_config, tf32, 12721);
AT(moco_config, cuda_graph, 12724);
AT(moco_config, threads, 12728);
AT(moco_config, seed, 12736);
AT(moco_config, print_freq, 12744);
AT(moco_config, checkpoint_every, 12752);
AT(moco_config, keep_last, 12760);
AT(moco_config, keep_every, 12768);
AT(moco_config, tensorboard, 12776);
AT(moco_config, plots, 12777);
AT(moco_config, knn_every, 12784);
AT(moco_config, knn_k, 12792);
AT(moco_config, knn_temperature, 12800);
AT(moco_config, knn_features, 12808);
AT(moco_config, knn_images, 12816);
AT(moco_config, knn_image_size, 12824);
AT(moco_config, policy, 12832);
AT(moco_config, key_policy, 15648);
AT(moco_config, crop_min, 18464);
AT(moco_config, jitter, 18472);
AT(moco_config, blur, 18480);
AT(moco_config, channels, 18488);
AT(moco_config, normalize, 18496);
AT(moco_config, bank_momentum, 20544);
AT(moco_config, predictor, 20552);
AT(moco_config, lars_trust, 20560);
AT(moco_config, mechanism, 20568);
AT(moco_config, bank_per_query, 20572);
AT(moco_config, separate_encoders, 20573);
AT(moco_config, max_steps, 20576);
AT(moco_config, lr_decay, 20584);
AT(moco_config, lr_decay_steps, 20592);
AT(moco_config, checkpoint_steps, 20600);
AT(moco_config, checkpoint_minutes, 20608);
AT(moco_config, knn_steps, 20616);
AT(moco_config, knn_minutes, 20624);
AT(moco_config, monitors, 20632);
AT(moco_config, lidar, 20633);

SIZE(moco_dataset_options, 32);
AT(moco_dataset_options, struct_size, 0);
AT(moco_dataset_options, format, 8);
AT(moco_dataset_options, split, 12);
AT(moco_dataset_options, keep, 16);
AT(moco_dataset_options, pipes, 24);

SIZE(moco_dataset_callbacks, 40);
AT(moco_dataset_callbacks, struct_size, 0);
AT(moco_dataset_callbacks, read, 8);
AT(moco_dataset_callbacks, label, 16);
AT(moco_dataset_callbacks, close, 24);
AT(moco_dataset_callbacks, name, 32);

SIZE(moco_ddp_options, 24);
AT(moco_ddp_options, struct_size, 0);
AT(moco_ddp_options, bucket_mib, 8);
AT(moco_ddp_options, compress_bf16, 16);
AT(moco_ddp_options, overlap, 17);

SIZE(moco_encoder_options, 72);
AT(moco_encoder_options, struct_size, 0);
AT(moco_encoder_options, arch, 8);
AT(moco_encoder_options, dim, 16);
AT(moco_encoder_options, mlp, 24);
AT(moco_encoder_options, cifar_stem, 25);
AT(moco_encoder_options, bn_splits, 32);
AT(moco_encoder_options, seed, 40);
AT(moco_encoder_options, device, 48);
AT(moco_encoder_options, layout, 56);
AT(moco_encoder_options, precision, 60);
AT(moco_encoder_options, channels, 64);

SIZE(moco_features_options, 1192);
AT(moco_features_options, struct_size, 0);
AT(moco_features_options, kind, 8);
AT(moco_features_options, augment, 16);
AT(moco_features_options, image_size, 24);
AT(moco_features_options, batch, 32);
AT(moco_features_options, workers, 40);
AT(moco_features_options, limit, 48);
AT(moco_features_options, skip_broken, 56);
AT(moco_features_options, layout, 60);
AT(moco_features_options, device, 64);
AT(moco_features_options, comm, 72);
AT(moco_features_options, raw, 80);
AT(moco_features_options, progress, 88);
AT(moco_features_options, payload, 96);
AT(moco_features_options, policy, 104);
AT(moco_features_options, mean, 112);
AT(moco_features_options, std, 136);
AT(moco_features_options, channels, 160);
AT(moco_features_options, statistics, 168);

SIZE(moco_knn_options, 48);
AT(moco_knn_options, struct_size, 0);
AT(moco_knn_options, k, 8);
AT(moco_knn_options, temperature, 16);
AT(moco_knn_options, comm, 24);
AT(moco_knn_options, progress, 32);
AT(moco_knn_options, payload, 40);

SIZE(moco_knn_grid_options, 64);
AT(moco_knn_grid_options, struct_size, 0);
AT(moco_knn_grid_options, k, 8);
AT(moco_knn_grid_options, k_count, 16);
AT(moco_knn_grid_options, temperatures, 24);
AT(moco_knn_grid_options, temperature_count, 32);
AT(moco_knn_grid_options, comm, 40);
AT(moco_knn_grid_options, progress, 48);
AT(moco_knn_grid_options, payload, 56);

SIZE(moco_export_options, 32);
AT(moco_export_options, struct_size, 0);
AT(moco_export_options, format, 8);
AT(moco_export_options, branch, 12);
AT(moco_export_options, features_only, 16);
AT(moco_export_options, license, 24);

SIZE(moco_finetune_options, 136);
AT(moco_finetune_options, struct_size, 0);
AT(moco_finetune_options, encoder_rate, 8);
AT(moco_finetune_options, head_rate, 16);
AT(moco_finetune_options, momentum, 24);
AT(moco_finetune_options, weight_decay, 32);
AT(moco_finetune_options, schedule, 40);
AT(moco_finetune_options, epochs, 48);
AT(moco_finetune_options, batch, 56);
AT(moco_finetune_options, seed, 64);
AT(moco_finetune_options, policy, 72);
AT(moco_finetune_options, loader, 80);
AT(moco_finetune_options, tests, 88);
AT(moco_finetune_options, comm, 96);
AT(moco_finetune_options, progress, 104);
AT(moco_finetune_options, best, 112);
AT(moco_finetune_options, payload, 120);
AT(moco_finetune_options, print_freq, 128);

SIZE(moco_launch, 432);
AT(moco_launch, struct_size, 0);
AT(moco_launch, rank, 8);
AT(moco_launch, world, 12);
AT(moco_launch, local_rank, 16);
AT(moco_launch, local_world, 20);
AT(moco_launch, port, 24);
AT(moco_launch, store_served, 28);
AT(moco_launch, address, 29);
AT(moco_launch, attempt, 285);
AT(moco_launch, launcher, 413);

SIZE(moco_linear_options, 328);
AT(moco_linear_options, struct_size, 0);
AT(moco_linear_options, dim, 8);
AT(moco_linear_options, classes, 16);
AT(moco_linear_options, rate_count, 24);
AT(moco_linear_options, rates, 32);
AT(moco_linear_options, momentum, 288);
AT(moco_linear_options, weight_decay, 296);
AT(moco_linear_options, seed, 304);
AT(moco_linear_options, device, 312);
AT(moco_linear_options, comm, 320);

SIZE(moco_linear_train_options, 64);
AT(moco_linear_train_options, struct_size, 0);
AT(moco_linear_train_options, schedule, 8);
AT(moco_linear_train_options, epochs, 16);
AT(moco_linear_train_options, batch, 24);
AT(moco_linear_train_options, seed, 32);
AT(moco_linear_train_options, progress, 40);
AT(moco_linear_train_options, payload, 48);
AT(moco_linear_train_options, print_freq, 56);

SIZE(moco_linear_images, 48);
AT(moco_linear_images, struct_size, 0);
AT(moco_linear_images, dataset, 8);
AT(moco_linear_images, encoder, 16);
AT(moco_linear_images, policy, 24);
AT(moco_linear_images, loader, 32);
AT(moco_linear_images, comm, 40);

SIZE(moco_loader_options, 56);
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

SIZE(moco_model_options, 144);
AT(moco_model_options, struct_size, 0);
AT(moco_model_options, encoder, 8);
AT(moco_model_options, sgd, 16);
AT(moco_model_options, queue_size, 24);
AT(moco_model_options, queue_filled_only, 32);
AT(moco_model_options, temperature, 40);
AT(moco_model_options, symmetric, 48);
AT(moco_model_options, shuffle, 52);
AT(moco_model_options, seed, 56);
AT(moco_model_options, permutation, 64);
AT(moco_model_options, payload, 72);
AT(moco_model_options, comm, 80);
AT(moco_model_options, ddp, 88);
AT(moco_model_options, accumulate, 96);
AT(moco_model_options, sync_bn, 104);
AT(moco_model_options, cuda_graph, 105);
AT(moco_model_options, bank_images, 112);
AT(moco_model_options, bank_momentum, 120);
AT(moco_model_options, predictor, 128);
AT(moco_model_options, mechanism, 136);
AT(moco_model_options, bank_per_query, 140);
AT(moco_model_options, separate_encoders, 141);

SIZE(moco_sgd_options, 40);
AT(moco_sgd_options, struct_size, 0);
AT(moco_sgd_options, momentum, 8);
AT(moco_sgd_options, weight_decay, 16);
AT(moco_sgd_options, rate, 24);
AT(moco_sgd_options, trust, 32);

SIZE(moco_peers_options, 24);
AT(moco_peers_options, struct_size, 0);
AT(moco_peers_options, device, 8);
AT(moco_peers_options, timeout_s, 16);

SIZE(moco_compare_options, 32);
AT(moco_compare_options, struct_size, 0);
AT(moco_compare_options, metric, 8);
AT(moco_compare_options, last_step, 16);
AT(moco_compare_options, format, 24);

SIZE(moco_sheets_options, 48);
AT(moco_sheets_options, struct_size, 0);
AT(moco_sheets_options, bank, 8);
AT(moco_sheets_options, map, 16);
AT(moco_sheets_options, workers, 24);
AT(moco_sheets_options, device, 28);
AT(moco_sheets_options, format, 36);
AT(moco_sheets_options, tsne, 40);

SIZE(moco_map_options, 48);
AT(moco_map_options, struct_size, 0);
AT(moco_map_options, method, 8);
AT(moco_map_options, limit, 16);
AT(moco_map_options, perplexity, 24);
AT(moco_map_options, progress, 32);
AT(moco_map_options, payload, 40);

SIZE(moco_tsne_options, 40);
AT(moco_tsne_options, struct_size, 0);
AT(moco_tsne_options, perplexity, 8);
AT(moco_tsne_options, iterations, 16);
AT(moco_tsne_options, progress, 24);
AT(moco_tsne_options, payload, 32);

SIZE(moco_points_options, 40);
AT(moco_points_options, struct_size, 0);
AT(moco_points_options, title, 8);
AT(moco_points_options, x_label, 16);
AT(moco_points_options, label, 24);
AT(moco_points_options, format, 32);

SIZE(moco_queue_options, 48);
AT(moco_queue_options, struct_size, 0);
AT(moco_queue_options, size, 8);
AT(moco_queue_options, dim, 16);
AT(moco_queue_options, seed, 24);
AT(moco_queue_options, device, 32);
AT(moco_queue_options, filled_only, 40);

SIZE(moco_report_options, 16);
AT(moco_report_options, struct_size, 0);
AT(moco_report_options, path, 8);

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

SIZE(moco_schedule, 200);
AT(moco_schedule, struct_size, 0);
AT(moco_schedule, kind, 8);
AT(moco_schedule, lr, 16);
AT(moco_schedule, epochs, 24);
AT(moco_schedule, warmup_epochs, 32);
AT(moco_schedule, per_step, 40);
AT(moco_schedule, milestone_count, 48);
AT(moco_schedule, milestones, 56);
AT(moco_schedule, decay, 184);
AT(moco_schedule, decay_epochs, 192);

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

SIZE(moco_train_options, 136);
AT(moco_train_options, struct_size, 0);
AT(moco_train_options, progress, 8);
AT(moco_train_options, payload, 16);
AT(moco_train_options, peers, 24);
AT(moco_train_options, resume_existing, 32);
AT(moco_train_options, device, 40);
AT(moco_train_options, threads, 48);
AT(moco_train_options, epochs, 56);
AT(moco_train_options, dataset, 64);
AT(moco_train_options, val_dataset, 72);
AT(moco_train_options, policy, 80);
AT(moco_train_options, order, 88);
AT(moco_train_options, metadata, 96);
AT(moco_train_options, metadata_count, 104);
AT(moco_train_options, data_changed, 112);
AT(moco_train_options, pipe_data, 120);
AT(moco_train_options, pipe_val_data, 128);

#endif
