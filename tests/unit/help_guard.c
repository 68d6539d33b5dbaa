#define _GNU_SOURCE
#include "help_guard.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xA5 };

HelpGuard help_guard_new(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = lm_base_round_up(n > 0 ? n : 1, page);
    HelpGuard g = {.map_bytes = room + 2 * page};
    g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    LM_ASSERT(g.map != MAP_FAILED);
    g.first = (uint8_t *)g.map + page;
    g.end = g.first + room;
    LM_ASSERT(mprotect(g.first, room, PROT_READ | PROT_WRITE) == 0);
    help_guard_fill(&g);
    return g;
}

void help_guard_free(HelpGuard *g)
{
    LM_ASSERT(munmap(g->map, g->map_bytes) == 0);
    *g = (HelpGuard){0};
}

void help_guard_fill(HelpGuard *g)
{
    memset(g->first, PATTERN, (size_t)(g->end - g->first));
}

/* All bytes are the pattern when the first is and each equals the next. */
static bool is_pattern(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == PATTERN && memcmp(p, p + 1, n - 1) == 0);
}

bool help_guard_is_clean(const HelpGuard *g, const void *data, size_t n)
{
    const uint8_t *from = data;
    return is_pattern(g->first, (size_t)(from - g->first)) &&
           is_pattern(from + n, (size_t)(g->end - from) - n);
}

void *help_guard_front(const HelpGuard *g)
{
    return g->first;
}

void *help_guard_back(const HelpGuard *g, size_t n)
{
    LM_ASSERT(n <= (size_t)(g->end - g->first));
    return g->end - n;
}

uint64_t help_guard_seed(uint64_t fallback)
{
    const char *text = getenv("LUMA_TEST_SEED");
    uint64_t seed = text != NULL && text[0] != '\0' ? strtoull(text, NULL, 0) : fallback;
    printf("seed: LUMA_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}
