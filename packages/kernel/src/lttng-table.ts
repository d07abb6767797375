// SPDX-License-Identifier: MIT
// Every kernel event that lttng-modules has a tracepoint header for, and what LTTng calls it and its
// fields: the one table. From lttng-modules 2.13.9, include/instrumentation/events/*.h, as they read for
// Linux 6.18 and, for events that later kernels dropped, for the last one that had them.
//
// One entry: `kernelEvent [> lttngName] [kernelField=lttngField…] [field:rwbs] [+lttngField:tid]
// [+lttngField:process(kernelField)]`. `:rwbs` turns the kernel's letters into LTTng's flags, `+` adds a field
// that the kernel's record does not have as such (field-sources in event-class.ts say how it is filled).

/** LTTng's families in its order: the kernel's system, and the events. */
export const LTTNG_TABLE: readonly (readonly [system: string, events: string])[] = [
  // 9p
  [
    '9p',
    `
    9p_client_req, 9p_client_res, 9p_protocol_dump,
  `,
  ],
  // asoc
  [
    'asoc',
    `
    snd_soc_bias_level_start > asoc_snd_soc_bias_level_start card_name=name,
    snd_soc_bias_level_done > asoc_snd_soc_bias_level_done card_name=name,
    snd_soc_dapm_start > asoc_snd_soc_dapm_start, snd_soc_dapm_done > asoc_snd_soc_dapm_done,
    snd_soc_dapm_widget_power > asoc_snd_soc_dapm_widget_power,
    snd_soc_dapm_widget_event_start > asoc_snd_soc_dapm_widget_event_start,
    snd_soc_dapm_widget_event_done > asoc_snd_soc_dapm_widget_event_done,
    snd_soc_dapm_walk_done > asoc_snd_soc_dapm_walk_done, snd_soc_dapm_path > asoc_snd_soc_dapm_path,
    snd_soc_dapm_connected > asoc_snd_soc_dapm_connected, snd_soc_jack_irq > asoc_snd_soc_jack_irq,
    snd_soc_jack_report > asoc_snd_soc_jack_report, snd_soc_jack_notify > asoc_snd_soc_jack_notify,
  `,
  ],
  // block
  [
    'block',
    `
    block_touch_buffer, block_dirty_buffer, block_rq_requeue rwbs:rwbs, block_rq_complete rwbs:rwbs,
    block_rq_insert rwbs:rwbs +tid:tid, block_rq_issue rwbs:rwbs +tid:tid, block_rq_merge rwbs:rwbs +tid:tid,
    block_bio_complete rwbs:rwbs, block_bio_bounce rwbs:rwbs +tid:tid, block_bio_backmerge rwbs:rwbs +tid:tid,
    block_bio_frontmerge rwbs:rwbs +tid:tid, block_bio_queue rwbs:rwbs +tid:tid, block_getrq rwbs:rwbs +tid:tid,
    block_plug +tid:tid, block_unplug +tid:tid, block_split rwbs:rwbs +tid:tid, block_bio_remap rwbs:rwbs,
    block_rq_remap rwbs:rwbs,
  `,
  ],
  // btrfs
  [
    'btrfs',
    `
    btrfs_transaction_commit, btrfs_inode_new, btrfs_inode_request, btrfs_inode_evict, btrfs_get_extent,
    btrfs_handle_em_exist, btrfs_ordered_extent_add, btrfs_ordered_extent_remove, btrfs_ordered_extent_start,
    btrfs_ordered_extent_put, btrfs_writepage_end_io_hook, __extent_writepage > btrfs__extent_writepage,
    btrfs_sync_file, btrfs_sync_fs, btrfs_add_block_group, add_delayed_tree_ref > btrfs_add_delayed_tree_ref,
    run_delayed_tree_ref > btrfs_run_delayed_tree_ref, add_delayed_data_ref > btrfs_add_delayed_data_ref,
    run_delayed_data_ref > btrfs_run_delayed_data_ref, add_delayed_ref_head > btrfs_add_delayed_ref_head,
    run_delayed_ref_head > btrfs_run_delayed_ref_head, btrfs_chunk_alloc, btrfs_chunk_free, btrfs_cow_block,
    btrfs_space_reservation, btrfs_reserved_extent_alloc, btrfs_reserved_extent_free,
    find_free_extent > btrfs_find_free_extent flags=data, btrfs_reserve_extent, btrfs_reserve_extent_cluster,
    btrfs_find_cluster, btrfs_failed_cluster_setup, btrfs_setup_cluster,
    alloc_extent_state > btrfs_alloc_extent_state, free_extent_state > btrfs_free_extent_state,
  `,
  ],
  // compaction
  [
    'compaction',
    `
    mm_compaction_isolate_migratepages > compaction_isolate_migratepages,
    mm_compaction_isolate_freepages > compaction_isolate_freepages,
    mm_compaction_migratepages > compaction_migratepages,
  `,
  ],
  // ext3
  [
    'ext3',
    `
    ext3_free_inode, ext3_request_inode, ext3_allocate_inode, ext3_evict_inode, ext3_drop_inode,
    ext3_mark_inode_dirty, ext3_write_begin, ext3_ordered_write_end, ext3_writeback_write_end,
    ext3_journalled_write_end, ext3_ordered_writepage, ext3_writeback_writepage, ext3_journalled_writepage,
    ext3_readpage, ext3_releasepage, ext3_invalidatepage, ext3_discard_blocks, ext3_request_blocks,
    ext3_allocate_blocks, ext3_free_blocks, ext3_sync_file_enter, ext3_sync_file_exit, ext3_sync_fs,
    ext3_rsv_window_add, ext3_discard_reservation, ext3_alloc_new_reservation, ext3_reserved, ext3_forget,
    ext3_read_block_bitmap, ext3_direct_IO_enter, ext3_direct_IO_exit, ext3_unlink_enter, ext3_unlink_exit,
    ext3_truncate_enter, ext3_truncate_exit, ext3_get_blocks_enter, ext3_get_blocks_exit, ext3_load_inode,
  `,
  ],
  // ext4
  [
    'ext4',
    `
    ext4_free_inode, ext4_request_inode, ext4_allocate_inode, ext4_evict_inode, ext4_drop_inode,
    ext4_mark_inode_dirty, ext4_begin_ordered_truncate, ext4_write_begin, ext4_da_write_begin,
    ext4_ordered_write_end, ext4_writeback_write_end, ext4_journalled_write_end, ext4_da_write_end,
    ext4_da_writepages, ext4_da_write_pages, ext4_da_write_pages_extent, ext4_da_writepages_result,
    ext4_writepage, ext4_readpage, ext4_releasepage, ext4_invalidatepage, ext4_journalled_invalidatepage,
    ext4_discard_blocks, ext4_mb_new_inode_pa, ext4_mb_new_group_pa, ext4_mb_release_inode_pa,
    ext4_mb_release_group_pa, ext4_discard_preallocations, ext4_mb_discard_preallocations, ext4_request_blocks,
    ext4_allocate_blocks, ext4_free_blocks, ext4_sync_file_enter, ext4_sync_file_exit, ext4_sync_fs,
    ext4_alloc_da_blocks, ext4_mballoc_alloc, ext4_mballoc_prealloc, ext4_mballoc_discard, ext4_mballoc_free,
    ext4_forget, ext4_da_update_reserve_space, ext4_da_reserve_space, ext4_da_release_space, ext4_mb_bitmap_load,
    ext4_mb_buddy_bitmap_load, ext4_read_block_bitmap_load, ext4_load_inode_bitmap, ext4_direct_IO_enter,
    ext4_direct_IO_exit, ext4_fallocate_exit, ext4_fallocate_enter offset=pos, ext4_punch_hole offset=pos,
    ext4_zero_range offset=pos, ext4_unlink_enter, ext4_unlink_exit, ext4_truncate_enter, ext4_truncate_exit,
    ext4_ext_convert_to_initialized_enter, ext4_ext_convert_to_initialized_fastpath, ext4_ext_map_blocks_enter,
    ext4_ind_map_blocks_enter, ext4_ext_map_blocks_exit, ext4_ind_map_blocks_exit, ext4_ext_load_extent,
    ext4_load_inode, ext4_journal_start, ext4_journal_start_reserved, ext4_ext_handle_uninitialized_extents,
    ext4_get_implied_cluster_alloc_exit, ext4_ext_put_in_cache, ext4_ext_in_cache, ext4_find_delalloc_range,
    ext4_get_reserved_cluster_alloc, ext4_ext_show_extent, ext4_remove_blocks, ext4_ext_rm_leaf, ext4_ext_rm_idx,
    ext4_ext_remove_space, ext4_ext_remove_space_done, ext4_es_insert_extent, ext4_es_cache_extent,
    ext4_fc_replay_scan, ext4_fc_replay,
  `,
  ],
  // gpio
  [
    'gpio',
    `
    gpio_direction, gpio_value,
  `,
  ],
  // i2c
  [
    'i2c',
    `
    i2c_write, i2c_read, i2c_reply, i2c_result,
  `,
  ],
  // irq
  [
    'irq',
    `
    irq_handler_entry, irq_handler_exit, softirq_entry > irq_softirq_entry, softirq_exit > irq_softirq_exit,
    softirq_raise > irq_softirq_raise,
  `,
  ],
  // jbd
  [
    'jbd',
    `
    jbd_checkpoint, jbd_start_commit, jbd_commit_locking, jbd_commit_flushing, jbd_commit_logging,
    jbd_drop_transaction, jbd_end_commit, jbd_do_submit_data, jbd_cleanup_journal_tail,
    journal_write_superblock > jbd_journal_write_superblock,
  `,
  ],
  // jbd2
  [
    'jbd2',
    `
    jbd2_checkpoint, jbd2_start_commit, jbd2_commit_locking, jbd2_commit_flushing, jbd2_commit_logging,
    jbd2_drop_transaction, jbd2_end_commit, jbd2_submit_inode_data, jbd2_run_stats, jbd2_checkpoint_stats,
    jbd2_update_log_tail, jbd2_write_superblock,
  `,
  ],
  // kmem
  [
    'kmem',
    `
    kmalloc > kmem_kmalloc, kmem_cache_alloc, kmalloc_node > kmem_kmalloc_node, kmem_cache_alloc_node,
    kfree > kmem_kfree, kmem_cache_free, mm_page_free > kmem_mm_page_free,
    mm_page_free_batched > kmem_mm_page_free_batched, mm_page_alloc > kmem_mm_page_alloc,
    mm_page_alloc_zone_locked > kmem_mm_page_alloc_zone_locked, mm_page_pcpu_drain > kmem_mm_page_pcpu_drain,
    mm_page_alloc_extfrag > kmem_mm_page_alloc_extfrag,
  `,
  ],
  // kvm
  [
    'kvm',
    `
    kvm_userspace_exit, kvm_set_irq, kvm_ioapic_set_irq, kvm_msi_set_irq, kvm_ack_irq, kvm_mmio, kvm_fpu,
    kvm_age_page, kvm_try_async_get_page, kvm_async_pf_doublefault, kvm_async_pf_not_present, kvm_async_pf_ready,
    kvm_async_pf_completed,
  `,
  ],
  // lock
  [
    'lock',
    `
    lock_acquire, lock_release, lock_contended, lock_acquired,
  `,
  ],
  // mm_vmscan
  [
    'vmscan',
    `
    mm_vmscan_kswapd_sleep, mm_vmscan_kswapd_wake, mm_vmscan_wakeup_kswapd, mm_vmscan_direct_reclaim_begin,
    mm_vmscan_memcg_reclaim_begin, mm_vmscan_memcg_softlimit_reclaim_begin, mm_vmscan_direct_reclaim_end,
    mm_vmscan_memcg_reclaim_end, mm_vmscan_memcg_softlimit_reclaim_end,
    mm_shrink_slab_start > mm_vmscan_shrink_slab_start, mm_shrink_slab_end > mm_vmscan_shrink_slab_end,
    mm_vmscan_lru_isolate highest_zoneidx=classzone_idx, mm_vmscan_writepage,
    mm_vmscan_lru_shrink_inactive nr_activate0=nr_activate_anon nr_activate1=nr_activate_file,
  `,
  ],
  // module
  [
    'module',
    `
    module_load, module_free, module_get, module_put, module_request,
  `,
  ],
  // napi
  [
    'napi',
    `
    napi_poll,
  `,
  ],
  // net
  [
    'net',
    `
    net_dev_xmit, net_dev_queue, netif_receive_skb > net_if_receive_skb, netif_rx > net_if_rx,
    napi_gro_frags_entry > net_napi_gro_frags_entry, napi_gro_receive_entry > net_napi_gro_receive_entry,
    netif_receive_skb_entry > net_if_receive_skb_entry, netif_rx_entry > net_if_rx_entry,
    netif_rx_ni_entry > net_if_rx_ni_entry, netif_receive_skb_list_entry > net_if_receive_skb_list_entry,
    napi_gro_frags_exit > net_napi_gro_frags_exit, napi_gro_receive_exit > net_napi_gro_receive_exit,
    netif_receive_skb_exit > net_if_receive_skb_exit, netif_rx_exit > net_if_rx_exit,
    netif_rx_ni_exit > net_if_rx_ni_exit, netif_receive_skb_list_exit > net_if_receive_skb_list_exit,
  `,
  ],
  // power
  [
    'power',
    `
    cpu_idle > power_cpu_idle, cpu_frequency > power_cpu_frequency, machine_suspend > power_machine_suspend,
    wakeup_source_activate > power_wakeup_source_activate,
    wakeup_source_deactivate > power_wakeup_source_deactivate, clock_enable > power_clock_enable,
    clock_disable > power_clock_disable, clock_set_rate > power_clock_set_rate, power_domain_target,
  `,
  ],
  // preemptirq
  [
    'preemptirq',
    `
    irq_disable > preemptirq_irq_disable, irq_enable > preemptirq_irq_enable,
    preempt_disable > preemptirq_preempt_disable, preempt_enable > preemptirq_preempt_enable,
  `,
  ],
  // printk
  [
    'printk',
    `
    console > printk_console,
  `,
  ],
  // random
  [
    'random',
    `
    mix_pool_bytes > random_mix_pool_bytes, mix_pool_bytes_nolock > random_mix_pool_bytes_nolock,
    credit_entropy_bits > random_credit_entropy_bits, get_random_bytes > random_get_random_bytes,
    extract_entropy > random_extract_entropy, extract_entropy_user > random_extract_entropy_user,
  `,
  ],
  // rcu
  [
    'rcu',
    `
    rcu_utilization, rcu_grace_period, rcu_grace_period_init, rcu_preempt_task, rcu_unlock_preempted_task,
    rcu_quiescent_state_report, rcu_fqs, rcu_dyntick, rcu_prep_idle, rcu_callback, rcu_kfree_callback,
    rcu_batch_start, rcu_invoke_callback, rcu_invoke_kfree_callback, rcu_batch_end, rcu_torture_read,
    rcu_barrier,
  `,
  ],
  // regmap
  [
    'regmap',
    `
    regmap_reg_write, regmap_reg_read, regmap_reg_read_cache, regmap_hw_read_start, regmap_hw_read_done,
    regmap_hw_write_start, regmap_hw_write_done, regcache_sync > regmap_regcache_sync, regmap_cache_only,
    regmap_cache_bypass,
  `,
  ],
  // regulator
  [
    'regulator',
    `
    regulator_enable, regulator_enable_delay, regulator_enable_complete, regulator_disable,
    regulator_disable_complete, regulator_set_voltage, regulator_set_voltage_complete,
  `,
  ],
  // rpc
  [
    'sunrpc',
    `
    rpc_call_status, rpc_bind_status, rpc_connect_status, rpc_task_begin, rpc_task_run_action, rpc_task_complete,
    rpc_task_sleep, rpc_task_wakeup,
  `,
  ],
  // rpm
  [
    'rpm',
    `
    rpm_suspend, rpm_resume, rpm_idle, rpm_return_int,
  `,
  ],
  // sched
  [
    'sched',
    `
    sched_kthread_stop pid=tid, sched_kthread_stop_ret, sched_waking pid=tid, sched_wakeup pid=tid,
    sched_wakeup_new pid=tid, sched_switch prev_pid=prev_tid next_pid=next_tid, sched_migrate_task pid=tid,
    sched_process_free pid=tid, sched_process_exit pid=tid, sched_wait_task pid=tid, sched_process_wait pid=tid,
    sched_process_fork parent_pid=parent_tid +parent_pid:process(parent_pid) child_pid=child_tid
    +child_pid:process(child_pid),
    sched_process_exec pid=tid old_pid=old_tid, sched_stat_wait pid=tid, sched_stat_sleep pid=tid,
    sched_stat_iowait pid=tid, sched_stat_blocked pid=tid, sched_stat_runtime pid=tid, sched_pi_setprio pid=tid,
  `,
  ],
  // scsi
  [
    'scsi',
    `
    scsi_dispatch_cmd_start, scsi_dispatch_cmd_error, scsi_dispatch_cmd_done, scsi_dispatch_cmd_timeout,
    scsi_eh_wakeup,
  `,
  ],
  // signal
  [
    'signal',
    `
    signal_generate, signal_deliver,
  `,
  ],
  // skb
  [
    'skb',
    `
    kfree_skb > skb_kfree, consume_skb > skb_consume, skb_copy_datagram_iovec,
  `,
  ],
  // sock
  [
    'sock',
    `
    sock_rcvqueue_full, sock_exceed_buf_limit,
  `,
  ],
  // timer
  [
    'timer',
    `
    timer_init, timer_start, timer_expire_entry, timer_expire_exit, timer_cancel,
    hrtimer_init > timer_hrtimer_init, hrtimer_setup > timer_hrtimer_init, hrtimer_start > timer_hrtimer_start function=function,
    hrtimer_expire_entry > timer_hrtimer_expire_entry, hrtimer_expire_exit > timer_hrtimer_expire_exit,
    hrtimer_cancel > timer_hrtimer_cancel, itimer_state > timer_itimer_state,
    itimer_expire > timer_itimer_expire,
  `,
  ],
  // udp
  [
    'udp',
    `
    udp_fail_queue_rcv_skb,
  `,
  ],
  // v4l2
  [
    'v4l2',
    `
    v4l2_dqbuf, v4l2_qbuf,
  `,
  ],
  // workqueue
  [
    'workqueue',
    `
    workqueue_queue_work, workqueue_activate_work, workqueue_execute_start, workqueue_execute_end,
  `,
  ],
  // writeback
  [
    'writeback',
    `
    writeback_dirty_page, writeback_dirty_inode_start, writeback_dirty_inode, writeback_mark_inode_dirty,
    writeback_write_inode_start, writeback_write_inode, writeback_nothread, writeback_queue, writeback_exec,
    writeback_start, writeback_written, writeback_wait, writeback_pages_written, writeback_bdi_register,
    writeback_nowork, writeback_wake_background, writeback_wake_thread, writeback_wake_forker_thread,
    writeback_bdi_unregister, writeback_thread_start, writeback_thread_stop,
    wbc_writepage > writeback_wbc_writepage, writeback_queue_io,
    global_dirty_state > writeback_global_dirty_state, bdi_dirty_ratelimit > writeback_bdi_dirty_ratelimit,
    balance_dirty_pages > writeback_balance_dirty_pages wb_setpoint=bdi_setpoint wb_dirty=bdi_dirty,
    writeback_sb_inodes_requeue, writeback_congestion_wait, writeback_wait_iff_congested, writeback_single_inode,
  `,
  ],
  // x86_exceptions
  [
    'exceptions',
    `
    page_fault_user > x86_exceptions_page_fault_user, page_fault_kernel > x86_exceptions_page_fault_kernel,
  `,
  ],
  // x86_irq_vectors
  [
    'irq_vectors',
    `
    local_timer_entry > x86_irq_vectors_local_timer_entry, local_timer_exit > x86_irq_vectors_local_timer_exit,
    reschedule_entry > x86_irq_vectors_reschedule_entry, reschedule_exit > x86_irq_vectors_reschedule_exit,
    spurious_apic_entry > x86_irq_vectors_spurious_apic_entry,
    spurious_apic_exit > x86_irq_vectors_spurious_apic_exit, error_apic_entry > x86_irq_vectors_error_apic_entry,
    error_apic_exit > x86_irq_vectors_error_apic_exit, x86_platform_ipi_entry > x86_irq_vectors_ipi_entry,
    x86_platform_ipi_exit > x86_irq_vectors_ipi_exit, irq_work_entry > x86_irq_vectors_irq_work_entry,
    irq_work_exit > x86_irq_vectors_irq_work_exit, call_function_entry > x86_irq_vectors_call_function_entry,
    call_function_exit > x86_irq_vectors_call_function_exit,
    call_function_single_entry > x86_irq_vectors_call_function_single_entry,
    call_function_single_exit > x86_irq_vectors_call_function_single_exit,
    threshold_apic_entry > x86_irq_vectors_threshold_apic_entry,
    threshold_apic_exit > x86_irq_vectors_threshold_apic_exit,
    deferred_error_apic_entry > x86_irq_vectors_deferred_error_apic_entry,
    deferred_error_apic_exit > x86_irq_vectors_deferred_error_apic_exit,
    thermal_apic_entry > x86_irq_vectors_thermal_apic_entry,
    thermal_apic_exit > x86_irq_vectors_thermal_apic_exit,
  `,
  ],
  // kvm_mmu
  [
    'kvmmmu',
    `
    kvm_mmu_pagetable_walk, kvm_mmu_paging_element, kvm_mmu_set_accessed_bit, kvm_mmu_set_dirty_bit,
    kvm_mmu_walker_error, kvm_mmu_get_page, kvm_mmu_sync_page, kvm_mmu_unsync_page, kvm_mmu_prepare_zap_page,
    mark_mmio_spte > kvm_mmu_mark_mmio_spte, handle_mmio_page_fault > kvm_mmu_handle_mmio_page_fault,
    fast_page_fault > kvm_mmu_fast_page_fault,
  `,
  ],
  // kvm_x86
  [
    'kvm',
    `
    kvm_entry > kvm_x86_entry, kvm_hypercall > kvm_x86_hypercall, kvm_hv_hypercall > kvm_x86_hv_hypercall,
    kvm_pio > kvm_x86_pio, kvm_cpuid > kvm_x86_cpuid, kvm_apic > kvm_x86_apic, kvm_exit > kvm_x86_exit,
    kvm_inj_virq > kvm_x86_inj_virq vector=irq, kvm_inj_exception > kvm_x86_inj_exception,
    kvm_page_fault > kvm_x86_page_fault, kvm_msr > kvm_x86_msr, kvm_cr > kvm_x86_cr,
    kvm_pic_set_irq > kvm_x86_pic_set_irq, kvm_apic_ipi > kvm_x86_apic_ipi,
    kvm_apic_accept_irq > kvm_x86_apic_accept_irq, kvm_eoi > kvm_x86_eoi, kvm_pv_eoi > kvm_x86_pv_eoi,
    kvm_nested_vmrun > kvm_x86_nested_vmrun, kvm_nested_intercepts > kvm_x86_nested_intercepts,
    kvm_nested_vmexit > kvm_x86_nested_vmexit exit_reason=exit_code guest_rip=rip info1=exit_info1
    info2=exit_info2 intr_info=exit_int_info error_code=exit_int_info_err, kvm_nested_vmexit_inject > kvm_x86_nested_vmexit_inject,
    kvm_nested_intr_vmexit > kvm_x86_nested_intr_vmexit, kvm_invlpga > kvm_x86_invlpga,
    kvm_skinit > kvm_x86_skinit, kvm_emulate_insn > kvm_x86_emulate_insn,
    vcpu_match_mmio > kvm_x86_vcpu_match_mmio, kvm_write_tsc_offset > kvm_x86_write_tsc_offset,
    kvm_update_master_clock > kvm_x86_update_master_clock, kvm_track_tsc > kvm_x86_track_tsc,
  `,
  ],
];
