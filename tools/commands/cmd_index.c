/*
 * moco index: writes an index beside each tar shard.
 */
#include "cli/output.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/shard_progress.h"

static int run(const arguments *args)
{
    signals_catch();
    const moco_status status = moco_shards_index(args->positional[0], shards_show, NULL);
    shards_show_end();
    if (status == MOCO_ESTOPPED && signals_caught() != 0) {
        say_note("%s by %s", moco_error_message(), signals_name(signals_caught()));
        return EXIT_SIGNAL_BASE + signals_caught();
    }
    return status == MOCO_OK ? EXIT_OK : say_failure();
}

const tool_command command_index = {
    .name = "index",
    .synopsis = "SHARDS",
    .summary = "write an index beside each tar shard",
    .text =
        "Reads tar shards once and writes SHARD.idx beside each; with it a shard opens without being read. SHARDS is a "
        "file, a folder, or a pattern such as 'train-{000..146}.tar'. If a shard has changed, its index is refused: "
        "give this command again. moco pack also writes the index.",
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
