// SPDX-License-Identifier: MIT
// States of a thread as the kernel's scheduler events tell them.
//
//   blocked --wakeup--> woken --switch in--> running --switch out, prev_state 0--> preempted
//      ^                                      |  ^                                    |
//      '---- switch out, prev_state ≠ 0 ------'  '----------- switch in --------------'
//                                             |  ^
//                              interrupt entry'  'interrupt exit (of the last nested one)
// `unknown` before the first event that tells, and after losses that events contradict.

export const UNKNOWN = 0;
export const RUNNING = 1;
export const PREEMPTED = 2;
export const WOKEN = 3;
export const BLOCKED = 4;
export const INTERRUPTED = 5;
/** Switched in from an unknown state: was off the CPU before, runnable or blocked. */
export const NOT_RUNNING = 6;
export const STATE_COUNT = 7;

/** prev_state's low eight bits (TASK_REPORT and idle) are 0 for a thread that could go on running. */
export const SLEEPING_MASK = 0xff;
/** TASK_UNINTERRUPTIBLE of prev_state. */
export const UNINTERRUPTIBLE_MASK = 0x02;
/** __TASK_STOPPED | __TASK_TRACED of prev_state. */
export const STOPPED_MASK = 0x0c;
/** EXIT_DEAD | EXIT_ZOMBIE of prev_state: the thread does not come back. */
export const DEAD_MASK = 0x30;
