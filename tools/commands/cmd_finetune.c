/*
 * moco finetune: trains a pretrained network and a new head on labelled images, all or a share of them.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/progress_bar.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/evaluation.h"

#include <stdio.h>
#include <string.h>

typedef struct finetune_options {
    evaluation_settings common;
    double encoder_lr, head_lr, momentum, weight_decay, warmup;
    moco_schedule_kind schedule;
    char milestones[128], baseline[16], out[MOCO_PATH_MAX];
    int64_t epochs, batch, print_freq;
} finetune_options;

static finetune_options values = { .common = EVALUATION_SETTINGS_INIT,
                                   .encoder_lr = 0.01,
                                   .head_lr = 1,
                                   .momentum = 0.9,
                                   .schedule = MOCO_SCHEDULE_COSINE,
                                   .baseline = "none",
                                   .epochs = 30,
                                   .batch = 256 };

static const moco_option options[] = {
    { .name = "encoder-lr",
      .aliases = { "lr" },
      MOCO_REAL_OPTION(finetune_options, encoder_lr, 1e-9, 1e6),
      .help = "learning rate of the pretrained weights" },
    { .name = "head-lr",
      MOCO_REAL_OPTION(finetune_options, head_lr, 1e-9, 1e6),
      .help = "learning rate of the new head" },
    { .name = "epochs", MOCO_INT_OPTION(finetune_options, epochs, 1, 1e6), .help = "passes over the images" },
    { .name = "batch",
      .aliases = { "b", "batch-size" },
      MOCO_INT_OPTION(finetune_options, batch, 2, 1e6),
      .help = "images per step, over all processes" },
    { .name = "schedule",
      MOCO_CHOICE_OPTION(finetune_options, schedule, "S", MOCO_CHOICES(MOCO_SCHEDULE_MAP)),
      .help = "how both learning rates fall" },
    { .name = "milestones",
      MOCO_TEXT_OPTION(finetune_options, milestones, "E,E"),
      .help = "with steps: epochs that divide the learning rates by ten; default: at 60 and 80 % of the epochs" },
    { .name = "warmup-epochs",
      MOCO_REAL_OPTION(finetune_options, warmup, 0, 1e6),
      .help = "epochs over which both learning rates rise from 0" },
    { .name = "momentum", MOCO_REAL_OPTION(finetune_options, momentum, 0, 0.9999), .help = "momentum of SGD" },
    { .name = "weight-decay",
      .aliases = { "wd" },
      MOCO_REAL_OPTION(finetune_options, weight_decay, 0, 100),
      .help = "weight decay of SGD" },
    { .name = "print-freq",
      .aliases = { "p" },
      MOCO_INT_OPTION(finetune_options, print_freq, 0, 1e9),
      .help = "print a line every N steps; 0: every epoch" },
    { .name = "baseline",
      MOCO_NAME_OPTION(finetune_options, baseline, "B", MOCO_NAMES("none", "random")),
      .help = "random: start from an untrained network" },
    { .name = "out",
      MOCO_PATH_OPTION(finetune_options, out, "FILE"),
      .help = "write the network of the best epoch to a .safetensors file, with torchvision's names" },
    EVALUATION_OPTIONS(finetune_options, common),
};

static moco_schedule schedule = MOCO_SCHEDULE_INIT;

static int make_schedule(void)
{
    schedule.lr = 1;
    schedule.warmup_epochs = values.warmup;
    return evaluation_schedule(&schedule, values.schedule, values.milestones, values.epochs, &command_finetune);
}

static moco_status write_network(const moco_encoder *encoder, const moco_finetune_result *result)
{
    enum { MAX_TENSORS = 2048 };
    static moco_named_tensor named[MAX_TENSORS];
    const moco_tensor_list *state = moco_encoder_state(encoder);
    const size_t count = moco_tensor_list_count(state);
    char epoch[24];
    char acc1[32];
    if (count > MAX_TENSORS) {
        return moco_error_set(MOCO_EINVALID, "the network has %zu tensors, but at most %d can be written", count,
                              MAX_TENSORS);
    }
    for (size_t i = 0; i < count; ++i) {
        named[i] = (moco_named_tensor){ moco_encoder_state_name(encoder, i), moco_tensor_list_get(state, i) };
    }
    (void)snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)result->best_epoch);
    (void)snprintf(acc1, sizeof acc1, "%.4f", result->best.acc1);
    const moco_metadata metadata[] = { { "format", "moco-finetuned" }, { "epoch", epoch }, { "acc1", acc1 } };
    return moco_safetensors_write(values.out, named, count, metadata, sizeof metadata / sizeof metadata[0]);
}

static moco_status keep_best(const moco_finetune_result *result, const moco_encoder *encoder, void *payload)
{
    (void)payload;
    return values.out[0] != '\0' ? write_network(encoder, result) : MOCO_OK;
}

static moco_status make_network(moco_encoder **out, evaluation_job *job)
{
    const bool random = job->net.path[0] == '\0' || strcmp(values.baseline, "random") == 0;
    moco_encoder_options fresh = data_encoder_options(&job->net.config, job->net.device);
    fresh.dim = job->classes;
    fresh.mlp = false;
    fresh.seed = values.common.seed;
    MOCO_TRY(random ? network_make_random(&job->net) : network_load(&job->net));
    const moco_status status = moco_finetune_encoder(out, job->net.encoder, &fresh);
    network_close(&job->net);
    return status;
}

static moco_status tune(moco_finetune_result *result, moco_encoder *encoder, const evaluation_job *job)
{
    moco_finetune_options how = MOCO_FINETUNE_OPTIONS_INIT;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    const moco_loader_options loader = evaluation_loader(&values.common, job);
    MOCO_TRY(evaluation_policy(&policy, job));
    how.encoder_rate = values.encoder_lr;
    how.head_rate = values.head_lr;
    how.momentum = values.momentum;
    how.weight_decay = values.weight_decay;
    how.schedule = &schedule;
    how.epochs = values.epochs;
    how.batch = (size_t)values.batch;
    how.seed = values.common.seed;
    how.policy = &policy;
    how.loader = &loader;
    how.tests = &job->how;
    how.comm = job->comm;
    how.progress = progress_show;
    how.best = keep_best;
    how.print_freq = values.print_freq;
    return moco_finetune(result, encoder, job->train, job->val, &how);
}

static void print_json(const evaluation_job *job, const moco_finetune_result *r)
{
    (void)printf("{\"acc1\": %.4f, \"acc5\": %.4f, \"best_epoch\": %llu, \"last_acc1\": %.4f, \"last_acc5\": %.4f, ",
                 r->best.acc1, r->best.acc5, (unsigned long long)r->best_epoch, r->last.acc1, r->last.acc5);
    print_json_number("last_loss", r->last.loss);
    (void)printf(", ");
    print_json_number("train_loss", r->train_loss);
    (void)printf(", \"encoder_lr\": %g, \"head_lr\": %g, \"fraction\": %g, \"epochs\": %lld, \"batch\": %lld, "
                 "\"train_images\": %zu, \"val_images\": %zu, \"classes\": %lld, \"baseline\": \"%s\", "
                 "\"seconds\": %.3f, \"checkpoint\": ",
                 values.encoder_lr, values.head_lr, values.common.fraction, (long long)values.epochs,
                 (long long)values.batch, moco_dataset_count(job->train), moco_dataset_count(job->val),
                 (long long)job->classes, values.baseline, r->seconds);
    print_json_text(job->net.path[0] != '\0' && strcmp(values.baseline, "none") == 0 ? job->net.path : NULL);
    (void)printf("}\n");
}

static void print_text(const evaluation_job *job, const moco_finetune_result *r)
{
    char time[32];
    (void)printf(
        "fine-tuned accuracy %.2f %% top-1, %.2f %% top-5 (%s, epoch %llu of %lld; last %.2f %%; %zu training and "
        "%zu validation image%s, %s)\n",
        r->best.acc1, r->best.acc5,
        strcmp(values.baseline, "random") == 0 || job->net.path[0] == '\0' ? "from an untrained network"
                                                                           : "from the run's network",
        (unsigned long long)r->best_epoch, (long long)values.epochs, r->last.acc1, moco_dataset_count(job->train),
        moco_dataset_count(job->val), plural(moco_dataset_count(job->val)), format_time(time, sizeof time, r->seconds));
}

static moco_status work(evaluation_job *job)
{
    moco_encoder *encoder;
    moco_finetune_result result = { 0 };
    if (job->writes) {
        MOCO_TRY(output_path_check("out", values.out));
    }
    MOCO_TRY(make_network(&encoder, job));
    const moco_status status = tune(&result, encoder, job);
    moco_encoder_free(encoder);
    progress_end();
    if (status == MOCO_OK && job->writes) {
        if (values.common.json) {
            print_json(job, &result);
        } else {
            print_text(job, &result);
        }
    }
    return status;
}

static int run(const arguments *args)
{
    const int code = make_schedule();
    return code != EXIT_OK ? code : evaluation_run(&values.common, &command_finetune, args, work);
}

const tool_command command_finetune = {
    .name = "finetune",
    .synopsis = "RUN|FILE --train DATA --val DATA [options]",
    .summary = "train a pretrained network and a new head on labelled images",
    .text =
        "Takes the query encoder of a checkpoint (of a run: its newest), gives it a new head, and trains both on "
        "labelled images; the head has its own learning rate. With --fraction 0.01 or 0.1 it learns from that share of "
        "every class (semi-supervised training); the same --seed always takes the same images. Prints the share of "
        "validation images that it classifies correctly.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
