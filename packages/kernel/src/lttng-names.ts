// SPDX-License-Identifier: MIT
// Where LTTng calls an event or a field otherwise than the kernel: one table, kernel's name ->
// LTTng's (lttng-modules, include/instrumentation/events/*.h). What is not here keeps the kernel's name.

export interface LttngEventName {
  readonly name: string;
  /** Kernel's field name -> LTTng's. */
  readonly fields: Readonly<Record<string, string>>;
  /** LTTng has plain integers where the kernel's print format has a table. */
  readonly isPlain: boolean;
}

const TID = { pid: 'tid' } as const;

/** `system:event` -> LTTng's name ('' = the same) and fields. */
const EVENTS: Readonly<Record<string, readonly [name: string, fields?: Readonly<Record<string, string>>]>> = {
  'sched:sched_kthread_stop': ['', TID],
  'sched:sched_wakeup': ['', TID],
  'sched:sched_wakeup_new': ['', TID],
  'sched:sched_waking': ['', TID],
  'sched:sched_migrate_task': ['', TID],
  'sched:sched_process_free': ['', TID],
  'sched:sched_process_exit': ['', TID],
  'sched:sched_wait_task': ['', TID],
  'sched:sched_process_wait': ['', TID],
  'sched:sched_process_fork': ['', { parent_pid: 'parent_tid', child_pid: 'child_tid' }],
  'sched:sched_process_exec': ['', { pid: 'tid', old_pid: 'old_tid' }],
  'sched:sched_switch': ['', { prev_pid: 'prev_tid', next_pid: 'next_tid' }],
  'sched:sched_stat_wait': ['', TID],
  'sched:sched_stat_sleep': ['', TID],
  'sched:sched_stat_iowait': ['', TID],
  'sched:sched_stat_blocked': ['', TID],
  'sched:sched_stat_runtime': ['', TID],
  'sched:sched_pi_setprio': ['', TID],
  'irq:irq_handler_entry': [''],
  'irq:irq_handler_exit': [''],
  'irq:softirq_entry': ['irq_softirq_entry'],
  'irq:softirq_exit': ['irq_softirq_exit'],
  'irq:softirq_raise': ['irq_softirq_raise'],
  'irq:tasklet_entry': ['irq_tasklet_low_entry'],
  'irq:tasklet_exit': ['irq_tasklet_low_exit'],
  'exceptions:page_fault_user': ['x86_exceptions_page_fault_user'],
  'exceptions:page_fault_kernel': ['x86_exceptions_page_fault_kernel'],
  'timer:timer_init': [''],
  'timer:timer_start': [''],
  'timer:timer_expire_entry': [''],
  'timer:timer_expire_exit': [''],
  'timer:timer_cancel': [''],
  'timer:hrtimer_init': ['timer_hrtimer_init'],
  'timer:hrtimer_setup': ['timer_hrtimer_init'],
  'timer:hrtimer_start': ['timer_hrtimer_start'],
  'timer:hrtimer_expire_entry': ['timer_hrtimer_expire_entry'],
  'timer:hrtimer_expire_exit': ['timer_hrtimer_expire_exit'],
  'timer:hrtimer_cancel': ['timer_hrtimer_cancel'],
  'timer:itimer_state': ['timer_itimer_state'],
  'timer:itimer_expire': ['timer_itimer_expire'],
  'signal:signal_generate': [''],
  'signal:signal_deliver': [''],
  'kmem:kmalloc': ['kmem_kmalloc'],
  'kmem:kfree': ['kmem_kfree'],
  'kmem:mm_page_alloc': ['kmem_mm_page_alloc'],
  'kmem:mm_page_free': ['kmem_mm_page_free'],
  'kmem:mm_page_free_batched': ['kmem_mm_page_free_batched'],
  'kmem:mm_page_alloc_zone_locked': ['kmem_mm_page_alloc_zone_locked'],
  'kmem:mm_page_pcpu_drain': ['kmem_mm_page_pcpu_drain'],
  'kmem:mm_page_alloc_extfrag': ['kmem_mm_page_alloc_extfrag'],
  'skb:kfree_skb': ['skb_kfree'],
  'skb:consume_skb': ['skb_consume'],
  'power:cpu_idle': ['power_cpu_idle'],
  'power:cpu_frequency': ['power_cpu_frequency'],
  'power:suspend_resume': ['power_suspend_resume'],
  'printk:console': ['printk_console'],
  'kvm:kvm_entry': ['kvm_x86_entry'],
  'kvm:kvm_exit': ['kvm_x86_exit'],
};

/** Whole systems whose events LTTng puts a prefix before. */
const SYSTEM_PREFIXES: Readonly<Record<string, string>> = { irq_vectors: 'x86_irq_vectors_' };

export function lttngName(system: string, event: string): LttngEventName {
  const entry = EVENTS[`${system}:${event}`];
  if (entry !== undefined) return { name: entry[0] === '' ? event : entry[0], fields: entry[1] ?? {}, isPlain: true };
  if (system === 'syscalls') {
    const match = /^sys_(enter|exit)_(.+)$/.exec(event);
    if (match !== null)
      return {
        name: `syscall_${match[1] === 'enter' ? 'entry' : 'exit'}_${lttngSyscall(match[2] ?? '')}`,
        fields: {},
        isPlain: true,
      };
  }
  return { name: (SYSTEM_PREFIXES[system] ?? '') + event, fields: {}, isPlain: false };
}

/** The kernel's function name of a system call -> its name in unistd.h, where they differ. */
function lttngSyscall(name: string): string {
  return SYSCALLS[name] ?? name;
}

const SYSCALLS: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newfstat: 'fstat',
  newlstat: 'lstat',
  newuname: 'uname',
  sendfile64: 'sendfile',
  umount: 'umount2',
};
