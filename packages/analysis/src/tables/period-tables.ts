// SPDX-License-Identifier: MIT
// Periods that the user defines by the events that begin and end them: how many there were and how long,
// with what their events carried. As in lttng-analyses:
//
//   [NAME[(PARENT)]]:BEGIN[:END]     and captures     NAME:[BEGIN CAPTURES][:END CAPTURES]
//
// Every event that satisfies BEGIN begins a period, whatever others of that name are under way; one with a
// PARENT lives within a period of that name and ends with it. Without END the next BEGIN ends it.

import { InputError } from '@lockstep/base';
import type { EventRecord } from '@lockstep/ctf';
import { HOST } from '../kernel/host.ts';
import { PROCESSES } from '../kernel/processes.ts';
import type { RecordHandler } from '../pass/handler.ts';
import {
  familyContext,
  MAX_LOG_ROWS,
  type FamilyContext,
  type FamilyHandler,
  type FamilyType,
  type TableOptions,
} from './family.ts';
import {
  parseExpression,
  parseOperand,
  PeriodTokens,
  type PeriodEvents,
  type PeriodExpression,
} from './period-expression.ts';
import { Histogram, STATISTICS_COLUMNS, TopList } from './statistics.ts';
import { column, makeTable, type Cell, type Table } from './table.ts';

export interface PeriodDefinition {
  readonly name: string;
  readonly parent: string | undefined;
  readonly begins: PeriodExpression;
  readonly ends: PeriodExpression;
  readonly beginCaptures: readonly Capture[];
  readonly endCaptures: readonly Capture[];
}

interface Capture {
  readonly name: string;
  readonly read: (events: PeriodEvents) => Cell;
}

interface Period {
  readonly definition: PeriodDefinition;
  readonly parent: Period | undefined;
  readonly begin: EventRecord;
  readonly beginTime: number;
  readonly captured: readonly string[];
}

/** Under way at once. What begins beyond is counted and not followed. */
const MAX_UNDER_WAY = 1 << 14;

/** Throws InputError. `name` of an unnamed one is its text. */
export function parsePeriod(text: string): PeriodDefinition {
  const tokens = new PeriodTokens(text);
  let name = text.trim();
  let parent: string | undefined;
  if (tokens.kind === 'word' && !tokens.peek().startsWith('$')) {
    name = tokens.take();
    if (tokens.tryTake('(')) {
      parent = tokens.take();
      tokens.expect(')');
    }
  }
  tokens.expect(':');
  const begins = parseExpression(tokens);
  const ends = tokens.tryTake(':') ? parseExpression(tokens) : begins;
  if (tokens.kind !== 'end') tokens.fail('it should end here');
  return { name, parent, begins, ends, beginCaptures: [], endCaptures: [] };
}

/** `NAME:CAPTURES[:CAPTURES]` added to the definition of that name. Throws InputError. */
export function addCaptures(definitions: readonly PeriodDefinition[], text: string): readonly PeriodDefinition[] {
  const tokens = new PeriodTokens(text);
  const name = tokens.take();
  if (!definitions.some((definition) => definition.name === name))
    throw new InputError('There is no period of this name to capture fields of', { period: name });
  tokens.expect(':');
  const beginCaptures = tokens.peek() === ':' ? [] : parseCaptures(tokens);
  const endCaptures = tokens.tryTake(':') ? parseCaptures(tokens) : [];
  if (tokens.kind !== 'end') tokens.fail('it should end here');
  return definitions.map((definition) =>
    definition.name === name ? { ...definition, beginCaptures, endCaptures } : definition,
  );
}

function parseCaptures(tokens: PeriodTokens): Capture[] {
  const captures: Capture[] = [];
  do {
    let name: string | undefined;
    if (tokens.kind === 'word' && !tokens.peek().startsWith('$')) {
      name = tokens.take();
      tokens.expect('=');
    }
    const read = parseOperand(tokens);
    captures.push({ name: name ?? `capture ${captures.length + 1}`, read });
  } while (tokens.tryTake(','));
  return captures;
}

class PeriodTables implements FamilyHandler {
  readonly #context: FamilyContext;
  readonly #definitions: readonly PeriodDefinition[];
  readonly #underWay = new Set<Period>();
  readonly #durations = new Map<PeriodDefinition, Histogram>();
  readonly #tops = new Map<PeriodDefinition, TopList<readonly Cell[]>>();
  readonly #log: (readonly Cell[])[] = [];
  #ignoredCount = 0;

  constructor(context: FamilyContext, definitions: readonly PeriodDefinition[]) {
    this.#context = context;
    this.#definitions = definitions;
    for (const definition of definitions) {
      this.#durations.set(definition, new Histogram());
      this.#tops.set(definition, new TopList(context.options.limit));
    }
  }

