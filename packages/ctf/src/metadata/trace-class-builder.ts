// SPDX-License-Identifier: MIT
// Blocks of TSDL metadata -> trace class: defaults, ids, clocks, and which event belongs to which stream.

import { CtfError } from '@lockstep/base';
import type { ScopeName, StructureFieldClass } from '../model/field-class.ts';
import type {
  ClockClass,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  TraceClass,
} from '../model/trace-class.ts';
import { FieldClassPlacer } from './field-class-placer.ts';
import type { Block, Blocks } from './metadata-blocks.ts';
import { addRoles, collectClocks, hasUnmappedClockField } from './scope-roles.ts';
import type { Attribute, TokenCursor } from './token-cursor.ts';
import { TsdlStructure } from './tsdl-type.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** What babeltrace2 makes up when timestamps exist and no clock is described (section 8). */
const IMPLICIT_CLOCK: ClockClass = {
  name: 'default',
  description: 'Default, auto-generated clock',
  frequency: NANOSECONDS_PER_SECOND,
  offsetSeconds: 0n,
  offsetCycles: 0n,
  absolute: false,
};

/** A stream being built. */
interface Stream {
  readonly block: Block | undefined;
  readonly id: bigint;
  readonly roots: Map<ScopeName, TsdlStructure>;
  readonly packetContext: StructureFieldClass | undefined;
  readonly eventRecordHeader: StructureFieldClass | undefined;
  readonly commonContext: StructureFieldClass | undefined;
  readonly events: Map<bigint, EventRecordClass>;
}

export function buildTraceClass(blocks: Blocks, cursor: TokenCursor): TraceClass {
  return new TraceClassBuilder(blocks, cursor).build();
}

class TraceClassBuilder {
  readonly #blocks: Blocks;
  readonly #cursor: TokenCursor;
  readonly #byteOrder: 'little-endian' | 'big-endian';
  readonly #trace: Block;
  readonly #placer: FieldClassPlacer;
  readonly #clocks = new Map<string, ClockClass>();

