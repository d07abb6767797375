// SPDX-License-Identifier: MIT
// How fast a long trace is read, babeltrace2 and Lockstep alternating in one run: counting on one core
// and on two, the sum of one field in columns (one core, two threads) against the same in C by libbabeltrace2, the first record
// after a seek, memory, and metadata of 20 000 classes. The trace is a real one of LTTng-UST, repeated.
//
//   node packages/ctf/dist/bench/read.bench.js [--rounds N] [--records N] [--only WORD] [--clean]

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTraceDirectory, type TraceSet } from '../src/node/trace-set.ts';
import { Lttng, lttngMissing } from '../src/testing/lttng-program.ts';
import { scaleTrace } from '../src/testing/scaled-trace.ts';

const BASE = join(tmpdir(), 'lockstep-bench-read');
/** What Lockstep runs: a program of its own, so that a round costs what a user's program costs. */
const PROGRAM = fileURLToPath(new URL('read-program.js', import.meta.url));
const PAIRS = 500_000;

const SUM_C = `
#include <babeltrace2/babeltrace.h>
#include <stdio.h>
#include <string.h>
static int64_t sum; static uint64_t records;
static bt_message_iterator *it;
static bt_graph_simple_sink_component_consume_func_status take(bt_message_iterator *iterator, void *data) {
  bt_message_array_const messages; uint64_t count;
  switch (bt_message_iterator_next(iterator, &messages, &count)) {
  case BT_MESSAGE_ITERATOR_NEXT_STATUS_END: return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
  case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK: break;
  default: return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR;
  }
  for (uint64_t i = 0; i < count; i++) {
    if (bt_message_get_type(messages[i]) == BT_MESSAGE_TYPE_EVENT) {
      const bt_event *event = bt_message_event_borrow_event_const(messages[i]);
      static const bt_event_class *wanted;
      const bt_event_class *class = bt_event_borrow_class_const(event);
      if (wanted == NULL && strcmp(bt_event_class_get_name(class), EVENT) == 0) wanted = class;
      if (class == wanted) {
        const bt_field *field = bt_field_structure_borrow_member_field_by_name_const(
          bt_event_borrow_payload_field_const(event), FIELD);
        sum += bt_field_integer_signed_get_value(field); records++;
      }
    }
    bt_message_put_ref(messages[i]);
  }
  return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}
int main(int argc, char **argv) {
  const bt_plugin *ctf, *utils;
  bt_plugin_find("ctf", 1, 1, 1, 1, 1, &ctf); bt_plugin_find("utils", 1, 1, 1, 1, 1, &utils);
  bt_graph *graph = bt_graph_create(0);
  bt_value *params = bt_value_map_create(), *inputs;
  bt_value_map_insert_empty_array_entry(params, "inputs", &inputs);
  bt_value_array_append_string_element(inputs, argv[1]);
  const bt_component_source *source; const bt_component_filter *muxer; const bt_component_sink *sink;
  bt_graph_add_source_component(graph, bt_plugin_borrow_source_component_class_by_name_const(ctf, "fs"), "s", params, BT_LOGGING_LEVEL_WARNING, &source);
  bt_graph_add_filter_component(graph, bt_plugin_borrow_filter_component_class_by_name_const(utils, "muxer"), "m", NULL, BT_LOGGING_LEVEL_WARNING, &muxer);
  bt_graph_add_simple_sink_component(graph, "k", NULL, take, NULL, NULL, &sink);
  for (uint64_t i = 0; i < bt_component_source_get_output_port_count(source); i++)
    bt_graph_connect_ports(graph, bt_component_source_borrow_output_port_by_index_const(source, i),
      bt_component_filter_borrow_input_port_by_index_const(muxer, i), NULL);
  bt_graph_connect_ports(graph, bt_component_filter_borrow_output_port_by_index_const(muxer, 0),
    bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL);
  int status = bt_graph_run(graph);
  printf("%lld %llu\\n", (long long) sum, (unsigned long long) records);
  return status;
}`;

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** The program's provider has its process id in its name. */
function columnEvent(traceSet: TraceSet): string {
  for (const { traceClass } of traceSet.traces) {
    for (const dsc of traceClass.dataStreamClasses.values()) {
      for (const { name } of dsc.eventRecordClasses.values()) if (name.endsWith(':int_double')) return name;
    }
  }
  throw new Error('the trace has no event of int and double');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Run {
  readonly seconds: number;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Run {
  const begin = process.hrtime.bigint();
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return { seconds: Number(process.hrtime.bigint() - begin) / 1e9, output: stdout };
}

function runSelf(mode: string, path: string, args: readonly string[] = []): Run {
  return run(process.execPath, [PROGRAM, mode, path, ...args]);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function makeTrace(records: number): string {
  const path = join(BASE, `trace-${records}`);
  if (existsSync(join(path, 'metadata'))) return path;
  mkdirSync(BASE, { recursive: true });
  const lttng = new Lttng(join(BASE, 'home'));
  const small = join(BASE, 'small');
  rmSync(small, { recursive: true, force: true });
  lttng.start();
  try {
    lttng.record({
      directory: small,
      events: 'pairs',
      count: PAIRS,
      channelOptions: ['--subbuf-size=1M', '--num-subbuf=16'],
    });
  } finally {
    lttng.stop();
  }
  scaleTrace(findMetadata(small), path, Math.round(records / (2 * PAIRS)));
  return path;
}

function findMetadata(directory: string): string {
  const entries = readdirSync(directory, { withFileTypes: true });
  if (entries.some((entry) => entry.name === 'metadata')) return directory;
  for (const entry of entries) {
    if (entry.isDirectory()) {
      const found = findMetadata(join(directory, entry.name));
      if (found !== '') return found;
    }
  }
  return '';
}

/** Alternates rival and own; prints rates and the median of the ratios. */
function compare(title: string, records: number, rounds: number, rival: () => Run, own: () => Run): void {
  const [there, here]: [number[], number[]] = [[], []];
  let output = '';
  for (let round = 0; round < rounds; round++) {
    there.push(rival().seconds);
    const result = own();
    here.push(result.seconds);
    output = result.output;
  }
  const rate = (seconds: readonly number[]): string => `${(records / median(seconds) / 1e6).toFixed(2)} M/s`;
  const ratio = median(there.map((seconds, i) => seconds / here[i]!));
  const memory = /memory (\d+)/.exec(output)?.[1] ?? '?';
  print(
    `${title.padEnd(28)} rival ${rate(there).padStart(10)}  Lockstep ${rate(here).padStart(11)}  ratio ${ratio.toFixed(1)}  ${memory} MB`,
  );
}

function main(): void {
  if (process.argv.includes('--clean')) {
    rmSync(BASE, { recursive: true, force: true });
    return;
  }
  const missing = lttngMissing();
  if (missing !== undefined) {
    print(`nothing to compare with: ${missing}`);
    return;
  }
  const rounds = option('--rounds', 3);
  const records = option('--records', 30_000_000);
  const only = process.argv[process.argv.indexOf('--only') + 1] ?? '';
  const isWanted = (name: string): boolean => !process.argv.includes('--only') || name.includes(only);
  print(
    `node ${process.version}, linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'} x ${cpus().length}, ${records} records, ${rounds} rounds, medians`,
  );
  const path = makeTrace(records);
  const event = columnEvent(openTraceDirectory(path));
  const onOne = ['-c', '0'];
  // Statistics would be printed for every 10 000th message.
  const counter = ['-c', 'sink.utils.counter', '-p', 'step=+1000000000'];
  const countThere = (): Run => run('taskset', [...onOne, 'babeltrace2', path, ...counter]);
  const self = (mode: string): string[] => [process.execPath, PROGRAM, mode, path, event];
  if (isWanted('count1'))
    compare('count, one core', records, rounds, countThere, () => run('taskset', [...onOne, ...self('count1')]));
  if (isWanted('count2')) compare('count, two cores', records, rounds, countThere, () => runSelf('count2', path));
  if (isWanted('sum') && existsSync('/usr/include/babeltrace2/babeltrace.h')) {
    const program = join(BASE, 'sum');
    writeFileSync(`${program}.c`, SUM_C);
    run('cc', ['-O2', `-DEVENT="${event}"`, '-DFIELD="a"', `${program}.c`, '-o', program, '-lbabeltrace2']);
    const there = (): Run => run('taskset', [...onOne, program, path]);
    const sumHere = (mode: string): string => runSelf(mode, path, [event]).output.split('\n')[0]!;
    print(`sums: C ${there().output.split(' ')[0]}, Lockstep ${sumHere('sum1')}, with two threads ${sumHere('sum2')}`);
    compare('sum of one field, one core', records, rounds, there, () => run('taskset', [...onOne, ...self('sum1')]));
    compare('sum of one field, two threads', records, rounds, there, () => runSelf('sum2', path, [event]));
  }
  if (isWanted('seek')) {
    const span = (2n ** 32n * BigInt(Math.round(records / (2 * PAIRS)))).toString();
    const seeks = Array.from({ length: 5 }, () =>
      Number(/seek ([\d.]+)/.exec(runSelf('seek', path, [event, span]).output)?.[1]),
    );
    print(`first record after a seek into the middle: ${median(seeks).toFixed(1)} ms`);
  }
  if (isWanted('classes')) print(`20 000 event classes: ${runSelf('classes', '').output.replaceAll('\n', ' ')}`);
}

main();
