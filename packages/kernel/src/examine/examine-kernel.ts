// SPDX-License-Identifier: MIT
// What of the kernel works here, feature by feature; why not; what would allow it. Reads and opens files,
// changes nothing. `probeKernel` is the short form of it that a recording asks before it starts.

import { probeMissing, type Missing } from './missing.ts';
import { liveKernelView, type KernelView } from './kernel-view.ts';

export interface KernelFeature {
  /** Stable, for programs that read the JSON. */
  readonly id: string;
  readonly name: string;
  readonly state: 'yes' | 'partly' | 'no';
  /** What there is, or why not: one sentence. */
  readonly detail: string;
  /** What to do; undefined when there is nothing to do, or nothing that helps. */
  readonly advice?: string;
}

const MOUNT = 'mount -t tracefs nodev /sys/kernel/tracing';
const ACCESS_ADVICE = 'Run as root, or give a group access: mount -o remount,gid=GROUP,mode=0750 /sys/kernel/tracing';

export function examineKernel(view: KernelView = liveKernelView()): readonly KernelFeature[] {
  return [...examineTracefs(view), kernelTypes(view), perf(view)];
}

function examineTracefs(view: KernelView): readonly KernelFeature[] {
  const { tracefs } = view;
  if (tracefs === undefined) {
    const isBuilt = view.whyNotOpen('/sys/kernel/tracing') !== 'ENOENT';
    if (isBuilt && view.isRoot) {
      const detail = 'tracefs is not mounted; record mounts it when it starts.';
      return [no('tracefs', 'tracefs', { detail, advice: `To see what it allows: ${MOUNT}` }, 'partly')];
    }
    return [
      no('tracefs', 'tracefs', {
        detail: isBuilt ? 'tracefs is not mounted.' : 'This system has no tracefs.',
        advice: isBuilt
          ? `As root: ${MOUNT}`
          : 'Use a Linux kernel built with CONFIG_TRACING; in a container, mount it from the host.',
      }),
    ];
  }
  if (view.whyNotOpen(`${tracefs}/trace_clock`) !== undefined) {
    const detail = `tracefs is mounted at ${tracefs} and this user may not use it.`;
    return [no('tracefs', 'tracefs', { detail, advice: ACCESS_ADVICE })];
  }
  return [
    yes('tracefs', 'tracefs', `It is mounted at ${tracefs}.`),
    fileFeature(view, 'instances', 'instances', 'Each recording has buffers of its own.', {
      path: `${tracefs}/instances`,
      what: 'trace instances',
      advice: 'Use Linux 3.10 or later.',
    }),
    tracepoints(view, tracefs),
    systemCalls(view, tracefs),
    pointers(view),
    filters(view, tracefs),
    fileFeature(view, 'process-filter', 'process filter', 'Events can be limited to processes and what they fork.', {
      path: `${tracefs}/set_event_pid`,
      what: 'filter of processes',
      advice: 'Use Linux 4.4 or later.',
    }),
    rawPages(view, tracefs),
    largeSubBuffers(view, tracefs),
    clocks(view, tracefs),
    tscClock(view, tracefs),
    stacks(view, tracefs),
    cpus(view, tracefs),
    ...probes(view, tracefs),
    ...functions(view, tracefs),
    ...otherUsers(view, tracefs),
  ];
}

function yes(id: string, name: string, detail: string): KernelFeature {
  return { id, name, state: 'yes', detail };
}

function no(id: string, name: string, { detail, advice }: Missing, state: 'no' | 'partly' = 'no'): KernelFeature {
  return { id, name, state, detail, ...(advice === undefined ? {} : { advice }) };
}

interface FileNeed {
  readonly path: string;
  readonly what: string;
  readonly config?: string;
  readonly advice?: string;
}

function fileFeature(view: KernelView, id: string, name: string, detail: string, need: FileNeed): KernelFeature {
  const missing = probeMissing(view, need);
  return missing === undefined ? yes(id, name, detail) : no(id, name, missing);
}

