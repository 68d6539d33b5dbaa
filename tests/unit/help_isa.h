/* Unit tests obey LUMA_ISA=ref|avx2|avx512, as the program does.
 *
 * Linked into every unit test: a constructor chooses the kernels before main(), so no test has to
 * call anything, and tests/run.sh can run each of them once for every instruction set. A name this
 * machine cannot run ends the test with exit code 2. LUMA_TEST_LIST_ISAS=1 prints the names it can
 * run, best first, and ends.
 */
#ifndef HELP_ISA_H
#define HELP_ISA_H

void help_isa_choose(void);

#endif
