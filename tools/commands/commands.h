/*
 * Declares all commands of the tool.
 */
#ifndef MOCO_TOOLS_COMMANDS_COMMANDS_H
#define MOCO_TOOLS_COMMANDS_COMMANDS_H

#include "cli/command.h"

extern const tool_command command_train, command_resume, command_knn, command_linear, command_finetune, command_embed,
    command_report, command_plot, command_info, command_export, command_import, command_pack, command_index,
    command_bench, command_doctor, command_completion, command_man, command_runs, command_sweep;

#endif
