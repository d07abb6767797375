// SPDX-License-Identifier: MIT
// Makes traces with LTTng-UST: compiles a C program with tracepoints of every field type, runs it in a
// recording session, and leaves the trace in a directory. For tests and benches that compare Lockstep's
// reader with babeltrace2 on what LTTng writes. Needs lttng-tools, liblttng-ust-dev and a C compiler.

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PROVIDER = `
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER lockstep_test
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./provider.h"
#if !defined(PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_H
#include <lttng/tracepoint.h>
#include <stdint.h>
LTTNG_UST_TRACEPOINT_ENUM(lockstep_test, color, LTTNG_UST_TP_ENUM_VALUES(
 lttng_ust_field_enum_value("RED", 0)
 lttng_ust_field_enum_range("GREENISH", 1, 5)
 lttng_ust_field_enum_value("OVERLAP", 3)
 lttng_ust_field_enum_value("quo\\"te", 9)
))
LTTNG_UST_TRACEPOINT_EVENT(lockstep_test, all,
 LTTNG_UST_TP_ARGS(int, i, double, d, const char *, s, const int *, three, const int16_t *, four),
 LTTNG_UST_TP_FIELDS(
  lttng_ust_field_integer(int8_t, i8, i)
  lttng_ust_field_integer(uint8_t, u8, i)
  lttng_ust_field_integer(int16_t, i16, i)
  lttng_ust_field_integer(uint16_t, u16, i)
  lttng_ust_field_integer(int32_t, i32, i)
  lttng_ust_field_integer(uint32_t, u32, i)
  lttng_ust_field_integer(int64_t, i64, (int64_t)i * 1234567890123LL)
  lttng_ust_field_integer(uint64_t, u64, (uint64_t)(int64_t)i)
  lttng_ust_field_integer_hex(int32_t, hex, i)
  lttng_ust_field_integer_hex(uint64_t, hex64, (uint64_t)(int64_t)i)
  lttng_ust_field_integer_network(uint16_t, net16, htons((uint16_t)i))
  lttng_ust_field_integer_network_hex(uint32_t, net32, htonl((uint32_t)i))
  lttng_ust_field_float(float, f, d)
  lttng_ust_field_float(double, d, d)
  lttng_ust_field_string(s, s)
  lttng_ust_field_array(int, arr, three, 3)
  lttng_ust_field_array_hex(uint8_t, arrhex, "abcd", 4)
  lttng_ust_field_array_text(char, text, "text\\0more", 9)
  lttng_ust_field_sequence(int16_t, seq, four, size_t, (i & 3))
  lttng_ust_field_sequence_text(char, seqtext, s, size_t, strlen(s))
  lttng_ust_field_enum(lockstep_test, color, int, e, i)
 )
)
LTTNG_UST_TRACEPOINT_EVENT(lockstep_test, empty, LTTNG_UST_TP_ARGS(), LTTNG_UST_TP_FIELDS())
LTTNG_UST_TRACEPOINT_EVENT(lockstep_test, int_double, LTTNG_UST_TP_ARGS(int, a, double, b),
 LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, a, a) lttng_ust_field_float(double, b, b)))
LTTNG_UST_TRACEPOINT_EVENT(lockstep_test, int_string, LTTNG_UST_TP_ARGS(int, a, const char *, b),
 LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, a, a) lttng_ust_field_string(b, b)))
#endif
#include <lttng/tracepoint-event.h>
`;

// No empty string and no invalid UTF-8 among the strings: see docs/text-output.md.
const PROGRAM = `
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#include "provider.h"
int main(int argc, char **argv) {
 int all = !strcmp(argv[1], "all"), n = atoi(argv[2]);
 static const double ds[] = {0.0, -0.0, 1.5, 1e100, -1e-7, 123456789.0, 1.0/3, 1e5, 1e6, 0.0001, 0.00001, 1.0/0.0, -1.0/0.0, 5e-324, 999999.5, 100000.5};
 static const char *ss[] = {"plain", "a\\"b\\\\c'd?e", "tab\\tnl\\n\\x1b\\x01\\x7f", "h\\xc3\\xa9llo \\xe2\\x82\\xac"};
 static const int three[3] = {1, -1, 7};
 static const int16_t four[4] = {1, -2, 3, -4};
 for (int i = 0; i < n; i++) {
  if (all) {
   lttng_ust_tracepoint(lockstep_test, all, i - 3, ds[i % 16], ss[i % 4], three, four);
   lttng_ust_tracepoint(lockstep_test, empty);
  } else {
   lttng_ust_tracepoint(lockstep_test, int_double, i, i * 0.5);
   lttng_ust_tracepoint(lockstep_test, int_string, i, "sixteen chars ab");
  }
 }
 return 0;
}
`;