  constructor(blocks: Blocks, cursor: TokenCursor) {
    if (blocks.trace === undefined) throw cursor.error('The metadata has no trace block.', 0);
    this.#blocks = blocks;
    this.#cursor = cursor;
    this.#trace = blocks.trace;
    this.#byteOrder = this.#readByteOrder();
    this.#placer = new FieldClassPlacer({
      byteOrder: this.#byteOrder,
      error: (sentence, offset) => cursor.error(sentence, offset === 0 ? cursor.token.offset : offset),
    });
  }

  build(): TraceClass {
    this.#checkVersion();
    for (const type of this.#blocks.declaredTypes) this.#placer.check(type);
    const environment = this.#readEnvironment();
    for (const block of this.#blocks.clocks) this.#addClock(block);
    const uuid = this.#trace.attributes.get('uuid');
    const headerRoot = this.#definition(this.#trace, 'packet.header');
    const headerRoots = new Map<ScopeName, TsdlStructure>();
    const header = this.#place('packet-header', headerRoot, headerRoots);
    const packetHeader =
      header === undefined ? undefined : this.#addRoles('packet-header', header, undefined, this.#trace);
    const streams = this.#readStreams(headerRoots);
    for (const block of this.#blocks.events) this.#addEvent(block, streams);
    this.#addImplicitClock(streams);
    const dataStreamClasses = new Map<bigint, DataStreamClass>();
    for (const stream of streams.values()) dataStreamClasses.set(stream.id, this.#finishStream(stream));
    this.#checkStreams(streams, packetHeader);
    return {
      ...(uuid === undefined ? {} : { uuid: this.#cursor.uuidOf(uuid) }),
      byteOrder: this.#byteOrder,
      environment,
      ...(packetHeader === undefined ? {} : { packetHeader }),
      clockClasses: [...this.#clocks.values()],
      dataStreamClasses,
    };
  }

  #readByteOrder(): 'little-endian' | 'big-endian' {
    const attribute = this.#trace.attributes.get('byte_order');
    if (attribute === undefined)
      throw this.#cursor.error('The trace block needs the attribute "byte_order".', this.#trace.offset);
    const word = this.#cursor.wordOf(attribute, 'le or be');
    if (word === 'le') return 'little-endian';
    if (word === 'be' || word === 'network') return 'big-endian';
    throw this.#cursor.error('The byte order of a trace must be le or be.', attribute.offset);
  }

  #checkVersion(): void {
    for (const [name, expected] of [
      ['major', 1n],
      ['minor', 8n],
    ] as const) {
      const attribute = this.#trace.attributes.get(name);
      if (attribute === undefined)
        throw this.#cursor.error(`The trace block needs the attribute "${name}".`, this.#trace.offset);
      if (this.#cursor.integerOf(attribute) !== expected)
        throw this.#cursor.error('The trace is not of CTF version 1.8.', attribute.offset);
    }
  }

  #readEnvironment(): ReadonlyMap<string, EnvironmentValue> {
    const environment = new Map<string, EnvironmentValue>();
    for (const block of this.#blocks.environments) {
      for (const [name, { value }] of block.attributes)
        environment.set(name, value.kind === 'integer' ? value.value : value.text);
    }
    return environment;
  }

  #addClock(block: Block): void {
    const cursor = this.#cursor;
    const { attributes } = block;
    const nameAttribute = attributes.get('name');
    if (nameAttribute === undefined) throw cursor.error('A clock needs the attribute "name".', block.offset);
    const name = cursor.textOf(nameAttribute);
    if (this.#clocks.has(name)) throw cursor.error(`Two clocks have the name "${name}".`, nameAttribute.offset);
    const frequency =
      this.#optional(attributes, 'freq', (attribute) => cursor.unsignedOf(attribute)) ?? NANOSECONDS_PER_SECOND;
    if (frequency === 0n) throw cursor.error('The frequency of a clock must not be 0.', block.offset);
    const uuid = this.#optional(attributes, 'uuid', (attribute) => cursor.uuidOf(attribute));
    const description = this.#optional(attributes, 'description', (attribute) => cursor.textOf(attribute));
    const precision = this.#optional(attributes, 'precision', (attribute) => cursor.unsignedOf(attribute));
    const seconds = this.#optional(attributes, 'offset_s', (attribute) => cursor.integerOf(attribute)) ?? 0n;
    const cycles = this.#optional(attributes, 'offset', (attribute) => cursor.integerOf(attribute)) ?? 0n;
    const absolute = this.#optional(attributes, 'absolute', (attribute) => cursor.booleanOf(attribute)) ?? false;
    // Whole seconds of the cycles, rounded down, so that what is left is in [0, frequency).
    const restCycles = ((cycles % frequency) + frequency) % frequency;
    this.#clocks.set(name, {
      name,
      ...(uuid === undefined ? {} : { uuid }),
      ...(description === undefined ? {} : { description }),
      frequency,
      ...(precision === undefined ? {} : { precision }),
      offsetSeconds: seconds + (cycles - restCycles) / frequency,
      offsetCycles: restCycles,
      absolute,
    });
  }

  #readStreams(headerRoots: ReadonlyMap<ScopeName, TsdlStructure>): Map<bigint, Stream> {
    const streams = new Map<bigint, Stream>();
    const blocks = this.#blocks.streams;
    // Without a stream block, events belong to a stream that consists of nothing but them.
    const candidates: readonly (Block | undefined)[] =
      blocks.length === 0 && this.#blocks.events.length > 0 ? [undefined] : blocks;
    for (const block of candidates) {
      const idAttribute = block?.attributes.get('id');
      if (block !== undefined && idAttribute === undefined && blocks.length > 1) {
        throw this.#cursor.error('A stream needs the attribute "id" where there are several.', block.offset);
      }
      const id = idAttribute === undefined ? 0n : this.#cursor.unsignedOf(idAttribute);
      if (streams.has(id)) throw this.#cursor.error(`Two streams have the id ${id}.`, block?.offset ?? 0);
      const roots = new Map(headerRoots);
      const place = (scope: ScopeName, name: string): StructureFieldClass | undefined =>
        block === undefined ? undefined : this.#place(scope, this.#definition(block, name), roots);
      const packetContext = place('packet-context', 'packet.context');
      const eventRecordHeader = place('event-record-header', 'event.header');
      const commonContext = place('event-record-common-context', 'event.context');
      streams.set(id, { block, id, roots, packetContext, eventRecordHeader, commonContext, events: new Map() });
    }
    return streams;
  }

  #addEvent(block: Block, streams: ReadonlyMap<bigint, Stream>): void {
    const cursor = this.#cursor;
    const { attributes } = block;
    const nameAttribute = attributes.get('name');
    if (nameAttribute === undefined) throw cursor.error('An event needs the attribute "name".', block.offset);
    const name = cursor.textOf(nameAttribute);
    const streamId = this.#optional(attributes, 'stream_id', (attribute) => cursor.unsignedOf(attribute));
    if (streamId === undefined && streams.size > 1) {
      throw cursor.error(
        `The event "${name}" needs the attribute "stream_id", since there are several streams.`,
        block.offset,
      );
    }
    const stream = streamId === undefined ? [...streams.values()][0] : streams.get(streamId);
    if (stream === undefined)
      throw cursor.error(`The event "${name}" belongs to a stream that is not described.`, block.offset);
    const id = this.#optional(attributes, 'id', (attribute) => cursor.unsignedOf(attribute));
    if (id === undefined && stream.events.size > 0) {
      throw cursor.error(
        `The event "${name}" needs the attribute "id", since its stream has several events.`,
        block.offset,
      );
    }
    if (stream.events.has(id ?? 0n))
      throw cursor.error(`Two events of one stream have the id ${id ?? 0n}.`, block.offset);
    const logLevel = this.#optional(attributes, 'loglevel', (attribute) => Number(cursor.integerOf(attribute)));
    const emfUri = this.#optional(attributes, 'model.emf.uri', (attribute) => cursor.textOf(attribute));
    const roots = new Map(stream.roots);
    const specificContext = this.#place('event-record-specific-context', this.#definition(block, 'context'), roots);
    const payload = this.#place('event-record-payload', this.#definition(block, 'fields'), roots);
    stream.events.set(id ?? 0n, {
      id: id ?? 0n,
      name,
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(emfUri === undefined ? {} : { emfUri }),
      ...(specificContext === undefined ? {} : { specificContext }),
      ...(payload === undefined ? {} : { payload }),
    });
  }

  #addImplicitClock(streams: ReadonlyMap<bigint, Stream>): void {
    if (this.#clocks.size > 0) return;
    const isNeeded = [...streams.values()].some(
      (stream) => hasUnmappedClockField(stream.packetContext) || hasUnmappedClockField(stream.eventRecordHeader),
    );
    if (isNeeded) this.#clocks.set(IMPLICIT_CLOCK.name, IMPLICIT_CLOCK);
  }

  #finishStream(stream: Stream): DataStreamClass {
    const clocks = [...this.#clocks.keys()];
    const fallbackClock = clocks.length === 1 ? clocks[0] : undefined;
    const withRoles = (scope: ScopeName, fieldClass: StructureFieldClass | undefined) =>
      fieldClass === undefined ? undefined : this.#addRoles(scope, fieldClass, fallbackClock, stream.block);
    const packetContext = withRoles('packet-context', stream.packetContext);
    const eventRecordHeader = withRoles('event-record-header', stream.eventRecordHeader);
    const defaultClock = this.#defaultClock(stream, packetContext, eventRecordHeader);
    return {
      id: stream.id,
      ...(packetContext === undefined ? {} : { packetContext }),
      ...(eventRecordHeader === undefined ? {} : { eventRecordHeader }),
      ...(stream.commonContext === undefined ? {} : { commonContext: stream.commonContext }),
      ...(defaultClock === undefined ? {} : { defaultClock }),
      eventRecordClasses: stream.events,
    };
  }

  /** A field whose role does not fit it is told at the block that defines it. */
  #addRoles(
    scope: ScopeName,
    root: StructureFieldClass,
    fallbackClock: string | undefined,
    block: Block | undefined,
  ): StructureFieldClass {
    try {
      return addRoles(scope, root, fallbackClock);
    } catch (error) {
      throw error instanceof CtfError ? this.#cursor.error(error.sentence, block?.offset ?? 0) : error;
    }
  }

  /** The one clock that the stream's packets and events are timed by. */
  #defaultClock(
    stream: Stream,
    packetContext: StructureFieldClass | undefined,
    eventRecordHeader: StructureFieldClass | undefined,
  ): ClockClass | undefined {
    const all = new Set<string>();
    const timing = new Set<string>();
    collectClocks(packetContext, timing);
    collectClocks(eventRecordHeader, timing);
    collectClocks(stream.commonContext, all);
    for (const event of stream.events.values()) {
      collectClocks(event.specificContext, all);
      collectClocks(event.payload, all);
    }
    const offset = stream.block?.offset ?? 0;
    for (const name of [...timing, ...all]) {
      if (!this.#clocks.has(name))
        throw this.#cursor.error(`A field is mapped to the clock "${name}", which is not described.`, offset);
    }
    if (timing.size > 1)
      throw this.#cursor.error(`A stream is timed by several clocks: ${[...timing].join(', ')}.`, offset);
    const [name] = timing;
    return name === undefined ? undefined : this.#clocks.get(name);
  }

  /** What a packet's bytes must tell where the metadata leaves a choice. */
  #checkStreams(streams: ReadonlyMap<bigint, Stream>, packetHeader: StructureFieldClass | undefined): void {
    const hasStreamId = packetHeader?.memberClasses.some((member) => member.name === 'stream_id') ?? false;
    if (streams.size > 1 && !hasStreamId) {
      throw this.#cursor.error(
        'The packet header needs the field "stream_id", since there are several streams.',
        this.#trace.offset,
      );
    }
    for (const stream of streams.values()) {
      const hasEventId =
        stream.eventRecordHeader?.memberClasses.some(
          (member) => member.name === 'id' || member.fieldClass.type === 'variant',
        ) ?? false;
      if (stream.events.size > 1 && !hasEventId) {
        throw this.#cursor.error(
          'The event header needs the field "id", since the stream has several events.',
          stream.block?.offset ?? 0,
        );
      }
    }
  }

  #definition(block: Block, name: string): TsdlStructure | undefined {
    const definition = block.definitions.get(name);
    if (definition === undefined) return undefined;
    if (definition.type instanceof TsdlStructure) return definition.type;
    throw this.#cursor.error(`"${name}" must be a structure.`, definition.offset);
  }

  /** Places a scope's root and makes it known to the scopes after it. */
  #place(
    scope: ScopeName,
    root: TsdlStructure | undefined,
    roots: Map<ScopeName, TsdlStructure>,
  ): StructureFieldClass | undefined {
    if (root === undefined) return undefined;
    const fieldClass = this.#placer.place(scope, root, roots);
    roots.set(scope, root);
    return fieldClass;
  }

  #optional<Value>(
    attributes: ReadonlyMap<string, Attribute>,
    name: string,
    read: (attribute: Attribute) => Value,
  ): Value | undefined {
    const attribute = attributes.get(name);
    return attribute === undefined ? undefined : read(attribute);
  }
}
