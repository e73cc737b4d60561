/* Pins the layout of the structs of evaluation: features, classifiers, export, charts and reports. */
#include "layout.h"

#if UINTPTR_MAX == UINT64_MAX

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

SIZE(moco_knn_options, 80);
AT(moco_knn_options, struct_size, 0);
AT(moco_knn_options, k, 8);
AT(moco_knn_options, temperature, 16);
AT(moco_knn_options, comm, 24);
AT(moco_knn_options, progress, 32);
AT(moco_knn_options, payload, 40);
AT(moco_knn_options, ks, 48);
AT(moco_knn_options, k_count, 56);
AT(moco_knn_options, temperatures, 64);
AT(moco_knn_options, temperature_count, 72);

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

SIZE(moco_report_options, 16);
AT(moco_report_options, struct_size, 0);
AT(moco_report_options, path, 8);

#endif
