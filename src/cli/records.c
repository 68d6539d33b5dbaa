/* luma runs and luma compare: the work is done by lua/luma/runs.lua and compare.lua. */
#include "cli/cli.h"

#include "cli/session.h"

typedef struct RecordsOptions {
    const char *folder;
    bool is_json;
} RecordsOptions;

#define LC_RUNS_FOLDER                                                                             \
    LC_WORD(RecordsOptions, folder, "--runs", "DIR", "the folder of the records; default runs")

const LcOption lc_runs_options[] = {
    LC_RUNS_FOLDER,
    LC_FLAG(RecordsOptions, is_json, "--json", "whole records, a JSON list"),
    LC_OPTIONS_END,
};
const LcOption lc_compare_options[] = {LC_RUNS_FOLDER, LC_OPTIONS_END};

int lc_runs(int argc, char **argv)
{
    RecordsOptions o = {.folder = "runs"};
    int code = lc_options_parse("runs", lc_runs_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    if (argc > 1) {
        return lc_usage_error("runs takes one FILTER, got %d", argc);
    }
    char filter_empty[] = "";
    char json[] = "json";
    char *words[] = {argc == 1 ? argv[0] : filter_empty, (char *)(uintptr_t)o.folder, json};
    return lc_session_command("runs", o.is_json ? 3 : 2, words);
}

int lc_compare(int argc, char **argv)
{
    RecordsOptions o = {.folder = "runs"};
    int code = lc_options_parse("compare", lc_compare_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    if (argc != 2) {
        return lc_usage_error("compare wants two runs: ids, folders or run.json files");
    }
    char *words[] = {argv[0], argv[1], (char *)(uintptr_t)o.folder};
    return lc_session_command("compare", 3, words);
}
