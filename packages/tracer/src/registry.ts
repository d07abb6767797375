// SPDX-License-Identifier: MIT
// The thread's tracepoints and what the session wants of them: definitions and plans -> record
// functions in stubs. One registry a thread, shared by all copies of the tracer in it (meeting-point.ts).
//
// Nothing is created until a rule of an active plan matches a tracepoint. A change of the plan is
// noticed by whichever tracepoint is called next, or by `look`.

import { createRuleIndex, type RuleIndex } from '@lockstep/filter';
import {
  CONTROL_GENERATION_WORD,
  CONTROL_IS_READ_LIVE_WORD,
  SESSION_VARIABLE,
  type ChannelPlan,
  type TracingPlan,
  type UserRulePlan,
} from '@lockstep/protocol';
import { payloadClassOf, type NamedShape } from './payload-class.ts';
import { openProcessDirectory, type ProcessDirectory } from './process-directory.ts';
import { makeRecordFunction } from './record-function.ts';
import type { RecordFunction } from './record-plain.ts';
import { compileRuleFilter, type Predicate } from './rule-filter.ts';
import { tryOpenSession, type SessionLink } from './session-link.ts';
import { makeStub, type Generation, type Stub } from './stub.ts';
import { ThreadBuffers } from './thread-buffers.ts';
import { openThreadClock, type ThreadClock } from './thread-clock.ts';

export interface Definition {
  readonly name: string;
  readonly logLevel: number;
  readonly fields: readonly NamedShape[];
}

interface Registered extends Definition {
  readonly stub: Stub;
  /** Record functions made so far, by channel: a rule that comes back finds the same one. */
  records: Map<string, RecordFunction> | undefined;
  classId: number | undefined;
}

type PlanListener = (plan: TracingPlan | undefined) => void;

export class Registry {
  readonly link: SessionLink | undefined;
  readonly clock: ThreadClock | undefined;
  readonly #generation: Generation;
  readonly #registered: Registered[] = [];
  readonly #planListeners = new Set<PlanListener>();
  #plan: TracingPlan | undefined;
  #rules: RuleIndex<UserRulePlan> = createRuleIndex<UserRulePlan>([]);
  #processDirectory: ProcessDirectory | undefined;
  #buffers: ThreadBuffers | undefined;
  #isLooking = false;
  #isReadLive = false;
  #idleWatch: { close(): void } | undefined;
  /** The instrumentation of the event loop calls `beforeSleep` itself, after its own records. */
  #isLoopObserved = false;

  constructor(sessionDirectory: string | undefined = process.env[SESSION_VARIABLE]) {
    let link = sessionDirectory === undefined || sessionDirectory === '' ? undefined : tryOpenSession(sessionDirectory);
    if (link !== undefined) {
      try {
        this.clock = openThreadClock(link.clockKind, link.native, link.directory);
      } catch (error) {
        say(error);
        link = undefined;
      }
    }
    this.link = link;
    // What a terminated thread had committed is the consumer's to deliver, which sleeps until somebody rings.
    if (link !== undefined) process.on('worker', (worker) => worker.once('exit', link.ringDoorbell));
    // Off the heap of V8, so that its address is a constant of compiled code.
    const seen = new Int32Array(new ArrayBuffer(64));
    const control = link?.control ?? new Int32Array(new ArrayBuffer(64));
    this.#generation = { control, generationWord: CONTROL_GENERATION_WORD, seen, look: () => this.look() };
  }

  get plan(): TracingPlan | undefined {
    return this.#plan;
  }

