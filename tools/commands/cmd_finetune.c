/*
 * moco finetune: trains a pretrained network and a new head on labelled images, all or a share of them.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
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
    int64_t epochs, batch, print_freq, sweep_epochs;
} finetune_options;

static finetune_options values = { .common = EVALUATION_SETTINGS_INIT,
                                   .warmup = 1,
                                   .momentum = 0.9,
                                   .schedule = MOCO_SCHEDULE_COSINE,
                                   .baseline = "none",
                                   .epochs = 30,
                                   .sweep_epochs = 3 };

static const moco_option options[] = {
    { .name = "encoder-lr",
      .aliases = { "lr" },
      MOCO_REAL_OPTION(finetune_options, encoder_lr, 1e-9, 1e6),
      .zero_is_auto = true,
      .help = "learning rate of the pretrained weights; auto: the best of four, by short trials on training images "
              "that are held out" },
    { .name = "head-lr",
      MOCO_REAL_OPTION(finetune_options, head_lr, 1e-9, 1e6),
      .zero_is_auto = true,
      .help = "learning rate of the new head; auto: the highest that is stable for features of this scale" },
    { .name = "sweep-epochs",
      MOCO_INT_OPTION(finetune_options, sweep_epochs, 1, 1e6),
      .help = "passes of each trial over the images that are not held out" },
    { .name = "epochs", MOCO_INT_OPTION(finetune_options, epochs, 1, 1e6), .help = "passes over the images" },
    { .name = "batch",
      .aliases = { "b", "batch-size" },
      MOCO_INT_OPTION(finetune_options, batch, 2, 1e6),
      .zero_is_auto = true,
      .help = "images per step, over all processes; auto: 16 to 256, by the number of images" },
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
      .help = "write the network of the epoch that is best on the validation images to a .safetensors file, with "
              "torchvision's names" },
    EVALUATION_OPTIONS(finetune_options, common),
};

static moco_schedule schedule = MOCO_SCHEDULE_INIT;

/* What the trials have found; count 0: both rates were given. */
static moco_finetune_choice choice;

static int make_schedule(void)
{
    schedule.lr = 1;
    schedule.warmup_epochs = values.epochs > 1 ? values.warmup : 0;
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
    (void)snprintf(epoch, sizeof epoch, "%lld", (long long)values.epochs);
    (void)snprintf(acc1, sizeof acc1, "%.4f", result->last.acc1);
    const moco_metadata metadata[] = { { "format", "moco-finetuned" }, { "epoch", epoch }, { "acc1", acc1 } };
    return moco_safetensors_write(values.out, named, count, metadata, sizeof metadata / sizeof metadata[0]);
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

/* Progress callback of the trials: a signal ends them. */
static int ask_to_stop(const moco_progress *progress, void *payload)
{
    (void)progress;
    (void)payload;
    return signals_caught() != 0 ? 1 : 0;
}

/* Finds the rates that are not given. */
static moco_status choose_rates(moco_finetune_options *how, moco_encoder *encoder, const evaluation_job *job)
{
    moco_finetune_options trial = *how;
    if (how->encoder_rate > 0 && how->head_rate > 0) {
        return MOCO_OK;
    }
    trial.schedule = NULL;
    trial.epochs = values.sweep_epochs;
    trial.progress = ask_to_stop;
    trial.print_freq = 0;
    MOCO_TRY(moco_finetune_choose(&choice, encoder, job->train, &trial));
    how->encoder_rate = choice.trials[choice.best].encoder_rate;
    how->head_rate = choice.trials[choice.best].head_rate;
    return MOCO_OK;
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
    values.batch = values.batch > 0 ? values.batch : (int64_t)moco_finetune_auto_batch(moco_dataset_count(job->train));
    how.batch = (size_t)values.batch;
    how.seed = values.common.seed;
    how.policy = &policy;
    how.loader = &loader;
    how.tests = &job->how;
    how.comm = job->comm;
    how.progress = progress_show;
    how.print_freq = values.print_freq;
    MOCO_TRY(choose_rates(&how, encoder, job));
    values.encoder_lr = how.encoder_rate;
    values.head_lr = how.head_rate;
    MOCO_TRY(moco_finetune(result, encoder, job->train, job->val, &how));
    return job->writes && values.out[0] != '\0' ? write_network(encoder, result) : MOCO_OK;
}

static void print_json_trials(void)
{
    if (choice.count == 0) {
        return;
    }
    (void)printf("\"held_out_acc1\": %.4f, \"held_out_images\": %zu, \"trials\": [",
                 choice.trials[choice.best].held_out.acc1, choice.held_out);
    for (size_t i = 0; i < choice.count; ++i) {
        const moco_finetune_trial *t = &choice.trials[i];
        (void)printf("%s{\"encoder_lr\": %g, \"head_lr\": %g, \"diverged\": %s, ", i > 0 ? ", " : "", t->encoder_rate,
                     t->head_rate, t->diverged ? "true" : "false");
        print_json_number("held_out_acc1", t->held_out.acc1);
        (void)printf("}");
    }
    (void)printf("], ");
}

static void print_json(const evaluation_job *job, const moco_finetune_result *r)
{
    (void)printf("{\"acc1\": %.4f, \"acc5\": %.4f, \"best_acc1\": %.4f, \"best_epoch\": %llu, ", r->last.acc1,
                 r->last.acc5, r->best.acc1, (unsigned long long)r->best_epoch);
    print_json_trials();
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
    char encoder[32];
    char head[32];
    const bool untrained = strcmp(values.baseline, "random") == 0 || job->net.path[0] == '\0';
    (void)printf("learning rates %s of the encoder and %s of the head",
                 format_number(encoder, sizeof encoder, 2, values.encoder_lr),
                 format_number(head, sizeof head, 2, values.head_lr));
    if (choice.count > 0) {
        (void)printf(", chosen on %zu held-out training image%s (%.2f %% there after %lld epoch%s)", choice.held_out,
                     plural(choice.held_out), choice.trials[choice.best].held_out.acc1, (long long)values.sweep_epochs,
                     plural((uint64_t)values.sweep_epochs));
    }
    (void)printf(
        "\nfine-tuned accuracy %.2f %% top-1, %.2f %% top-5 (%s, after %lld epoch%s; best on these images %.2f "
        "%%, epoch %llu; %zu training and %zu validation image%s, %s)\n",
        r->last.acc1, r->last.acc5, untrained ? "from an untrained network" : "from the run's network",
        (long long)values.epochs, plural((uint64_t)values.epochs), r->best.acc1, (unsigned long long)r->best_epoch,
        moco_dataset_count(job->train), moco_dataset_count(job->val), plural(moco_dataset_count(job->val)),
        format_time(time, sizeof time, r->seconds));
}

static moco_status work(evaluation_job *job)
{
    moco_encoder *encoder;
    moco_finetune_result result = { 0 };
    if (job->writes) {
        MOCO_TRY(output_path_check("out", values.out));
        MOCO_TRY(output_path_check_other("out", values.out, "the network", job->net.path));
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
        "Takes the query encoder of a checkpoint (of a run: its newest; RUN/best: that of the highest kNN accuracy), "
        "gives it a new head, and trains both on labelled images, each with its own learning rate. By default a tenth "
        "of the training images (a fifth of a small set) is held out first, short trials on the others find the "
        "rates, and then all training images are learnt from; the validation images choose none of them. With "
        "--fraction "
        "0.01 or 0.1 it learns from that share of every class (semi-supervised training); the same --seed always takes "
        "the same images. Prints the share of validation images that it classifies correctly after the last epoch.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 0,
    .max_positionals = 1,
    .run = run,
};
