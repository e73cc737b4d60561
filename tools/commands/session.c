/*
 * Runs a training for moco train and moco resume, and reports its end.
 */
#include "commands/session.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "commands/requeue.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Says how to continue a run that has written its checkpoint. Another process may have caught the signal. */
static int report_stop(const char *run)
{
    char quoted[2 * MOCO_PATH_MAX];
    const int number = signals_caught() != 0 ? signals_caught() : SIGTERM;
    output_settings.quiet = false;
    say_note("stopped by %s after step %llu; continue with: moco resume %s", signals_name(number),
             (unsigned long long)progress_last()->step, format_shell(quoted, sizeof quoted, run));
    return EXIT_SIGNAL_BASE + number;
}

static void suggest_resume(const char *run)
{
    char quoted[2 * MOCO_PATH_MAX];
    moco_run_info info;
    if (moco_run_inspect(&info, run) != MOCO_OK) {
        return; /* something else is in the folder */
    }
    say_note("to continue a run: moco resume %s", format_shell(quoted, sizeof quoted, run));
}

static void report_end(const char *run, double seconds)
{
    char time[32];
    moco_series knn = { 0, NULL, NULL, NULL };
    (void)printf("done: %llu step%s in %s", (unsigned long long)progress_last()->step, plural(progress_last()->step),
                 format_time(time, sizeof time, seconds));
    if (moco_series_read(&knn, run, "knn_acc1") == MOCO_OK && knn.count > 0) {
        (void)printf(", kNN accuracy %.2f %%", knn.values[knn.count - 1]);
        if (knn.steps[0] == 0 && knn.count > 1) {
            (void)printf(" (before training %.2f %%)", knn.values[0]);
        }
    }
    moco_series_free(&knn);
    (void)putchar('\n');
}

static bool requeues(const run_job *job)
{
    return strcmp(job->session->on_signal, "requeue") == 0;
}

static moco_status train(const run_job *job, moco_peers *peers)
{
    moco_train_options options = MOCO_TRAIN_OPTIONS_INIT;
    options.progress = progress_show;
    options.peers = peers;
    options.resume_existing = job->resume_existing;
    options.device = job->device;
    options.threads = job->threads;
    options.epochs = job->epochs;
    options.max_steps = job->max_steps;
    options.data_changed = job->session->data_changed;
    options.data = job->data;
    options.val_data = job->val_data;
    options.pipe_data = job->pipe_data;
    options.pipe_val_data = job->pipe_val_data;
    return job->config != NULL ? moco_train(job->config, &options) : moco_resume(job->run, &options);
}

/* Finds the device of a job: what the command line says, or else that of the run which is continued. */
static void find_device(char *out, size_t size, const run_job *job)
{
    moco_config of_run;
    moco_config_init(&of_run, sizeof of_run);
    char checkpoint[MOCO_PATH_MAX];
    const char *asked = job->config != NULL ? job->config->device : job->device;
    const bool decided = asked != NULL && strcmp(asked, "auto") != 0;
    (void)snprintf(out, size, "%s", asked != NULL ? asked : "auto");
    output_show_log(false); /* to continue finds the checkpoint again, and warns then */
    if ((asked == NULL || (job->resume_existing && !decided)) &&
        moco_checkpoint_find(checkpoint, sizeof checkpoint, job->run) == MOCO_OK &&
        moco_checkpoint_read_config(&of_run, NULL, checkpoint) == MOCO_OK) {
        (void)snprintf(out, size, "%s", of_run.device);
    }
    output_show_log(true);
}

static int run_process(const run_job *job, const char *device)
{
    moco_peers *peers = NULL;
    int code = launch_join(&peers, job->launch, device);
    if (code != EXIT_OK) {
        return code;
    }
    signals_catch(); /* until here there is nothing to write, and a signal ends the process at once */
    const bool first = moco_comm_rank(moco_peers_comm(peers)) == 0;
    const double start = clock_now();
    const moco_status status = train(job, peers);
    const double seconds = clock_now() - start;
    progress_end();
    if (status == MOCO_ESTOPPED && (signals_caught() != 0 || peers != NULL)) {
        code = first ? report_stop(job->run) : EXIT_SIGNAL_BASE + SIGTERM;
    } else if (status != MOCO_OK) {
        code = say_failure();
        if (status == MOCO_EEXISTS && first) {
            suggest_resume(job->run);
        }
    } else if (first && !output_settings.quiet) {
        report_end(job->run, seconds);
    }
    code = launch_leave(peers, status, code);
    if (first && status == MOCO_ESTOPPED && requeues(job) && signals_warned() != 0) {
        requeue();
    }
    return code;
}

static int check_usage(const run_job *job)
{
    if (requeues(job) && requeue_job() == NULL) {
        return say_usage(job->command, "--on-signal requeue is for jobs of SLURM, and SLURM_JOB_ID is not set");
    }
    if (requeues(job) && job->config != NULL && !job->resume_existing) {
        return say_usage(job->command, "--on-signal requeue needs --resume auto, since the job gives the same command "
                                       "again when it has the run to continue");
    }
    return EXIT_OK;
}

int run_training(const run_job *job)
{
    int code = check_usage(job);
    char device[32];
    if (code != EXIT_OK) {
        return code;
    }
    signals_catch_warnings();
    find_device(device, sizeof device, job);
    if (launch_start(&code, job->launch, device, job->command)) {
        return code;
    }
    return run_process(job, device);
}
