// SPDX-License-Identifier: MIT
// The context fields that an event record of the kernel can carry (LTTng's `add-context`), what each
// needs to be known, and what it looks like in the trace. record-context.ts fills them in.

import { InputError } from '@lockstep/base';
import type { FilterFields, FilterFieldType } from '@lockstep/filter';
import {
  sequenceMembers,
  signedInteger,
  staticLengthString,
  unsignedInteger,
  type StructureMemberClass,
} from '@lockstep/ctf/write';
import { NAMESPACES, type Namespace, type ThreadAttributes } from './thread-table.ts';

/**
 * `record`: the record itself says it. `switches`: who runs on the CPU, by the scheduler's events of
 * that CPU. `threads`: the thread table, kept by fork and exit. `credentials`, `namespaces`: the same, and
 * the system calls that change them. `stack`: the record that the kernel writes behind each event.
 */
export type ContextNeed = 'record' | 'switches' | 'threads' | 'credentials' | 'namespaces' | 'stack';

type IntegerSource =
  | { readonly kind: 'attribute'; readonly name: keyof ThreadAttributes & (typeof ATTRIBUTES)[number] }
  | { readonly kind: 'namespace'; readonly name: Namespace }
  | {
      readonly kind: 'computed';
      readonly name:
        | 'cpu_id'
        | 'prio'
        | 'nice'
        | 'tid'
        | 'preemptible'
        | 'interruptible'
        | 'need_reschedule'
        | 'migratable';
    };

export type ContextField = {
  /** LTTng's name with `-` as `_`: that in the trace and in `$ctx.NAME`. */
  readonly name: string;
  readonly need: ContextNeed;
} & (
  | { readonly shape: 'integer'; readonly isSigned: boolean; readonly source: IntegerSource }
  | { readonly shape: 'text'; readonly sizeBytes: number }
  | { readonly shape: 'stack'; readonly of: 'kernel' | 'user' }
);

const ATTRIBUTES = [
  'pid',
  'ppid',
  'vtid',
  'vpid',
  'vppid',
  'uid',
  'euid',
  'suid',
  'gid',
  'egid',
  'sgid',
  'vuid',
  'veuid',
  'vsuid',
  'vgid',
  'vegid',
  'vsgid',
] as const;

export const PROCNAME_SIZE_BYTES = 16;
/** __NEW_UTS_LEN and the NUL. */
export const HOSTNAME_SIZE_BYTES = 65;

const FIELDS: ReadonlyMap<string, ContextField> = new Map(
  [
    ...ATTRIBUTES.map((name): ContextField => {
      const isId = /[ug]id$/.test(name);
      return {
        name,
        need: isId ? 'credentials' : 'threads',
        shape: 'integer',
        isSigned: !isId,
        source: { kind: 'attribute', name },
      };
    }),
    ...NAMESPACES.map((name): ContextField => ({
      name: `${name}_ns`,
      need: 'namespaces',
      shape: 'integer',
      isSigned: false,
      source: { kind: 'namespace', name },
    })),
    ...(['cpu_id', 'tid', 'preemptible', 'interruptible', 'need_reschedule', 'migratable'] as const).map(
      (name): ContextField => ({
        name,
        need: 'record',
        shape: 'integer',
        isSigned: true,
        source: { kind: 'computed', name },
      }),
    ),
    ...(['prio', 'nice'] as const).map((name): ContextField => ({
      name,
      need: 'switches',
      shape: 'integer',
      isSigned: true,
      source: { kind: 'computed', name },
    })),
    { name: 'procname', need: 'switches', shape: 'text', sizeBytes: PROCNAME_SIZE_BYTES } as const,
    { name: 'hostname', need: 'record', shape: 'text', sizeBytes: HOSTNAME_SIZE_BYTES } as const,
    { name: 'callstack_kernel', need: 'stack', shape: 'stack', of: 'kernel' } as const,
    { name: 'callstack_user', need: 'stack', shape: 'stack', of: 'user' } as const,
  ].map((field) => [field.name, field]),
);

export const CONTEXT_NAMES: readonly string[] = [...FIELDS.keys()].map((name) =>
  name.replace('callstack_', 'callstack-'),
);

/** Undefined when there is none of that name. */
export function findContextField(name: string): ContextField | undefined {
  return FIELDS.get(name.replaceAll('-', '_').replace(/^kernel:|^\$ctx\./, ''));
}

/** Fields for `-t` texts, in the order of the trace: stacks, whose length varies, come last. Throws InputError. */
export function parseContexts(texts: readonly string[]): ContextField[] {
  const fields = new Map<string, ContextField>();
  for (const text of texts.flatMap((one) => one.split(','))) {
    const field = findContextField(text.trim());
    if (field === undefined) {
      const advice = text.includes('perf:')
        ? 'the kernel gives performance counters to no tracer without a module'
        : `there are ${CONTEXT_NAMES.join(', ')}`;
      throw new InputError(`There is no context field "${text.trim()}"; ${advice}.`, { context: text });
    }
    // Every record of the kernel has it anyway.
    if (field.name !== 'tid') fields.set(field.name, field);
  }
  // Whose address it is says the process.
  const pid = FIELDS.get('pid');
  if (fields.has('callstack_user') && pid !== undefined) fields.set('pid', pid);
  const all = [...fields.values()];
  return [...all.filter((field) => field.shape !== 'stack'), ...all.filter((field) => field.shape === 'stack')];
}

export function contextMembers(fields: readonly ContextField[]): StructureMemberClass[] {
  return fields.flatMap((field): readonly StructureMemberClass[] => {
    switch (field.shape) {
      case 'integer':
        return [{ name: field.name, fieldClass: field.isSigned ? signedInteger(32) : unsignedInteger(32) }];
      case 'text':
        return [{ name: field.name, fieldClass: staticLengthString(field.sizeBytes) }];
      case 'stack':
        return sequenceMembers(field.name, unsignedInteger(64, { displayBase: 16 }));
    }
  });
}

/** What a filter may name as `$ctx.NAME`. */
export const CONTEXT_FILTER_FIELDS: FilterFields = new Map(
  [...FIELDS.values()].flatMap((field): [string, FilterFieldType][] => {
    if (field.shape === 'stack') return [];
    return [
      [
        field.name,
        field.shape === 'text' ? { type: 'string' } : { type: 'integer', bits: 32, isSigned: field.isSigned },
      ],
    ];
  }),
);
