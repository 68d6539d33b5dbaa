/* One more process of this program, cut off from everything of its parent's but the environment.
 *
 * It leads a session and a process group of its own, so that signals reach it with all its
 * descendants and no terminal reaches it; it reads /dev/null, writes one file, has no other open
 * file, default signals, and is killed when the thread that started it ends.
 */
#ifndef LC_CHILD_H
#define LC_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct LcChild {
    char *const *words; /* after the program's name, NULL at the end */
    const char *output; /* for stdout and stderr; made anew */
    int n_threads;      /* LUMA_THREADS; 0: as in our environment */
    int64_t memory_max; /* bytes a process of it may allocate; 0: no limit */
    sigset_t mask;      /* signals blocked in it */
} LcChild;

/* When it returns LM_OK the program runs and its group -*pid exists. LM_EIO: the output cannot be
 * made or the program cannot be started; LM_EMEM. */
LmStatus lc_child_start(const LcChild *child, pid_t *pid, LmError *err) LM_MUST_CHECK;

/* False where the allocator needs address space that no limit leaves it (sanitizers). */
bool lc_child_can_limit_memory(void);

#endif