function tracepoints(view: KernelView, tracefs: string): KernelFeature {
  const events = (view.tryRead(`${tracefs}/available_events`) ?? '').split('\n').filter((line) => line.includes(':'));
  const own = events.filter((event) => !event.startsWith('syscalls:'));
  if (own.length === 0) {
    const need = { path: `${tracefs}/available_events`, what: 'trace events', config: 'EVENT_TRACING' };
    return no(
      'events',
      'tracepoints',
      probeMissing(view, need) ?? { detail: 'This kernel lists no events.', advice: undefined },
    );
  }
  const systems = new Set(own.map((event) => event.split(':')[0])).size;
  return yes('events', 'tracepoints', `${own.length} events of ${systems} subsystems.`);
}

function systemCalls(view: KernelView, tracefs: string): KernelFeature {
  const count = view.list(`${tracefs}/events/syscalls`).filter((name) => name.startsWith('sys_enter_')).length;
  if (count > 0) return yes('system-calls', 'system calls', `${count} by name, with their arguments.`);
  if (view.whyNoCapture() === undefined) {
    const detail =
      'By BPF alone, with names and arguments: this kernel has no events of them (CONFIG_FTRACE_SYSCALLS).';
    return yes('system-calls', 'system calls', `${detail} Filters on them are refused.`);
  }
  const need = { path: `${tracefs}/events/syscalls`, what: 'events for system calls', config: 'FTRACE_SYSCALLS' };
  return no(
    'system-calls',
    'system calls',
    probeMissing(view, need) ?? { detail: 'There are none.', advice: undefined },
  );
}

function pointers(view: KernelView): KernelFeature {
  const reason = view.whyNoCapture();
  if (reason === undefined)
    return yes('pointers', "pointers' content", 'Paths, addresses and structures of system calls are captured by BPF.');
  const advice = view.isRoot
    ? 'Use x86-64 or arm64, root with CAP_BPF and CAP_PERFMON, and a kernel with CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF; without it pointers are recorded as numbers.'
    : 'Run as root; without it pointers are recorded as numbers.';
  return no('pointers', "pointers' content", { detail: reason, advice });
}

function filters(view: KernelView, tracefs: string): KernelFeature {
  const [system, event] = (view.tryRead(`${tracefs}/available_events`) ?? '').split('\n')[0]?.split(':') ?? [];
  const need = { path: `${tracefs}/events/${system}/${event}/filter`, what: 'filters of events' };
  const missing = probeMissing(view, need);
  if (missing !== undefined)
    return no(
      'filters',
      'filters',
      { detail: missing.detail, advice: 'They are applied when the records are converted.' },
      'partly',
    );
  return yes('filters', 'filters', 'The kernel applies what it can, the converter the rest.');
}

function rawPages(view: KernelView, tracefs: string): KernelFeature {
  const cpu = view.list(`${tracefs}/per_cpu`).find((name) => /^cpu\d+$/.test(name)) ?? 'cpu0';
  const code = view.whyNotOpen(`${tracefs}/per_cpu/${cpu}/trace_pipe_raw`);
  // EBUSY: another reader has the global buffer; recordings have their own.
  if (code === undefined || code === 'EBUSY') return yes('raw-pages', 'raw pages', 'Buffers are read by whole pages.');
  const detail = `The raw buffers cannot be read (${code}).`;
  return no('raw-pages', 'raw pages', {
    detail,
    advice: 'Run as root, on a kernel that is not locked down for confidentiality.',
  });
}

function largeSubBuffers(view: KernelView, tracefs: string): KernelFeature {
  const size = view.tryRead(`${tracefs}/buffer_subbuf_size_kb`);
  if (size !== undefined)
    return yes('large-sub-buffers', 'large sub-buffers', 'Sub-buffers can be larger than a page.');
  const detail = 'Sub-buffers are one page, which makes reading dearer.';
  return no('large-sub-buffers', 'large sub-buffers', { detail, advice: 'Use Linux 6.8 or later.' }, 'partly');
}

/** What programs can read as well as the kernel. */
const SHARED_CLOCKS = ['x86-tsc', 'mono', 'mono_raw', 'boot'] as const;