  define(definition: Definition): Stub {
    this.look();
    const stub = makeStub(definition.name, definition.fields.length, this.#generation);
    const { name, logLevel, fields } = definition;
    const registered: Registered = { name, logLevel, fields, stub, records: undefined, classId: undefined };
    this.#registered.push(registered);
    if (this.#plan !== undefined) this.#apply(registered, this.#plan);
    return stub;
  }

  onPlanChange(listener: PlanListener): () => void {
    this.#planListeners.add(listener);
    return () => this.#planListeners.delete(listener);
  }

  /** Follows the session if its generation moved. Never throws. */
  look(): void {
    const { link } = this;
    const { control, seen } = this.#generation;
    if (link === undefined || this.#isLooking || control[CONTROL_GENERATION_WORD] === seen[0]) return;
    this.#isLooking = true;
    try {
      this.#follow(link);
    } catch (error) {
      seen[0] = control[CONTROL_GENERATION_WORD]!;
      this.#adopt(undefined);
      say(error);
    } finally {
      this.#isLooking = false;
    }
    for (const listener of this.#planListeners) {
      try {
        listener(this.#plan);
      } catch (error) {
        say(error);
      }
    }
  }

  observeLoop(): void {
    this.#isLoopObserved = true;
    if (this.link !== undefined) this.#watchIdle(this.link);
  }

  /** The event loop is about to wait: who reads live gets what there is, without any timer. */
  beforeSleep(): void {
    if (this.#isReadLive) this.deliver();
  }

  #follow(link: SessionLink): void {
    const reading = link.read();
    // Before the plan is acted on: a change in between is noticed at the next call.
    this.#generation.seen[0] = reading.generation;
    this.#isReadLive = link.control[CONTROL_IS_READ_LIVE_WORD] === 1;
    this.#watchIdle(link);
    this.#adopt(reading.state === 'active' ? reading.plan : undefined);
  }

  /** There is a prepare handle in the loop only while somebody reads live. */
  #watchIdle({ native }: SessionLink): void {
    if (this.#isReadLive && !this.#isLoopObserved) {
      this.#idleWatch ??= native?.watchLoop(() => this.beforeSleep(), undefined);
      return;
    }
    this.#idleWatch?.close();
    this.#idleWatch = undefined;
  }

  #adopt(plan: TracingPlan | undefined): void {
    this.#plan = plan;
    this.#rules = createRuleIndex<UserRulePlan>(plan?.rules ?? []);
    for (const registered of this.#registered) {
      if (plan === undefined) registered.stub.setRecord(undefined);
      else this.#apply(registered, plan);
    }
  }

  #apply(registered: Registered, plan: TracingPlan): void {
    const rules = this.#rules.match(registered.name, registered.logLevel);
    if (rules.length === 0) return registered.stub.setRecord(undefined);
    try {
      const records: RecordFunction[] = [];
      for (const channel of plan.channels) {
        const own = rules.filter((rule) => rule.channel === channel.name);
        if (own.length > 0) records.push(withFilters(this.#recordOf(registered, channel), own, registered));
      }
      registered.stub.setRecord(joinRecords(records));
    } catch (error) {
      // No room for a buffer, for instance: the program runs on untraced.
      registered.stub.setRecord(undefined);
      say(error);
    }
  }

  /** Hands over what this thread has recorded so far. */
  deliver(): void {
    this.#buffers?.deliver();
  }

  #recordOf(registered: Registered, channel: ChannelPlan): RecordFunction {
    const { link, clock } = this;
    if (link === undefined || clock === undefined) throw new Error('a plan without a session');
    registered.records ??= new Map();
    let record = registered.records.get(channel.name);
    if (record === undefined) {
      this.#processDirectory ??= openProcessDirectory(link.directory, link.native);
      this.#buffers ??= new ThreadBuffers(link, this.#processDirectory, clock);
      registered.classId ??= this.#processDirectory.commitClass({
        name: registered.name,
        logLevel: registered.logLevel,
        payload: payloadClassOf(registered.fields),
      });
      record = makeRecordFunction(
        this.#buffers.targetOf(channel),
        registered.name,
        registered.classId,
        registered.fields,
      );
      registered.records.set(channel.name, record);
    }
    return record;
  }
}

/** A record in a channel is made once if any of the rules that send it there lets it pass. */
function withFilters(record: RecordFunction, rules: readonly UserRulePlan[], definition: Definition): RecordFunction {
  const filters: Predicate[] = [];
  for (const { filter } of rules) {
    if (filter === undefined || filter === '') return record;
    filters.push(compileRuleFilter(filter, definition.fields));
  }
  return (...values) => {
    for (const passes of filters) {
      if (passes(...values)) return record(...values);
    }
  };
}

function joinRecords(records: readonly RecordFunction[]): RecordFunction | undefined {
  if (records.length <= 1) return records[0];
  return (...values) => {
    for (const record of records) record(...values);
  };
}

const said = new Set<string>();

/** What goes wrong is said once on stderr; the program is never told by an exception. */
function say(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (said.has(message)) return;
  said.add(message);
  process.stderr.write(`lockstep: this program is not traced: ${message}\n`);
}
