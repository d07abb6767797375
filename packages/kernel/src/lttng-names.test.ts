// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lttngName } from './lttng-names.ts';
import { compareWithKernel, readLttngFamilies } from './testing/lttng-families.ts';
import { SKIP_WITHOUT_TRACEFS } from './testing/tracefs-or-skip.ts';

test('every event of LTTng has the name that LTTng gives it', () => {
  let count = 0;
  for (const [family, events] of Object.entries(readLttngFamilies())) {
    for (const [name, { kernel }] of Object.entries(events)) {
      const [system = '', event = ''] = kernel.split(':');
      assert.equal(lttngName(system, event).name, name, `${family}: ${kernel}`);
      assert.ok(lttngName(system, event).isPlain);
      count++;
    }
  }
  assert.ok(count > 500);
});

/**
 * Fields that LTTng reads from the kernel's structures and that no record of the kernel holds, by event or
 * by family; and those of events that changed with a version of Linux (LTTng's headers describe the older).
 */
const KNOWN_MISSING: Readonly<Record<string, readonly string[]>> = {
  // From the packet itself.
  net_dev_queue: ['network_header_type'],
  net_if_receive_skb: ['network_header_type'],
  net_if_rx: ['network_header_type'],
  // struct page is told as pfn; accounted is a bit of gfp_flags.
  'kmem.*': ['page', 'accounted'],
  // Of pid namespaces.
  sched_process_fork: ['parent_ns_inum', 'vtids', 'child_ns_inum'],
  // Linux 6.8 and later.
  sched_stat_runtime: ['vruntime'],
  btrfs_get_extent: ['orig_start', 'block_start', 'block_len', 'compress_type'],
  ext4_discard_preallocations: ['needed'],
  mm_vmscan_lru_isolate: ['isolate_mode'],
  udp_fail_queue_rcv_skb: ['lport'],
  'writeback.*': ['for_reclaim'],
  // A pointer to text of the kernel: the trace has its names as an enumeration, or the address.
  rcu_utilization: ['s (text, here integer)'],
  'kvm.*': ['val (sequence, here integer)', 'coalesced', 'intercept', 'irq'],
  v4l2_dqbuf: ['timecode_userbits'],
  v4l2_qbuf: ['timecode_userbits'],
};

test(
  'events that this kernel shares with LTTng have the fields of LTTng, but for a known list',
  { skip: SKIP_WITHOUT_TRACEFS },
  (t) => {
    for (const [family, events] of Object.entries(readLttngFamilies())) {
      const compared = Object.entries(events).map(([name, event]) => compareWithKernel(name, event));
      const count = (state: string): number => compared.filter((one) => one.state === state).length;
      t.diagnostic(
        `${family}: ${count('same')} same, ${count('differs')} differ, ${count('absent')} not in this kernel`,
      );
      for (const { lttngName: name, missing } of compared) {
        const known = new Set([
          ...(KNOWN_MISSING[name] ?? []),
          ...(KNOWN_MISSING[`${/^[a-z]+/.exec(family)?.[0] ?? ''}.*`] ?? []),
        ]);
        assert.deepEqual(
          missing.filter((field) => !known.has(field)),
          [],
          `${family}: ${name}`,
        );
      }
    }
  },
);
