/*
 * Trains the runs of a sweep, as many at a time as fit.
 */
#include "commands/sweep_runs.h"

#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/signals.h"
#include "commands/sweep_check.h"
#include "commands/sweep_pool.h"
#include "commands/sweep_shares.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_LINES = 5, TAIL_BYTES = 4096, WORD = MOCO_PATH_MAX + 128 };

typedef struct sweep {
    const sweep_plan *plan;
    sweep_shares shares;
    size_t next;                                              /* run to look at */
    size_t started, done, before, elsewhere, failed, stopped; /* runs */
    char log[2 * MOCO_PATH_MAX], gpus[1024];                  /* of the latest job */
    char words[POOL_WORDS][WORD];
    size_t word_count;
} sweep;

static bool was_given(const sweep_grid *grid, const char *name)
{
    bool given = false;
    for (size_t i = 0; i < grid->setting_count; ++i) {
        given = given || strcmp(grid->settings[i].option->name, name) == 0;
    }
    for (size_t a = 0; a < grid->axis_count; ++a) {
        given = given || strcmp(grid->axes[a].option->name, name) == 0;
    }
    return given;
}

static moco_run_state state_of(const char *run)
{
    moco_run_info info;
    return moco_run_inspect(&info, run) == MOCO_OK ? info.state : MOCO_RUN_NEW;
}

static void log_of(char path[2 * MOCO_PATH_MAX], const sweep *s, size_t run)
{
    char name[SWEEP_NAME_SIZE];
    sweep_grid_name(name, sizeof name, s->plan->grid, run);
    (void)snprintf(path, 2 * (size_t)MOCO_PATH_MAX, "%s/logs/%s.log", s->plan->grid->base.out, name);
}

/* ---- Jobs ---- */

static void add_word(sweep *s, const char *word, const char *value)
{
    if (s->word_count + 1 < POOL_WORDS) {
        (void)snprintf(s->words[s->word_count++], WORD, "%s%s%s", word, value != NULL ? "=" : "",
                       value != NULL ? value : "");
    }
}

static void add_option(sweep *s, const char *name, const char *value)
{
    char word[128];
    (void)snprintf(word, sizeof word, "--%s", name);
    add_word(s, word, value);
}

static void add_number(sweep *s, const char *name, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    if (!was_given(s->plan->grid, name)) {
        add_option(s, name, text);
    }
}

static void make_words(sweep *s, size_t run, const moco_config *config, bool is_new)
{
    const sweep_plan *plan = s->plan;
    const sweep_grid *grid = plan->grid;
    s->word_count = 0;
    add_word(s, "train", NULL);
    add_option(s, "out", config->out);
    add_option(s, "resume", "auto");
    if (plan->preset[0] != '\0') {
        add_option(s, "preset", plan->preset);
    }
    if (plan->config[0] != '\0') {
        add_option(s, "config", plan->config);
    }
    if (plan->nproc > 1) {
        add_number(s, "nproc", plan->nproc);
    }
    if (s->shares.threads > 0) {
        add_number(s, "workers", s->shares.threads);
    }
    if (s->shares.threads > 0 && s->shares.gpus == 0 && is_new) { /* a resumed run keeps its own number */
        add_number(s, "threads", s->shares.threads);
    }
    for (size_t i = 0; i < grid->setting_count; ++i) {
        if (strcmp(grid->settings[i].option->name, "out") != 0) {
            add_option(s, grid->settings[i].option->name, grid->settings[i].text);
        }
    }
    for (size_t a = 0; a < grid->axis_count; ++a) {
        add_option(s, grid->axes[a].option->name, sweep_grid_value(grid, run, a));
    }
    if (plan->data != NULL) {
        add_word(s, "--", NULL);
        add_word(s, plan->data, NULL);
    }
}

static void say(const sweep *s, size_t run, const char *words)
{
    char name[SWEEP_NAME_SIZE];
    sweep_grid_name(name, sizeof name, s->plan->grid, run);
    if (!output_settings.quiet) {
        (void)printf("[%zu/%zu] %s: %s\n", run + 1, s->plan->grid->runs, name, words);
        (void)fflush(stdout);
    }
}