function clocks(view: KernelView, tracefs: string): KernelFeature {
  const offered = (view.tryRead(`${tracefs}/trace_clock`) ?? '').replace(/[[\]]/g, '').split(/\s+/);
  const shared = SHARED_CLOCKS.filter((clock) => offered.includes(clock));
  if (shared.length > 0) return yes('clocks', 'clocks', `Shared with programs: ${shared.join(', ')}.`);
  const detail = 'The kernel stamps its events with no clock that programs can read.';
  return no('clocks', 'clocks', { detail, advice: 'Use Linux 4.1 or later.' });
}

function tscClock(view: KernelView, tracefs: string): KernelFeature {
  const [id, name] = ['x86-tsc-clock', 'x86-tsc clock'] as const;
  if ((view.tryRead(`${tracefs}/trace_clock`) ?? '').includes('x86-tsc')) {
    const source = (view.tryRead('/sys/devices/system/clocksource/clocksource0/current_clocksource') ?? '').trim();
    if (source === 'tsc') return yes(id, name, 'The kernel stamps events with the TSC and keeps its own time by it.');
    const detail = `The kernel can stamp events with the TSC, but keeps its own time by ${source === '' ? 'another clock' : source}.`;
    return no(id, name, { detail, advice: 'Nothing needs to be done: mono or the synthetic clock is used.' }, 'partly');
  }
  const detail =
    view.arch === 'x64' ? 'The kernel cannot stamp events with the TSC.' : `There is no TSC on ${view.arch}.`;
  return no(id, name, { detail, advice: 'Nothing needs to be done: the monotonic clock is used.' });
}

function stacks(view: KernelView, tracefs: string): KernelFeature {
  const kernel = probeMissing(view, {
    path: `${tracefs}/options/stacktrace`,
    what: 'stacks of events',
    config: 'STACKTRACE',
  });
  if (kernel !== undefined) return no('stacks', 'stacks', kernel);
  const hasUser = view.whyNotOpen(`${tracefs}/options/userstacktrace`) === undefined;
  const which = hasUser ? 'Of the kernel and of programs' : 'Of the kernel';
  // Who may not see addresses sees zeros.
  const first = (view.tryRead('/proc/kallsyms') ?? '').slice(0, 16);
  if (!/^0*$/.test(first)) return yes('stacks', 'stacks', `${which}; names of kernel functions are readable.`);
  const detail = `${which}; names of kernel functions are hidden.`;
  return no('stacks', 'stacks', { detail, advice: 'As root: sysctl kernel.kptr_restrict=1' }, 'partly');
}

function cpus(view: KernelView, tracefs: string): KernelFeature {
  const count = view.list(`${tracefs}/per_cpu`).filter((name) => /^cpu\d+$/.test(name)).length;
  const online = (view.tryRead('/sys/devices/system/cpu/online') ?? '').trim();
  const canGo = view
    .list('/sys/devices/system/cpu')
    .some((name) => /^cpu\d+$/.test(name) && view.whyNotOpen(`/sys/devices/system/cpu/${name}/online`) === undefined);
  const detail = `${count} possible, online ${online === '' ? 'unknown' : online}; ${
    canGo ? 'those that come and go are followed' : 'none can come or go here'
  }.`;
  return yes('hotplug', 'CPUs', detail);
}

const LATER = 'this version has no rules for them yet';

function probes(view: KernelView, tracefs: string): readonly KernelFeature[] {
  const hasEventProbes = (view.tryRead(`${tracefs}/README`) ?? '').includes('e[:[<group>/]');
  const isBuiltWithout = view.config('EPROBE_EVENTS') === 'n' && view.config('PROBE_EVENTS') !== undefined;
  const eventProbes = probeMissing(view, {
    path: `${tracefs}/dynamic_events`,
    what: 'event probes',
    config: 'EPROBE_EVENTS',
  });
  return [
    fileFeature(view, 'kprobes', 'kprobes', `Kernel probes exist; ${LATER}.`, {
      path: `${tracefs}/kprobe_events`,
      what: 'kernel probes',
      config: 'KPROBE_EVENTS',
    }),
    fileFeature(view, 'uprobes', 'uprobes', `Probes of programs exist; ${LATER}.`, {
      path: `${tracefs}/uprobe_events`,
      what: 'probes of programs',
      config: 'UPROBE_EVENTS',
    }),
    eventProbes === undefined && hasEventProbes && !isBuiltWithout
      ? yes('event-probes', 'event probes', `Event probes exist; ${LATER}.`)
      : no(
          'event-probes',
          'event probes',
          eventProbes ?? {
            detail: `This kernel has no event probes${isBuiltWithout ? ' (built without CONFIG_EPROBE_EVENTS)' : ''}.`,
            advice: 'Use Linux 5.15 or later, built with CONFIG_EPROBE_EVENTS.',
          },
        ),
  ];
}

