#include "help_zip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "help_files.h"

enum { ARCHIVE_MAX = 1 << 20 };

typedef struct Archive {
    uint8_t bytes[ARCHIVE_MAX];
    size_t n;
} Archive;

static void put(Archive *a, uint64_t v, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) {
        a->bytes[a->n++] = (uint8_t)(i < 8 ? v >> 8 * i : 0);
    }
}

static void put_bytes(Archive *a, const void *bytes, size_t n)
{
    if (a->n + n + 512 > ARCHIVE_MAX) {
        abort();
    }
    if (n > 0) {
        memcpy(a->bytes + a->n, bytes, n);
    }
    a->n += n;
}

/* Raw deflate data, without zlib's frame. */
static size_t deflate_bytes(uint8_t *out, size_t room, const void *bytes, size_t size)
{
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
        abort();
    }
    deflateEnd(&z);
    return room - z.avail_out;
}

typedef struct Facts {
    uint64_t size, packed;
    uint32_t crc;
    uint16_t method, flags;
} Facts;

static void put_head(Archive *a, const HelpZipMember *m, const Facts *f, bool is_local)
{
    bool is_64 = m->is_zip64 || (is_local && m->is_local_64);
    bool is_later = is_local && m->is_streamed;
    put(a, 45, 2);
    put(a, f->flags, 2);
    put(a, f->method, 2);
    put(a, 0, 4);
    put(a, is_later ? 0 : f->crc, 4);
    put(a, is_64 ? UINT32_MAX : is_later ? 0 : f->packed, 4);
    put(a, is_64 ? UINT32_MAX : is_later ? 0 : f->size, 4);
    put(a, strlen(m->name), 2);
    put(a, is_64 ? 20 : 0, 2);
}

static void put_extra(Archive *a, const Facts *f)
{
    put(a, 1, 2);
    put(a, 16, 2);
    put(a, f->size, 8);
    put(a, f->packed, 8);
}

static void put_local(Archive *a, const HelpZipMember *m, Facts *f)
{
    static uint8_t packed[ARCHIVE_MAX];
    size_t n = m->size;
    if (m->is_deflated) {
        n = deflate_bytes(packed, sizeof packed, m->bytes, m->size);
    }
    f->size = m->claimed_size > 0 ? m->claimed_size : m->size;
    f->packed = m->claimed_packed > 0 ? m->claimed_packed : n;
    f->crc = (uint32_t)crc32(0, m->bytes, (unsigned)m->size) ^ m->crc_xor;
    f->method = m->method > 0 ? m->method : m->is_deflated ? 8 : 0;
    f->flags = (uint16_t)(m->flags | (m->is_streamed ? 8 : 0));
    put(a, 0x04034b50, 4);
    put_head(a, m, f, true);
    put_bytes(a, m->name, strlen(m->name));
    if (m->is_zip64 || m->is_local_64) {
        put_extra(a, f);
    }
    put_bytes(a, m->is_deflated ? packed : m->bytes, n);
    if (m->is_streamed) {
        put(a, 0x08074b50, 4);
        put(a, f->crc, 4);
        put(a, f->packed, m->is_zip64 ? 8 : 4);
        put(a, f->size, m->is_zip64 ? 8 : 4);
    }
}

const char *help_zip_make(const char *name, const HelpZipMember *members, int n)
{
    static Archive a;
    static Facts facts[64];
    static size_t starts[64];
    a.n = 0;
    for (int i = 0; i < n; i++) {
        starts[i] = a.n;
        put_local(&a, &members[i], &facts[i]);
    }
    size_t directory = a.n;
    for (int i = 0; i < n; i++) {
        put(&a, 0x02014b50, 4);
        put(&a, 45, 2);
        put_head(&a, &members[i], &facts[i], false);
        put(&a, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
        put(&a, starts[i], 4);
        put_bytes(&a, members[i].name, strlen(members[i].name));
        if (members[i].is_zip64) {
            put_extra(&a, &facts[i]);
        }
    }
    size_t directory_size = a.n - directory;
    put(&a, 0x06054b50, 4);
    put(&a, 0, 4);
    put(&a, (uint64_t)n, 2);
    put(&a, (uint64_t)n, 2);
    put(&a, directory_size, 4);
    put(&a, directory, 4);
    put(&a, 0, 2);
    return help_files_make(name, a.bytes, a.n);
}