static bool next_job(pool_job *job, size_t slot, void *payload)
{
    static moco_config config;
    sweep *s = payload;
    char checkpoint[MOCO_PATH_MAX];
    for (; s->next < s->plan->grid->runs; ++s->next) {
        if (sweep_grid_config(&config, s->plan->grid, s->next) != MOCO_OK) {
            return false; /* the grid has checked all */
        }
        const moco_run_state state = state_of(config.out);
        if (state == MOCO_RUN_DONE) {
            s->before += 1;
            output_show_log(false);
            const bool is_whole = moco_checkpoint_find(checkpoint, sizeof checkpoint, config.out) == MOCO_OK;
            output_show_log(true);
            say(s, s->next, is_whole ? "is done already" : "is done already, but has no checkpoint any more");
        } else if (state == MOCO_RUN_RUNNING) {
            s->elsewhere += 1;
            say(s, s->next, "is trained by another process");
        } else {
            make_words(s, s->next, &config, state == MOCO_RUN_NEW);
            say(s, s->next, state == MOCO_RUN_NEW ? "starts" : "continues");
            log_of(s->log, s, s->next);
            job->log = s->log;
            for (size_t i = 0; i < s->word_count; ++i) {
                job->words[i] = s->words[i];
            }
            if (s->shares.gpus > 0) {
                sweep_list_gpus(s->gpus, sizeof s->gpus, &s->shares, slot);
                job->gpus = s->gpus;
            }
            job->number = s->next++;
            s->started += 1;
            return true;
        }
    }
    return false;
}

/* ---- Ends ---- */

