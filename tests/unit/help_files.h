/* A scratch folder for tests that need files. */
#ifndef HELP_FILES_H
#define HELP_FILES_H

#include <stddef.h>

/* cmocka group setup and teardown: a fresh folder under $TMPDIR or /tmp; removed with all it holds.
 */
int help_files_setup(void **state);
int help_files_teardown(void **state);

/* Path of `name` in the folder; valid until 8 more calls were made. */
const char *help_files_path(const char *name);
/* Writes a file there and gives its path. */
const char *help_files_make(const char *name, const void *bytes, size_t size);
/* Names in the folder, "." and ".." excluded. */
int help_files_count(void);

#endif