  chooseHandler(): RecordHandler {
    return (record, time) => {
      for (const period of this.#underWay) this.#tryEnd(period, record, time);
      for (const definition of this.#definitions) this.#tryBegin(definition, record, time);
    };
  }

  tables(): readonly Table[] {
    const { options } = this.#context;
    const statistics = this.#definitions.map((definition) => [
      definition.name,
      definition.parent,
      ...(this.#durations.get(definition)?.statistics.cells() ?? []),
      [...this.#underWay].filter((period) => period.definition === definition).length,
    ]);
    const tables = [
      makeTable(
        'periods',
        'Periods',
        [
          column('period', 'period', 'text'),
          column('parent', 'within', 'text'),
          ...STATISTICS_COLUMNS,
          column('open', 'not ended', 'count'),
        ],
        statistics,
        {
          notes:
            this.#ignoredCount === 0
              ? []
              : [`${this.#ignoredCount} periods began while ${MAX_UNDER_WAY} were under way, and are not counted.`],
        },
      ),
    ];
    for (const definition of this.#definitions) {
      const columns = logColumns();
      if (options.hasTop)
        tables.push(
          makeTable(
            `top ${definition.name}`,
            `Longest: ${definition.name}`,
            columns,
            this.#tops.get(definition)?.items() ?? [],
          ),
        );
      const histogram = this.#durations.get(definition);
      if (options.hasFrequencies && histogram !== undefined)
        tables.push(
          histogram.table(`frequencies ${definition.name}`, `How long: ${definition.name}`, {
            resolution: options.resolution,
            min: options.minNs,
            max: options.maxNs,
          }),
        );
    }
    if (options.hasLog) tables.push(makeTable('log', 'All periods', logColumns(), this.#log));
    return tables;
  }

  #tryBegin(definition: PeriodDefinition, event: EventRecord, time: number): void {
    if (definition.parent === undefined) {
      this.#begin(definition, undefined, event, time);
      return;
    }
    for (const parent of this.#underWay)
      if (parent.definition.name === definition.parent && parent.begin !== event)
        this.#begin(definition, parent, event, time);
  }

  #begin(definition: PeriodDefinition, parent: Period | undefined, event: EventRecord, time: number): void {
    const events = { event, begin: undefined, parentBegin: parent?.begin };
    if (!definition.begins(events)) return;
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      this.#ignoredCount += 1;
      return;
    }
    const captured = definition.beginCaptures.map(({ name, read }) => `${name} = ${String(read(events) ?? '?')}`);
    // A copy: the reader may fill the same record again.
    this.#underWay.add({ definition, parent, begin: { ...event }, beginTime: time, captured });
  }

  #tryEnd(period: Period, event: EventRecord, time: number): void {
    // A parent that ended takes its children with it; they did not end by themselves and do not count.
    if (period.parent !== undefined && !this.#underWay.has(period.parent)) {
      this.#underWay.delete(period);
      return;
    }
    const events = { event, begin: period.begin, parentBegin: period.parent?.begin };
    if (!period.definition.ends(events)) return;
    this.#underWay.delete(period);
    const { selection, options, time: traceTime } = this.#context;
    const duration = time - period.beginTime;
    if (!selection.isInRange(time) || !selection.hasDuration(duration)) return;
    const { definition } = period;
    this.#durations.get(definition)?.add(duration);
    const make = (): readonly Cell[] => {
      const captured = definition.endCaptures.map(({ name, read }) => `${name} = ${String(read(events) ?? '?')}`);
      return [
        traceTime.toNs(period.beginTime),
        traceTime.toNs(time),
        duration,
        definition.name,
        [...period.captured, ...captured].join(', '),
      ];
    };
    if (options.hasTop) this.#tops.get(definition)?.add(duration, make);
    if (options.hasLog && this.#log.length < MAX_LOG_ROWS) this.#log.push(make());
  }
}

function logColumns(): readonly ReturnType<typeof column>[] {
  return [
    column('begin', 'begin', 'time'),
    column('end', 'end', 'time'),
    column('duration', 'duration', 'duration'),
    column('period', 'period', 'text'),
    column('captured', 'captured', 'text'),
  ];
}

export function periodTables(definitions: readonly PeriodDefinition[], options: TableOptions): FamilyType {
  for (const { name, parent } of definitions) {
    if (parent !== undefined && !definitions.some((definition) => definition.name === parent))
      throw new InputError('The parent of a period is not defined', { period: name, parent });
  }
  return {
    name: 'period-tables',
    needs: [HOST, PROCESSES],
    create: (context) => new PeriodTables(familyContext(context, context.get(HOST), options), definitions),
  };
}
