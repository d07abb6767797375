// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeMetadata } from '@lockstep/ctf/write';
import { generateCopier } from './conversion-code.ts';
import { makeEventClass } from './event-class.ts';
import { parseEventFormat } from './event-format.ts';
import { kernelTraceClass } from './kernel-trace-class.ts';
import { STATE_DUMP_EVENT_CLASSES } from './state-dump/record-classes.ts';
import { SKIP_WITHOUT_TRACEFS, tracefsPath } from './testing/tracefs-or-skip.ts';

const COMMON = `format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

`;

function parse(system: string, name: string, fields: string, printFormat = '"x"'): ReturnType<typeof makeEventClass> {
  const format = parseEventFormat(system, `name: ${name}\nID: 42\n${COMMON}${fields}\nprint fmt: ${printFormat}\n`);
  assert.ok(format);
  return makeEventClass(format);
}

const namesOf = (eventClass: ReturnType<typeof makeEventClass>): string[] =>
  eventClass.payload.memberClasses.map(({ name }) => name);

test('sched_switch has the names that LTTng gives its fields', () => {
  const eventClass = parse(
    'sched',
    'sched_switch',
    '\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n',
  );
  assert.deepEqual(namesOf(eventClass), ['prev_comm', 'prev_tid', 'prev_state', 'next_tid']);
  assert.deepEqual(eventClass.payload.memberClasses[0]?.fieldClass, { type: 'static-length-string', length: 16 });
  assert.equal(eventClass.plan.sizeBytes, 60);
});

test('a system call has the arguments that its C types say, without its number', () => {
  const eventClass = parse(
    'syscalls',
    'sys_enter_openat',
    '\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\tfield:int flags;\toffset:32;\tsize:8;\tsigned:0;\n\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n',
  );
  assert.equal(eventClass.name, 'syscall_entry_openat');
  const shapes = eventClass.payload.memberClasses.map(({ name, fieldClass }) =>
    'length' in fieldClass && 'alignment' in fieldClass
      ? [
          name,
          fieldClass.type,
          fieldClass.length,
          'preferredDisplayBase' in fieldClass ? fieldClass.preferredDisplayBase : 10,
        ]
      : [name, fieldClass.type],
  );
  assert.deepEqual(shapes, [
    ['dfd', 'fixed-length-signed-integer', 32, 10],
    ['filename', 'fixed-length-unsigned-integer', 64, 16],
    ['flags', 'fixed-length-signed-integer', 32, 10],
    ['mode', 'fixed-length-unsigned-integer', 16, 10],
  ]);
});

test('located strings, sequences and odd types never lose the event', () => {
  const eventClass = parse(
    'x',
    'odd',
    '\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:__rel_loc u32[] list;\toffset:12;\tsize:4;\tsigned:0;\n\tfield:struct what thing;\toffset:16;\tsize:12;\tsigned:0;\n\tfield:u8 mac[6];\toffset:28;\tsize:6;\tsigned:0;\n\tthis is no field\n\tfield:char rest[];\toffset:36;\tsize:0;\tsigned:0;\n',
    'what even is this __print_symbolic(REC->thing, {',
  );
  assert.deepEqual(namesOf(eventClass), ['name', '_list_length', 'list', 'thing', 'mac']);
});

test('tables become enumerations where LTTng has no event of the name, and flags keep one label a value', () => {
  const fields =
    '\tfield:unsigned int state;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:int code;\toffset:12;\tsize:4;\tsigned:1;\n\tfield:__data_loc cpumask_t *[] cpus;\toffset:16;\tsize:4;\tsigned:0;\n';
  const printFormat =
    '"%s %s %s", __print_flags(REC->state, "|", { 1, "A" }, { 2, "B" }, { 0xffffffffffUL, "ALL" }, { 1, "again" }), __print_symbolic(REC->code, { -1, "MINUS" }), __get_cpumask(cpus)';
  const eventClass = parse('x', 'tabled', fields, printFormat);
  const mappings = eventClass.payload.memberClasses.map(({ fieldClass }) =>
    'mappings' in fieldClass ? fieldClass.mappings : undefined,
  );
  assert.deepEqual(mappings, [
    { A: [[1, 1]], B: [[2, 2]], ALL: [[0xffff_ffff, 0xffff_ffff]] },
    { MINUS: [[-1, -1]] },
    undefined,
    undefined,
  ]);
  assert.deepEqual(eventClass.plan.steps[2], { kind: 'sequence', from: 16, isRelative: false, elementSizeBytes: 8 });
  const known = parse(
    'sched',
    'sched_waking',
    '\tfield:int prio;\toffset:8;\tsize:4;\tsigned:1;\n',
    '"%s", __print_symbolic(REC->prio, { 1, "x" })',
  );
  assert.ok(!('mappings' in (known.payload.memberClasses[0]?.fieldClass ?? {})));
});

test(
  'every format of this kernel becomes an event record class, a copier and metadata',
  { skip: SKIP_WITHOUT_TRACEFS },
  () => {
    const classes = [];
    for (const system of readdirSync(`${tracefsPath}/events`)) {
      const directory = `${tracefsPath}/events/${system}`;
      if (!existsSync(`${directory}/enable`)) continue;
      for (const name of readdirSync(directory)) {
        if (!existsSync(`${directory}/${name}/format`)) continue;
        const text = readFileSync(`${directory}/${name}/format`, 'utf8');
        const format = parseEventFormat(system, text);
        assert.ok(format, `${system}:${name}`);
        // Every line that begins like a field is one, but for the common ones.
        const fieldCount = [...text.matchAll(/^\tfield:(?!.*\bcommon_)/gm)].length;
        assert.equal(format.fields.length, fieldCount, `${system}:${name}`);
        const eventClass = makeEventClass(format);
        assert.equal(typeof generateCopier(eventClass.plan), 'function');
        classes.push(eventClass);
      }
    }
    assert.ok(classes.length > 1000);
    const metadata = writeMetadata(
      kernelTraceClass({
        uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
        clockClass: { name: 'c', frequency: 1_000_000_000n, offsetSeconds: 0n, offsetCycles: 0n, absolute: true },
        channels: [{ name: 'k', id: 0, events: classes }],
        stateDumpChannelId: 1,
        traceName: 't',
        startTime: new Date(0),
        environment: {},
      }),
    );
    assert.equal([...metadata.matchAll(/^event \{/gm)].length, classes.length + STATE_DUMP_EVENT_CLASSES.length);
  },
);
