// SPDX-License-Identifier: MIT
// What a recording takes of the kernel when nothing else was asked for.

/** Of the whole system: who ran, what interrupted, what the disks did. */
export const DEFAULT_SYSTEM_RULES: readonly string[] = [
  'sched:sched_switch',
  'sched:sched_wakeup',
  'sched:sched_wakeup_new',
  'sched:sched_waking',
  'sched:sched_migrate_task',
  'sched:sched_process_*',
  'irq:irq_handler_*',
  'irq:softirq_*',
  'block:block_rq_*',
];

/** Of the recorded processes: their system calls and page faults. */
export const DEFAULT_PROCESS_RULES: readonly string[] = ['syscall:*', 'exceptions:page_fault_*'];