/* Prints the last lines of a log, from an offset on, to standard error. */
static void show_tail(const char *log, long start)
{
    char text[TAIL_BYTES + 1];
    FILE *file = fopen(log, "r");
    if (file == NULL) {
        return;
    }
    (void)fseek(file, 0, SEEK_END);
    const long tail = ftell(file) - TAIL_BYTES;
    (void)fseek(file, tail > start ? tail : start, SEEK_SET);
    const size_t size = fread(text, 1, TAIL_BYTES, file);
    (void)fclose(file);
    text[size] = '\0';
    size_t begin = size;
    for (int lines = 0; begin > 0; --begin) {
        lines += text[begin - 1] == '\n' && begin < size ? 1 : 0;
        if (lines == TAIL_LINES) {
            break;
        }
    }
    for (char *line = strtok(text + begin, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        (void)fprintf(stderr, "    %s\n", line);
    }
}

static void report_done(const sweep *s, size_t run, const char *folder, double seconds)
{
    char time[32];
    char words[128];
    moco_series knn = { 0, NULL, NULL, NULL };
    size_t used = (size_t)snprintf(words, sizeof words, "done in %s", format_time(time, sizeof time, seconds));
    if (moco_series_read(&knn, folder, "knn_acc1") == MOCO_OK && knn.count > 0 && used < sizeof words) {
        (void)snprintf(words + used, sizeof words - used, ", kNN accuracy %.2f %%", knn.values[knn.count - 1]);
    }
    moco_series_free(&knn);
    say(s, run, words);
}

static void job_ended(size_t run, int code, double seconds, long log_start, void *payload)
{
    sweep *s = payload;
    char name[SWEEP_NAME_SIZE];
    char folder[2 * MOCO_PATH_MAX];
    char log[2 * MOCO_PATH_MAX];
    sweep_grid_name(name, sizeof name, s->plan->grid, run);
    (void)snprintf(folder, sizeof folder, "%s/%s", s->plan->grid->base.out, name);
    log_of(log, s, run);
    if (code == EXIT_OK) {
        s->done += 1;
        report_done(s, run, folder, seconds);
    } else if (code > EXIT_SIGNAL_BASE && signals_caught() != 0) {
        s->stopped += 1;
        say(s, run, "stopped");
    } else {
        s->failed += 1;
        if (code > EXIT_SIGNAL_BASE) {
            const int number = code - EXIT_SIGNAL_BASE;
            (void)say_error("run %s was ended by signal %d%s; %s ends with:", name, number,
                            number == SIGKILL ? ", perhaps for lack of memory" : "", log);
        } else {
            (void)say_error("run %s failed with exit code %d; %s ends with:", name, code, log);
        }
        show_tail(log, log_start);
    }
}

/* ---- The sweep ---- */

static moco_status make_folder(const char *path)
{
    char parent[2 * MOCO_PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", path);
    for (char *c = parent + 1; *c != '\0'; ++c) {
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(parent, 0777); /* the last call tells what is wrong */
            *c = '/';
        }
    }
    if (mkdir(path, 0777) != 0 && !(errno == EEXIST && is_folder(path))) {
        return moco_error_set(MOCO_EIO, "--out: the folder %s cannot be made: %s", path, strerror(errno));
    }
    return MOCO_OK;
}

/* Counts the runs that a stopped sweep did not come to. */
static void look_at_others(sweep *s)
{
    static moco_config config;
    for (; s->next < s->plan->grid->runs; ++s->next) {
        const bool known = sweep_grid_config(&config, s->plan->grid, s->next) == MOCO_OK;
        const moco_run_state state = known ? state_of(config.out) : MOCO_RUN_NEW;
        s->before += state == MOCO_RUN_DONE ? 1 : 0;
        s->elsewhere += state == MOCO_RUN_RUNNING ? 1 : 0;
    }
}

static int finish(const sweep *s, int code)
{
    char quoted[2 * MOCO_PATH_MAX];
    const size_t runs = s->plan->grid->runs;
    const char *out = format_shell(quoted, sizeof quoted, s->plan->grid->base.out);
    const size_t open = runs - s->done - s->before - s->failed - s->elsewhere;
    if (!output_settings.quiet) {
        (void)printf("%zu run%s: %zu done", runs, plural(runs), s->done + s->before);
        if (s->failed > 0) {
            (void)printf(", %zu failed", s->failed);
        }
        if (s->elsewhere > 0) {
            (void)printf(", %zu trained by another process", s->elsewhere);
        }
        if (open > 0) {
            (void)printf(", %zu not complete", open);
        }
        (void)printf("; compare them with: moco runs %s\n", out);
    }
    if (signals_caught() != 0 && open > 0) {
        output_settings.quiet = false;
        say_note("stopped by %s; the same command continues the sweep", signals_name(signals_caught()));
        return EXIT_SIGNAL_BASE + signals_caught();
    }
    return code != EXIT_OK || s->failed > 0 || open > 0 || s->elsewhere > 0 ? EXIT_FAILED : EXIT_OK;
}

int sweep_train(const sweep_plan *plan)
{
    char logs[MOCO_PATH_MAX + 8];
    sweep *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return say_error("out of memory");
    }
    s->plan = plan;
    s->shares = sweep_share_out(plan->grid, plan->parallel, plan->nproc);
    (void)snprintf(logs, sizeof logs, "%s/logs", plan->grid->base.out);
    if (sweep_check_folder(plan->grid, plan->nproc) != MOCO_OK || make_folder(logs) != MOCO_OK) {
        free(s);
        return say_failure();
    }
    if (!output_settings.quiet) {
        (void)printf("%zu run%s, %zu at a time; messages go to %s\n", plan->grid->runs, plural(plan->grid->runs),
                     s->shares.slots, logs);
    }
    const pool_client client = { next_job, job_ended, s };
    const int ran = pool_run(&client, s->shares.slots);
    look_at_others(s);
    const int code = finish(s, ran);
    free(s);
    return code;
}

int sweep_list(const sweep_plan *plan)
{
    static moco_config config;
    const sweep_shares s = sweep_share_out(plan->grid, plan->parallel, plan->nproc);
    if (sweep_check_folder(plan->grid, plan->nproc) != MOCO_OK) {
        return say_failure();
    }
    for (size_t r = 0; r < plan->grid->runs; ++r) {
        if (sweep_grid_config(&config, plan->grid, r) != MOCO_OK) {
            return say_failure();
        }
        (void)printf("%-8s %s\n", moco_run_state_name(state_of(config.out)), config.out);
    }
    (void)printf("%zu run%s, %zu at a time", plan->grid->runs, plural(plan->grid->runs), s.slots);
    if (s.threads > 0) {
        (void)printf(", %lld thread%s each", (long long)s.threads, plural((uint64_t)s.threads));
    }
    (void)printf("\n");
    return EXIT_OK;
}
