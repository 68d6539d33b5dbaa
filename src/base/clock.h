/* Time that only goes forward, for durations. */
#ifndef LM_CLOCK_H
#define LM_CLOCK_H

/* Seconds since some fixed moment. */
double lm_clock_seconds(void);

#endif
