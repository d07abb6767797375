// SPDX-License-Identifier: MIT
// `lockstep record`: a session that lives in the command. Makes the session, starts the kernel half,
// the program and the consumer, waits, and ends them in the order that loses nothing.

import { lchownSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { chooseClock, CLOCK_HISTORY_FILE, SyntheticClock, type Keeper, type TraceClock } from '@lockstep/clock';
import { loadNative, nativeMissingReason } from '@lockstep/native';
import { CLOCK_PAGE_FILE, SESSION_VARIABLE, type TracingPlan } from '@lockstep/protocol';
import { hasPreload, preloadNodeOptions } from '@lockstep/tracer/preload';
import { clockClassToJson } from './clock-class-json.ts';
import { startConsumerThread, type ConsumerThread } from './consumer/consumer-thread.ts';
import { emptyReport, sumReport, type ConsumerReport } from './consumer/report.ts';
import { parseEventRules, type EventRules } from './event-rules.ts';
import {
  refuseKernelRules,
  startKernelHalf,
  stateDirectoryOf,
  whyNoKernelHalf,
  type KernelHalf,
} from './kernel-half.ts';
import { hasLiveReaders } from './live-readers.ts';
import { findOwner, type Owner } from './owner.ts';
import { checkProgram, launchProgram, type LaunchedProgram } from './program-launch.ts';
import { EarlySignals, ProgramEnd, signalNumber } from './program-end.ts';
import type { KernelSummary, RecordOptions, RecordResult, RecordSummary } from './record-types.ts';
import { makeTracingPlan } from './recording-plan.ts';
import { rewriteClockClass } from './refine-clock.ts';
import { createSessionDirectory, safeName, type SessionDirectory } from './session-directory.ts';
import {
  createTraceDirectory,
  defaultTraceDirectory,
  handOver,
  markOwner,
  rememberLastTrace,
  removeIfEmpty,
  unmarkOwner,
} from './trace-directory.ts';

/** What a signal number is to an exit status (wait(2), every shell). */
const SIGNAL_STATUS_BASE = 128;
/** Lockstep itself failed, as env(1) says of itself. */
export const STATUS_LOCKSTEP_FAILED = 125;

/** Often enough for the eye, and for a disk that fills up. */
const TICK_INTERVAL_MS = 250;

/**
 * Records one run of a program. Throws LockstepError for what prevents the recording, before the
 * program was started; afterwards everything that goes wrong is in the summary.
 */
export async function record(options: RecordOptions): Promise<RecordResult> {
  const program = options.command[0] as string;
  checkProgram(program);
  const owner = findOwner(process.env, options.isAsRoot);
  const clock = chooseClock(options.clock);
  const rules = await parseEventRules(options.userRules, options.isKernelWanted ? options.kernelRules : []);
  const plan = makeTracingPlan({
    userRules: rules.user,
    isSamplerWanted: options.isSamplerWanted,
    isSnapshot: options.isSnapshot,
    blockingTimeoutMs: options.blockingTimeoutMs,
  });
  const name = basename(program);
  const traceDirectory = createTraceDirectory(options.traceDirectory ?? defaultTraceDirectory(name, owner), owner);
  markOwner(traceDirectory);
  try {
    const result = await new Recording(options, { owner, clock, plan, rules, name, traceDirectory }).run();
    await completeEarlierRecordings(options);
    return result;
  } catch (error) {
    unmarkOwner(traceDirectory);
    removeIfEmpty(traceDirectory);
    throw error;
  }
}

/** What killed recordings left in shared memory takes room there; the next one that ends sees to it. */
async function completeEarlierRecordings(options: RecordOptions): Promise<void> {
  const { findLeftovers, recoverLeftovers } = await import('./recover.ts');
  if (findLeftovers().length > 0) await recoverLeftovers(options.onSentence ?? ((): void => undefined));
}

interface Parts {
  readonly owner: Owner;
  readonly clock: TraceClock;
  readonly plan: TracingPlan;
  readonly rules: EventRules;
  readonly name: string;
  readonly traceDirectory: string;
}

class Recording {
  readonly #options: RecordOptions;
  readonly #parts: Parts;
  readonly #missing: string[] = [];
  readonly #startMs = performance.now();
  readonly #session: SessionDirectory;
  readonly #consumerCount: number;
  #consumer: ConsumerThread | undefined;
  /** With a synthetic clock: keeps its page true. */
  #keeper: Keeper | undefined;
  #kernelStarting: Promise<void> | undefined;
  #kernel: KernelHalf | undefined;
  #kernelSummary: KernelSummary | undefined;
  /** Known better at the end. */
  #clock: TraceClock;
  #outputError: string | undefined;

  constructor(options: RecordOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#clock = parts.clock;
    const native = loadNative();
    const reason = nativeMissingReason();
    if (reason !== undefined) this.#missing.push(reason);
    const clockClass = parts.clock.toClockClass();
    // Without the addon programs ring no bell, and nothing is gained.
    this.#consumerCount = native === undefined ? 1 : (options.consumerCount ?? 1);
    this.#session = createSessionDirectory({
      ...parts,
      clockKind: parts.clock.kind,
      clockClass,
      native,
      consumerCount: this.#consumerCount,
    });
  }

  async run(): Promise<RecordResult> {
    let program: LaunchedProgram;
    // Ctrl-C before the program runs: what was made is still to be taken down.
    const early = new EarlySignals();
    try {
      program = await this.#start();
    } catch (error) {
      // Who failed before the kernel half was there waits for it, to take it down.
      await this.#kernelStarting?.catch(() => undefined);
      await this.#kernel?.abandon();
      await this.#keeper?.close();
      this.#session.remove();
      throw error;
    } finally {
      early.close();
    }
    if (early.signal !== undefined) program.kill(early.signal);
    const end = new ProgramEnd(program, this.#options.durationMs);
    // A flight recorder writes nothing before its end: there is nothing to show, and no disk to fill.
    const progress = this.#options.isSnapshot ? undefined : setInterval(() => this.#tick(), TICK_INTERVAL_MS);
    // A program that cannot be started rejects here.
    const ended = await end.wait().catch((error: unknown) => ({ error }));
    clearInterval(progress);
    const report = await this.#stop(end);
    end.close();
    if ('error' in ended) throw ended.error;
    const { owner, traceDirectory } = this.#parts;
    unmarkOwner(traceDirectory);
    handOver(traceDirectory, owner);
    rememberLastTrace(traceDirectory, owner);
    return { exitStatus: this.#exitStatus(ended, end), summary: this.#summarize(report, end) };
  }

  /** Everything up to the moment at which the program runs and is recorded. */
  async #start(): Promise<LaunchedProgram> {
    const { owner, clock, plan, name, traceDirectory } = this.#parts;
    const { command } = this.#options;
    this.#keepClock();
    this.#session.control.publish('active', plan);
    const isKernelPossible = await this.#checkKernel();
    // First, since the kernel takes longest.
    if (isKernelPossible) this.#kernelStarting = this.#startKernel();
    this.#kernelStarting?.catch(() => undefined);
    // Held before its first instruction until the kernel follows it.
    const program = launchProgram(command, { environment: this.#environment(), owner, isHeld: isKernelPossible });
    try {
      // While the program starts on another core.
      this.#consumer = startConsumerThread(
        {
          sessionDirectory: this.#session.path,
          sessionName: name,
          traceDirectory,
          clockClass: clockClassToJson(clock.toClockClass()),
          channels: plan.channels,
          isSnapshot: this.#options.isSnapshot,
          threadCount: this.#consumerCount,
        },
        () => this.#session.ring(),
        (report) => this.#notice(report.outputError),
      );
      await this.#kernelStarting;
      await this.#followByKernel(program.pid);
    } catch (error) {
      program.kill('SIGKILL');
      await this.#consumer?.stop();
      throw error;
    }
    program.release();
    return program;
  }

  /** Before anything reads the clock: programs bind its page when they meet the session. */
  #keepClock(): void {
    const { clock, owner, traceDirectory } = this.#parts;
    if (!(clock instanceof SyntheticClock)) return;
    const stateDirectory = stateDirectoryOf(traceDirectory);
    mkdirSync(stateDirectory, { recursive: true });
    const pagePath = join(this.#session.path, CLOCK_PAGE_FILE);
    this.#keeper = clock.keep(pagePath, join(stateDirectory, CLOCK_HISTORY_FILE));
    // By now the directory is the user's, who may have put a link there.
    if (owner.isInvokedBySudo) lchownSync(pagePath, owner.uid, owner.gid);
  }

  /** Whether there will be a kernel half; if not although it is wanted, says why. */
  async #checkKernel(): Promise<boolean> {
    if (!this.#options.isKernelWanted) return false;
    const sentence = await whyNoKernelHalf();
    if (sentence === undefined) return true;
    refuseKernelRules(this.#parts.rules.kernel, sentence);
    this.#missing.push(sentence);
    return false;
  }

  async #startKernel(): Promise<void> {
    const { clock, rules, name, traceDirectory } = this.#parts;
    const started = await startKernelHalf({
      traceDirectory,
      sessionName: safeName(name),
      clock,
      isFlightRecorder: this.#options.isSnapshot,
      rules: rules.kernel,
      contexts: this.#options.contexts ?? [],
      trackers: this.#options.trackers ?? [],
    });
    if (typeof started === 'string') this.#missing.push(started);
    else this.#kernel = started;
  }

  async #followByKernel(pid: number): Promise<void> {
    const sentence = await this.#kernel?.follow(pid);
    if (sentence === undefined) return;
    this.#missing.push(sentence);
    this.#kernel = undefined;
  }

  #environment(): NodeJS.ProcessEnv {
    const environment = { ...process.env, [SESSION_VARIABLE]: this.#session.path };
    if (hasPreload()) return { ...environment, NODE_OPTIONS: preloadNodeOptions(process.env['NODE_OPTIONS']) };
    this.#missing.push(
      'Events of Node itself are not recorded, since the preloaded tracer is not built; run `npm run build`.',
    );
    return environment;
  }

  /** Stops both halves; afterwards everything that was committed is on disk. */
  async #stop(end: ProgramEnd): Promise<ConsumerReport> {
    this.#session.control.publish('ended', this.#parts.plan);
    let report = emptyReport;
    // Of the whole recording all traces have the one class: where some will be completed later, from
    // what the session's directory and the spool say, the first one stays.
    if (!end.isHurried && this.#outputError === undefined) {
      const refined = this.#parts.clock.refine();
      if (refined.frequency !== this.#clock.frequency) this.#clock = refined;
    }
    const kernel = this.#stopKernel(end);
    try {
      report = (await this.#consumer?.stop()) ?? emptyReport;
    } catch (error) {
      this.#outputError ??= `The consumer failed: ${error instanceof Error ? error.message : String(error)}`;
    }
    await kernel;
    await this.#keeper?.close();
    this.#describeClock(report);
    this.#outputError ??= report.outputError ?? this.#kernelSummary?.outputError;
    // Whatever could not be written may still be recovered from there.
    if (this.#outputError === undefined) this.#session.remove();
    else this.#session.close();
    return report;
  }

  /** The kernel's half has written its own metadata by then. */
  #describeClock(report: ConsumerReport): void {
    if (this.#clock === this.#parts.clock) return;
    const clockClass = this.#clock.toClockClass();
    try {
      for (const { path } of report.programs) {
        if (path !== '') rewriteClockClass(this.#parts.traceDirectory, path, clockClass);
      }
    } catch (error) {
      this.#outputError ??= error instanceof Error ? error.message : String(error);
    }
  }

  async #stopKernel(end: ProgramEnd): Promise<void> {
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    if (!end.isHurried) {
      const stopping = kernel.stop((share) => this.#showProgress(share), this.#clock.toClockClass());
      this.#kernelSummary = await Promise.race([stopping, end.hurried.then(() => undefined)]);
    }
    if (this.#kernelSummary !== undefined) return;
    this.#clock = this.#parts.clock;
    this.#kernelSummary = kernel.progress();
    await kernel.abandon();
    this.#missing.push(
      `The kernel's part may not be converted to its end; the next command that opens ${this.#parts.traceDirectory} does it.`,
    );
  }

  /** Ends the recording, not the program, when nothing can be written any more. */
  #notice(outputError: string | undefined): void {
    if (outputError === undefined || this.#outputError !== undefined) return;
    this.#outputError = outputError;
    // Programs stop filling buffers that nobody empties.
    this.#session.control.publish('ended', this.#parts.plan);
    this.#options.onSentence?.(`Recording stopped: ${outputError}. The program goes on.`);
  }

  #tick(): void {
    const { control, doorbell } = this.#session;
    if (doorbell !== undefined) control.setReadLive(hasLiveReaders(doorbell));
    this.#notice(this.#kernel?.progress().outputError);
    this.#showProgress();
  }

  #showProgress(convertedShare?: number): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    const program = sumReport(this.#consumer?.progress ?? emptyReport);
    const kernel = this.#kernel?.progress();
    onProgress({
      phase: convertedShare === undefined ? 'recording' : 'waiting',
      elapsedMs: performance.now() - this.#startMs,
      eventRecordCount: program.recordCount + (kernel?.eventRecordCount ?? 0),
      byteCount: program.byteCount + (kernel?.byteCount ?? 0),
      discardedCount: program.discardedCount + (kernel?.discardedCount ?? 0),
      ...(convertedShare === undefined ? {} : { convertedShare }),
    });
  }

  #exitStatus(
    ended: { readonly code: number | undefined; readonly signal: NodeJS.Signals | undefined },
    end: ProgramEnd,
  ): number {
    if (this.#outputError !== undefined) return STATUS_LOCKSTEP_FAILED;
    if (ended.signal === undefined) return ended.code ?? 0;
    // --duration was what ended it, as asked.
    if (end.isDurationOver && (ended.signal === 'SIGTERM' || ended.signal === 'SIGKILL')) return 0;
    return SIGNAL_STATUS_BASE + signalNumber(ended.signal);
  }

  #summarize(report: ConsumerReport, end: ProgramEnd): RecordSummary {
    const { traceDirectory } = this.#parts;
    const clock = this.#clock;
    return {
      traceDirectory,
      elapsedMs: performance.now() - this.#startMs,
      clock: {
        kind: clock.kind,
        frequency: String(clock.frequency),
        precisionCycles: String(clock.precisionCycles),
        reason: clock.reason,
      },
      program: report,
      kernel: this.#kernelSummary,
      missing: this.#missing,
      outputError: this.#outputError,
      wasInterrupted: end.isInterrupted,
    };
  }
}
