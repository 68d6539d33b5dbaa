/* A program with Lua in it that knows nothing of luma but `require`: several states, in one and in
 * two system threads, errors while the module loads, and nothing left running at the end.
 *
 *     module_host SCRIPT    the script returns a text, the same in every state
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *script;

static lua_State *open_state(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    return L;
}

/* The script's answer, to be freed; NULL where it fails, which is said. */
static char *run(lua_State *L)
{
    char *answer = NULL;
    if (luaL_dofile(L, script) == LUA_OK) {
        answer = strdup(luaL_tolstring(L, -1, NULL));
    } else {
        fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    }
    lua_settop(L, 0);
    return answer;
}

static void *run_alone(void *unused)
{
    (void)unused;
    lua_State *L = open_state();
    char *answer = run(L);
    lua_close(L);
    return answer;
}

static int count_threads(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *e; tasks != NULL && (e = readdir(tasks)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(tasks);
    return n;
}

static void report(const char *name, int is_ok)
{
    printf("%s - %s\n", is_ok ? "ok" : "not ok", name);
}

static int equals(char *answer, const char *wanted)
{
    int is_equal = answer != NULL && wanted != NULL && strcmp(answer, wanted) == 0;
    free(answer);
    return is_equal;
}

static void test_refusal(void)
{
    setenv("LUMA_ISA", "avx9", 1);
    lua_State *L = open_state();
    int status = luaL_dostring(L, "return require 'luma'");
    const char *text = luaL_tolstring(L, -1, NULL);
    report("a wrong LUMA_ISA is an error of require",
           status != LUA_OK && strstr(text, "LUMA_ISA: no kernels named 'avx9'") != NULL);
    unsetenv("LUMA_ISA");
    report("which can be tried again", luaL_dostring(L, "return require 'luma'") == LUA_OK);
    lua_close(L);
}

static void test_states(const char *wanted)
{
    lua_State *a = open_state();
    lua_State *b = open_state();
    report("a second state gives the same", equals(run(a), wanted) && equals(run(b), wanted));
    lua_close(a);
    report("and works on after the first is closed", equals(run(b), wanted));
    lua_close(b);
    report("then the module's threads are gone", count_threads() == 1);
}

static void test_threads(const char *wanted)
{
    enum { N = 4 };
    pthread_t threads[N];
    int n_equal = 0;
    for (int i = 0; i < N; i++) {
        pthread_create(&threads[i], NULL, run_alone, NULL);
    }
    for (int i = 0; i < N; i++) {
        void *answer;
        pthread_join(threads[i], &answer);
        n_equal += equals(answer, wanted);
    }
    report("states in four system threads at once give the same", n_equal == N);
    report("and leave no threads either", count_threads() == 1);
}

int main(int argc, char **argv)
{
    script = argc > 1 ? argv[1] : "";
    test_refusal();
    char *wanted = run_alone(NULL);
    report("a state runs a training", wanted != NULL);
    for (int i = 0; i < 5; i++) {
        free(run_alone(NULL));
    }
    test_states(wanted);
    test_threads(wanted);
    free(wanted);
    return 0;
}
