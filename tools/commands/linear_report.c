/*
 * Prints the result of moco linear.
 */
#include "commands/linear_report.h"

#include "cli/output.h"
#include "commands/evaluation.h"

#include <stdio.h>

static void print_outcome(const moco_linear_outcome *o)
{
    (void)printf("{");
    print_json_number("lr", o->rate);
    (void)printf(", \"diverged\": %s, ", o->diverged ? "true" : "false");
    print_json_number("acc1", o->best.acc1);
    (void)printf(", ");
    print_json_number("acc5", o->best.acc5);
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
    const moco_linear_outcome *best = &r->outcomes[r->best];
    (void)printf("\"acc1\": %.4f, \"acc5\": %.4f, \"lr\": %g, \"best_epoch\": %llu, ", best->best.acc1, best->best.acc5,
                 best->rate, (unsigned long long)best->best_epoch);
    print_json_number("feature_norm", t->scale.norm);
    (void)printf(", ");
    print_json_number("stable_lr", t->scale.stable_rate);
    (void)printf(", \"rates\": [");
    for (size_t i = 0; i < r->rate_count; ++i) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_outcome(&r->outcomes[i]);
    }
    (void)printf("], \"seconds\": %.3f", r->seconds);
}

void linear_report_json(const linear_report *r)
{
    (void)printf("{");
    print_trial(r->trained != NULL ? r->trained : r->random);
    (void)printf(", \"cached\": %s, \"epochs\": %lld, \"batch\": %lld, \"train_images\": %zu, \"val_images\": %zu, "
                 "\"classes\": %lld, \"checkpoint\": ",
                 r->cached ? "true" : "false", (long long)r->epochs, (long long)r->batch, r->train_images,
                 r->val_images, (long long)r->classes);
    print_json_text(r->trained != NULL ? r->checkpoint : NULL);
    if (r->trained != NULL && r->random != NULL) {
        (void)printf(", \"random\": {");
        print_trial(r->random);
        (void)printf("}");
    }
    (void)printf("}\n");
}

static void print_table(const moco_linear_result *r)
{
    (void)printf("%10s  %9s  %9s  %10s  %9s  %10s\n", "lr", "top-1", "top-5", "best epoch", "last", "train loss");
    for (size_t i = 0; i < r->rate_count; ++i) {
        const moco_linear_outcome *o = &r->outcomes[i];
        char lr[32];
        (void)format_number(lr, sizeof lr, 6, o->rate);
        if (o->best_epoch == 0) {
            (void)printf("%10s  diverged in the first epoch\n", lr);
            continue;
        }
        (void)printf("%10s  %7.2f %%  %7.2f %%  %10llu  %7.2f %%  %10.4f%s\n", lr, o->best.acc1, o->best.acc5,
                     (unsigned long long)o->best_epoch, o->last.acc1, o->train_loss,
                     o->diverged    ? "  diverged later"
                     : i == r->best ? "  best"
                                    : "");
    }
}

static void print_text(const linear_report *report, const linear_trial *t, const char *subject)
{
    char time[32];
    char lr[32];
    const moco_linear_outcome *best = &t->result.outcomes[t->result.best];
    if (t->result.rate_count > 1) {
        print_table(&t->result);
    }
    (void)printf("linear accuracy %.2f %% top-1, %.2f %% top-5 (%s, lr %s, epoch %llu of %lld; %zu training and %zu "
                 "validation image%s, %s)\n",
                 best->best.acc1, best->best.acc5, subject, format_number(lr, sizeof lr, 6, best->rate),
                 (unsigned long long)best->best_epoch, (long long)report->epochs, report->train_images,
                 report->val_images, plural(report->val_images), format_time(time, sizeof time, t->result.seconds));
}

void linear_report_text(const linear_report *r)
{
    if (r->trained != NULL) {
        print_text(r, r->trained, "frozen encoder");
    }
    if (r->random != NULL) {
        print_text(r, r->random, "untrained network");
    }
}
