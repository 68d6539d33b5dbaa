/* luma help and luma info: the work is done by lua/luma/help.lua and info.lua. */
#include "cli/cli.h"

#include "cli/session.h"

int lc_help(int argc, char **argv)
{
    if (argc > 1) {
        return lc_usage_error("help takes one name, got %d", argc);
    }
    const LcCommand *command = argc == 1 ? lc_command_find(argv[0]) : NULL;
    if (command != NULL) {
        lc_command_print(stdout, command);
        return LC_OK;
    }
    return lc_session_command("help", argc, argv);
}

int lc_info(int argc, char **argv)
{
    if (argc != 1) {
        return lc_usage_error("info wants the name of a data set");
    }
    return lc_session_command("info", argc, argv);
}
