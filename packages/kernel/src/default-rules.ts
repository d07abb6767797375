// SPDX-License-Identifier: MIT
// What a recording takes of the kernel when nothing else was asked for. A rule that ends in `?` may
// name nothing: older kernels and other machines lack such events.

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
  // A timer wakes sleepers from an interrupt that has no irq_handler_entry.
  'irq_vectors:local_timer_*?',
  // When data came for a socket, and whose it is; once a segment and once a change of state.
  'sock:sk_data_ready?',
  'sock:inet_sock_set_state?',
];

/** Of the recorded processes: their system calls and page faults. */
export const DEFAULT_PROCESS_RULES: readonly string[] = [
  'syscall:*',
  'exceptions:page_fault_*?',
  // A page was mapped: it ends what can be timed of a page fault, whose own event only begins it.
  'kmem:rss_stat?',
  'sock:sock_*_length?',
  'vmscan:mm_vmscan_*_reclaim_begin?',
  'vmscan:mm_vmscan_*_reclaim_end?',
];
