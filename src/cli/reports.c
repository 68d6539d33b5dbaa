/* luma report: a page of recorded runs; the work is done by lua/luma/report.lua. */
#include "cli/cli.h"

#include <stdlib.h>

#include "cli/session.h"

typedef struct ReportOptions {
    const char *folder;
    const char *html;
} ReportOptions;

const LcOption lc_report_options[] = {
    LC_WORD(ReportOptions, html, "--html", "FILE", "the page to write; default report.html"),
    LC_WORD(ReportOptions, folder, "--runs", "DIR", "the folder of the records; default runs"),
    LC_OPTIONS_END,
};

int lc_report_runs(int argc, char **argv)
{
    ReportOptions o = {.folder = "runs", .html = "report.html"};
    int code = lc_options_parse("report", lc_report_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    char **words = malloc(((size_t)argc + 2) * sizeof *words);
    if (words == NULL) {
        return LC_BUDGET;
    }
    words[0] = (char *)(uintptr_t)o.html;
    words[1] = (char *)(uintptr_t)o.folder;
    for (int i = 0; i < argc; i++) {
        words[i + 2] = argv[i];
    }
    code = lc_session_command("report", argc + 2, words);
    free(words);
    return code;
}