function functions(view: KernelView, tracefs: string): readonly KernelFeature[] {
  const tracers = (view.tryRead(`${tracefs}/available_tracers`) ?? '').split(/\s+/);
  const feature = (id: string, name: string, tracer: string, config: string): KernelFeature => {
    if (!tracers.includes(tracer)) {
      const advice = `Use a kernel built with CONFIG_${config}.`;
      return no(id, name, { detail: `This kernel has no ${name}.`, advice });
    }
    // Locked down, the tracer is listed and its files cannot be opened.
    const missing = probeMissing(view, { path: `${tracefs}/set_ftrace_filter`, what: `the ${name}`, config });
    return missing === undefined ? yes(id, name, `It exists; ${LATER}.`) : no(id, name, missing);
  };
  return [
    feature('function-tracer', 'function tracer', 'function', 'FUNCTION_TRACER'),
    feature('function-graph', 'function graph tracer', 'function_graph', 'FUNCTION_GRAPH_TRACER'),
  ];
}

const OWNED_NAME = /^lockstep-.*-(\d+)\.(\d+)$/;

/** Who else makes the machine slower by tracing, and what dead recordings left. */
function otherUsers(view: KernelView, tracefs: string): readonly KernelFeature[] {
  const names = view.list(`${tracefs}/instances`);
  const isDead = (name: string): boolean => {
    const [, pid, start] = OWNED_NAME.exec(name) ?? [];
    return pid !== undefined && view.processStartTime(Number(pid)) !== start;
  };
  const dead = names.filter(isDead);
  const others = names.filter((name) => !OWNED_NAME.test(name));
  const tracer = (view.tryRead(`${tracefs}/current_tracer`) ?? 'nop').trim();
  const uses = [
    ...(tracer === 'nop' ? [] : [`the tracer ${tracer} is on`]),
    ...((view.tryRead(`${tracefs}/set_event`) ?? '').trim() === '' ? [] : ['events are on']),
    ...(others.length === 0 ? [] : [`instances: ${others.slice(0, 5).join(', ')}`]),
  ];
  return [
    ...(dead.length === 0
      ? []
      : [
          no(
            'dead-recordings',
            'dead recordings',
            {
              detail: `They left ${dead.slice(0, 5).join(', ')} in tracefs.`,
              advice: 'The next recording removes them.',
            },
            'partly',
          ),
        ]),
    ...(uses.length === 0
      ? []
      : [
          yes(
            'other-users',
            'other users',
            `Others use tracefs (${uses.join('; ')}); they are left alone, and cost the machine.`,
          ),
        ]),
  ];
}

function kernelTypes(view: KernelView): KernelFeature {
  return fileFeature(view, 'btf', 'kernel types', 'BTF in /sys/kernel/btf/vmlinux.', {
    path: '/sys/kernel/btf/vmlinux',
    what: 'type information (BTF)',
    config: 'DEBUG_INFO_BTF',
  });
}

function perf(view: KernelView): KernelFeature {
  const text = view.tryRead('/proc/sys/kernel/perf_event_paranoid');
  if (text === undefined)
    return no('perf', 'perf counters', {
      detail: 'This kernel has no perf events.',
      advice: 'Use a kernel built with CONFIG_PERF_EVENTS.',
    });
  const level = Number(text);
  const isHardware = view.list('/sys/bus/event_source/devices').some((name) => /^(cpu|armv\d|cpum_)/.test(name));
  const what = isHardware ? 'hardware and software counters' : 'software counters only, as in most virtual machines';
  const detail = `kernel.perf_event_paranoid is ${level}; ${what}.`;
  if (view.isRoot || level < 2) return yes('perf', 'perf counters', detail);
  return no('perf', 'perf counters', { detail, advice: 'As root: sysctl kernel.perf_event_paranoid=1' }, 'partly');
}
