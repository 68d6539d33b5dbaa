/* Zip archives put together byte by byte, so that tests can have every form and every damage. */
#ifndef HELP_ZIP_H
#define HELP_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HelpZipMember {
    const char *name;
    const void *bytes;
    size_t size;
    bool is_deflated;
    bool is_streamed; /* sizes and CRC follow the data, as streaming writers leave them */
    bool is_zip64;    /* sizes in the zip64 extra field of both headers */
    bool is_local_64; /* in that of the local header alone, as numpy writes */
    /* Damage: what the headers say instead, where not 0. */
    uint32_t crc_xor;
    uint64_t claimed_size;
    uint64_t claimed_packed;
    uint16_t method;
    uint16_t flags;
} HelpZipMember;

/* Writes an archive of n members to `name` in the scratch folder (help_files.h) and gives its path.
 * Stops the test on failure. */
const char *help_zip_make(const char *name, const HelpZipMember *members, int n);

#endif
