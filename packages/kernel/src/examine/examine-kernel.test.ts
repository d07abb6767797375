// SPDX-License-Identifier: MIT
// What doctor says of made-up kernels, and of this one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SKIP_WITHOUT_TRACEFS } from '../testing/tracefs-or-skip.ts';
import { examineKernel, type KernelFeature } from './examine-kernel.ts';
import type { KernelView } from './kernel-view.ts';

type Files = Readonly<Record<string, string | { readonly code: string }>>;

const DEBIAN: Files = {
  '/t/trace_clock': '[local] global mono mono_raw boot x86-tsc\n',
  '/t/instances/x': '',
  '/t/available_events': 'sched:sched_switch\nsched:sched_wakeup\nirq:irq_handler_entry\nsyscalls:sys_enter_read\n',
  '/t/events/sched/sched_switch/filter': 'none\n',
  '/t/events/syscalls/sys_enter_read/enable': '0\n',
  '/t/set_event_pid': '',
  '/t/set_event': '',
  '/t/per_cpu/cpu0/trace_pipe_raw': '',
  '/t/per_cpu/cpu1/trace_pipe_raw': '',
  '/t/options/stacktrace': '0\n',
  '/t/options/userstacktrace': '0\n',
  '/t/kprobe_events': '',
  '/t/uprobe_events': '',
  '/t/dynamic_events': '',
  '/t/README': '\t           e[:[<group>/][<event>]] <attached-group>.<attached-event> [<args>]\n',
  '/t/available_tracers': 'function_graph function nop\n',
  '/t/current_tracer': 'nop\n',
  '/t/set_ftrace_filter': '#### all functions enabled ####\n',
  '/proc/kallsyms': 'ffffffff81000000 T _stext\n',
  '/proc/sys/kernel/perf_event_paranoid': '3\n',
  '/sys/devices/system/cpu/online': '0-1\n',
  '/sys/devices/system/cpu/cpu1/online': '1\n',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
  '/sys/kernel/btf/vmlinux': '',
};

function kernel(files: Files, changes: Partial<KernelView> = {}): KernelView {
  const below = (path: string): string[] => Object.keys(files).filter((name) => name.startsWith(`${path}/`));
  return {
    tracefs: '/t',
    release: '6.1.0',
    arch: 'x64',
    isRoot: true,
    whyNoCapture: () => undefined,
    processStartTime: () => undefined,
    tryRead: (path) => (typeof files[path] === 'string' ? files[path] : undefined),
    list: (path) => [...new Set(below(path).map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))],
    whyNotOpen(path) {
      const file = files[path];
      if (typeof file === 'object') return file.code;
      return file !== undefined || below(path).length > 0 ? undefined : 'ENOENT';
    },
    config: () => undefined,
    ...changes,
  };
}

function leaveOut(files: Files, path: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
}

function find(features: readonly KernelFeature[], id: string): KernelFeature {
  const feature = features.find((each) => each.id === id);
  assert.ok(feature !== undefined, id);
  return feature;
}

test('a kernel that has all is told as such, but for its sub-buffers', () => {
  const features = examineKernel(kernel(DEBIAN));
  const lacking = features.filter(({ state }) => state !== 'yes').map(({ id, state }) => [id, state]);
  assert.deepEqual(lacking, [['large-sub-buffers', 'partly']]);
  assert.equal(find(features, 'events').detail, '3 events of 2 subsystems.');
  assert.match(find(features, 'hotplug').detail, /2 possible, online 0-1; those that come and go are followed/);
});

test('what is not built is told from what is locked down, and by which option', () => {
  const files = { ...DEBIAN, '/t/set_ftrace_filter': { code: 'EPERM' } };
  const without = leaveOut(files, '/t/kprobe_events');
  const config = (name: string): string => (name === 'KPROBE_EVENTS' ? 'n' : 'y');
  const features = examineKernel(kernel(without, { config }));
  assert.equal(
    find(features, 'kprobes').detail,
    'This kernel has no kernel probes (built without CONFIG_KPROBE_EVENTS).',
  );
  assert.equal(find(features, 'kprobes').advice, 'Use a kernel built with CONFIG_KPROBE_EVENTS.');
  for (const id of ['function-tracer', 'function-graph']) {
    assert.equal(find(features, id).state, 'no');
    assert.match(find(features, id).detail, /locked down/);
  }
  const locked = examineKernel(
    kernel({ ...files, '/sys/kernel/security/lockdown': 'none integrity [confidentiality]\n' }),
  );
  assert.match(find(locked, 'function-tracer').detail, /locked down \(confidentiality\)/);
});

test('without tracefs, or without the right to use it, only that is told, with the way to it', () => {
  const unmounted = examineKernel(kernel({ '/sys/kernel/tracing/x': '' }, { tracefs: undefined }));
  assert.match(find(unmounted, 'tracefs').detail, /record mounts it/);
  const user = examineKernel(kernel({ '/sys/kernel/tracing/x': '' }, { tracefs: undefined, isRoot: false }));
  assert.match(find(user, 'tracefs').advice ?? '', /As root: mount -t tracefs/);
  const absent = examineKernel(kernel({}, { tracefs: undefined }));
  assert.match(find(absent, 'tracefs').advice ?? '', /CONFIG_TRACING/);
  const forbidden = examineKernel(kernel({ ...DEBIAN, '/t/trace_clock': { code: 'EACCES' } }, { isRoot: false }));
  assert.equal(find(forbidden, 'tracefs').state, 'no');
  assert.ok(!forbidden.some(({ id }) => id === 'events'));
});

test('other users of tracefs and dead recordings are told, living recordings are not', () => {
  const files = {
    ...DEBIAN,
    '/t/current_tracer': 'function\n',
    '/t/set_event': 'sched:sched_switch\n',
    '/t/instances/lockstep-a-7.100/x': '',
    '/t/instances/lockstep-b-8.200/x': '',
    '/t/instances/perfetto/x': '',
  };
  const features = examineKernel(
    kernel(leaveOut(files, '/t/instances/x'), { processStartTime: (pid) => (pid === 7 ? '100' : undefined) }),
  );
  assert.match(find(features, 'dead-recordings').detail, /^They left lockstep-b-8\.200 in tracefs\.$/);
  assert.match(find(features, 'other-users').detail, /tracer function is on; events are on; instances: perfetto/);
});

test('every finding has a sentence, what is lacking has advice, ids are unique', { skip: SKIP_WITHOUT_TRACEFS }, () => {
  for (const features of [examineKernel(), examineKernel(kernel({ '/t/trace_clock': 'local\n' }, { isRoot: false }))]) {
    assert.equal(new Set(features.map(({ id }) => id)).size, features.length);
    for (const { id, detail, state, advice } of features) {
      assert.match(detail, /^\S.*\.$/s, id);
      if (state === 'no') assert.notEqual(advice, undefined, id);
    }
  }
});