export interface LttngTraceOptions {
  readonly directory: string;
  /** `all`: every field type; `pairs`: int + double, int + string. */
  readonly events: 'all' | 'pairs';
  readonly count: number;
  readonly channelOptions?: readonly string[];
  readonly contexts?: readonly string[];
}

/** Why LTTng traces cannot be made here, or undefined. */
export function lttngMissing(): string | undefined {
  for (const [command, argument] of [
    ['lttng', '--version'],
    ['lttng-sessiond', '--version'],
    ['cc', '--version'],
    ['babeltrace2', '--version'],
  ] as const) {
    if (spawnSync(command, [argument], { stdio: 'ignore' }).error !== undefined) return `${command} is not installed`;
  }
  const header = spawnSync('cc', ['-fsyntax-only', '-xc', '-'], {
    input: '#include <lttng/tracepoint.h>\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return header.status === 0 ? undefined : 'liblttng-ust-dev is not installed';
}

/** The user `nobody`: root's session daemon is one for the whole machine, others have one a directory. */
const NOBODY = 65_534;

/** LTTng for as long as it is needed, with a session daemon of its own. */
export class Lttng {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  #daemon: ChildProcess | undefined;
  /** Who runs everything. */
  #user: { readonly uid?: number; readonly gid?: number } = {};
  readonly provider = `lockstep_test_${process.pid}`;

  /** `directory` takes the compiled program and LTTng's own files. */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    this.#environment = { ...process.env, LTTNG_HOME: directory };
    if (process.getuid?.() !== 0) return;
    this.#user = { uid: NOBODY, gid: NOBODY };
    chmodSync(dirname(directory), 0o755);
    chownSync(directory, NOBODY, NOBODY);
  }

  start(): void {
    const named = (source: string): string => source.replaceAll('lockstep_test', this.provider);
    writeFileSync(join(this.#directory, 'provider.h'), named(PROVIDER));
    writeFileSync(join(this.#directory, 'program.c'), named(PROGRAM));
    execFileSync('cc', ['-O2', '-I.', 'program.c', '-o', 'program', '-llttng-ust', '-ldl'], {
      cwd: this.#directory,
      stdio: 'pipe',
    });
    if (this.#isRunning()) return;
    this.#daemon = spawn('lttng-sessiond', ['--no-kernel'], {
      env: this.#environment,
      stdio: 'ignore',
      ...this.#user,
    });
    const deadline = Date.now() + 10_000;
    while (!this.#isRunning()) {
      if (Date.now() > deadline) throw new Error('the LTTng session daemon does not answer');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }

  /** A live session that sends to a relay; `run` records into it, `end` destroys it. */
  live(
    name: string,
    relayUrl: string,
  ): { readonly run: (events: 'all' | 'pairs', count: number) => void; readonly end: () => void } {
    const lttng = (...parts: string[]): void => {
      execFileSync('lttng', ['-q', '--no-sessiond', ...parts], {
        env: this.#environment,
        stdio: 'pipe',
        ...this.#user,
      });
    };
    lttng('create', name, '--live=200000', `--set-url=${relayUrl}`);
    lttng('enable-event', '-s', name, '-u', `${this.provider}:*`);
    lttng('start', name);
    return {
      run: (events, count) => {
        execFileSync('./program', [events, String(count)], {
          cwd: this.#directory,
          env: this.#environment,
          stdio: 'pipe',
          ...this.#user,
        });
      },
      end: () => lttng('destroy', name),
    };
  }

  record(options: LttngTraceOptions): void {
    const name = `lockstep-${process.pid}-${Math.trunc(performance.now())}`;
    mkdirSync(options.directory, { recursive: true });
    if (this.#user.uid !== undefined) chownSync(options.directory, NOBODY, NOBODY);
    const lttng = (...parts: string[]): void => {
      execFileSync('lttng', ['-q', '--no-sessiond', ...parts], {
        env: this.#environment,
        stdio: 'pipe',
        ...this.#user,
      });
    };
    lttng('create', name, '-o', options.directory);
    try {
      lttng('enable-channel', '-s', name, '-u', 'ch', ...(options.channelOptions ?? []));
      lttng('enable-event', '-s', name, '-u', '-c', 'ch', `${this.provider}:*`);
      const contexts = options.contexts ?? [];
      if (contexts.length > 0)
        lttng('add-context', '-s', name, '-u', '-c', 'ch', ...contexts.flatMap((context) => ['-t', context]));
      lttng('start', name);
      execFileSync('./program', [options.events, String(options.count)], {
        cwd: this.#directory,
        env: this.#environment,
        stdio: 'pipe',
        ...this.#user,
      });
      lttng('stop', name);
    } finally {
      lttng('destroy', name);
    }
  }

  stop(): void {
    this.#daemon?.kill();
  }

  #isRunning(): boolean {
    return (
      spawnSync('lttng', ['-q', '--no-sessiond', 'list'], { env: this.#environment, stdio: 'ignore', ...this.#user })
        .status === 0
    );
  }
}
