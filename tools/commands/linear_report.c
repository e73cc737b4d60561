/*
 * Prints the result of moco linear.
 */
#include "commands/linear_report.h"

#include "cli/output.h"
#include "commands/evaluation.h"

#include <stdio.h>

size_t linear_report_chosen(const linear_trial *trial)
{
    const moco_linear_result *r = &trial->result;
    const moco_linear_outcome *held = trial->choice.held_out.outcomes;
    size_t best = trial->choice.learnt > 0 ? trial->choice.best : 0;
    for (size_t i = 0; i < r->rate_count && trial->choice.learnt > 0; ++i) {
        const bool fits = !r->outcomes[i].diverged && !held[i].diverged;
        if (fits && (r->outcomes[best].diverged || held[best].diverged || held[i].last.acc1 > held[best].last.acc1)) {
            best = i;
        }
    }
    return best;
}

static void print_outcome(const moco_linear_outcome *o, const moco_linear_outcome *held)
{
    (void)printf("{");
    print_json_number("lr", o->rate);
    (void)printf(", \"diverged\": %s, ", o->diverged ? "true" : "false");
    if (held != NULL) {
        print_json_number("held_out_acc1", held->last.acc1);
        (void)printf(", ");
    }
    print_json_number("best_acc1", o->best.acc1);
    (void)printf(", ");
    print_json_number("best_acc5", o->best.acc5);
    (void)printf(", \"best_epoch\": %llu, ", (unsigned long long)o->best_epoch);
    print_json_number("last_acc1", o->last.acc1);
    (void)printf(", ");
    print_json_number("last_acc5", o->last.acc5);
    (void)printf(", ");
    print_json_number("last_loss", o->last.loss);
    (void)printf(", ");
    print_json_number("train_loss", o->train_loss);
    (void)printf("}");
}

static void print_trial(const linear_trial *t)
{
    const moco_linear_result *r = &t->result;
    const size_t chosen = linear_report_chosen(t);
    const moco_linear_outcome *best = &r->outcomes[chosen];
    const moco_linear_outcome *held = t->choice.learnt > 0 ? t->choice.held_out.outcomes : NULL;
    print_json_number("acc1", best->last.acc1);
    (void)printf(", ");
    print_json_number("acc5", best->last.acc5);
    (void)printf(", \"lr\": %g, ", best->rate);
    if (held != NULL) {
        print_json_number("held_out_acc1", held[chosen].last.acc1);
        (void)printf(", \"held_out_images\": %zu, ", t->choice.held_images);
    }
    print_json_number("best_acc1", best->best.acc1);
    (void)printf(", \"best_epoch\": %llu, ", (unsigned long long)best->best_epoch);
    print_json_number("feature_norm", t->scale.norm);
    (void)printf(", ");
    print_json_number("stable_lr", t->scale.stable_rate);
    (void)printf(", \"rates\": [");
    for (size_t i = 0; i < r->rate_count; ++i) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_outcome(&r->outcomes[i], held != NULL ? &held[i] : NULL);
    }
    (void)printf("], \"seconds\": %.3f", r->seconds);
}

void linear_report_json(const linear_report *r)
{
    (void)printf("{");
    const char *baseline = r->is_pixels ? "pixels" : "random";
    print_trial(r->trained != NULL ? r->trained : r->baseline);
    if (r->trained == NULL) {
        (void)printf(", \"baseline\": \"%s\"", baseline);
    }
    (void)printf(", \"cached\": %s, \"epochs\": %lld, \"batch\": %lld, \"train_images\": %zu, \"val_images\": %zu, "
                 "\"classes\": %lld, \"checkpoint\": ",
                 r->cached ? "true" : "false", (long long)r->epochs, (long long)r->batch, r->train_images,
                 r->val_images, (long long)r->classes);
    print_json_text(r->trained != NULL ? r->checkpoint : NULL);
    if (r->trained != NULL && r->baseline != NULL) {
        (void)printf(", \"%s\": {", baseline);
        print_trial(r->baseline);
        (void)printf("}");
    }
    (void)printf("}\n");
}

static void print_table(const linear_trial *t)
{
    const moco_linear_result *r = &t->result;
    const size_t chosen = linear_report_chosen(t);
    (void)printf("%10s  %9s  %9s  %9s  %11s  %10s\n", "lr", "held out", "top-1", "top-5", "best top-1", "train loss");
    for (size_t i = 0; i < r->rate_count; ++i) {
        const moco_linear_outcome *o = &r->outcomes[i];
        char lr[32];
        (void)format_number(lr, sizeof lr, 6, o->rate);
        if (o->best_epoch == 0) {
            (void)printf("%10s  diverged in the first epoch\n", lr);
            continue;
        }
        (void)printf("%10s  %7.2f %%  %7.2f %%  %7.2f %%  %9.2f %%  %10.4f%s\n", lr,
                     t->choice.held_out.outcomes[i].last.acc1, o->last.acc1, o->last.acc5, o->best.acc1, o->train_loss,
                     o->diverged   ? "  diverged later"
                     : i == chosen ? "  chosen"
                                   : "");
    }
}

static void print_text(const linear_report *report, const linear_trial *t, const char *subject)
{
    char time[32];
    char lr[32];
    const size_t chosen = linear_report_chosen(t);
    const moco_linear_outcome *best = &t->result.outcomes[chosen];
    (void)format_number(lr, sizeof lr, 6, best->rate);
    if (t->choice.learnt > 0) {
        print_table(t);
        (void)printf("lr %s chosen on %zu held-out training image%s: %.2f %% there\n", lr, t->choice.held_images,
                     plural(t->choice.held_images), t->choice.held_out.outcomes[chosen].last.acc1);
    }
    (void)printf(
        "linear accuracy %.2f %% top-1, %.2f %% top-5 (%s, lr %s, after %lld epoch%s; best on these images %.2f "
        "%%, epoch %llu; %zu training and %zu validation image%s, %s)\n",
        best->last.acc1, best->last.acc5, subject, lr, (long long)report->epochs, plural((uint64_t)report->epochs),
        best->best.acc1, (unsigned long long)best->best_epoch, report->train_images, report->val_images,
        plural(report->val_images), format_time(time, sizeof time, t->result.seconds));
}

void linear_report_text(const linear_report *r)
{
    if (r->trained != NULL) {
        print_text(r, r->trained, "frozen encoder");
    }
    if (r->baseline != NULL) {
        print_text(r, r->baseline, r->is_pixels ? "raw pixels" : "untrained network");
    }
}
