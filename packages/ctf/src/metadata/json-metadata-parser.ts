// SPDX-License-Identifier: MIT
// CTF 2 metadata: a JSON text sequence (RFC 7464) in, a trace class out (CTF2-SPEC-2.0, section 5).

import type { CtfError } from '@lockstep/base';
import { byteOrderOf } from '../model/field-class-traits.ts';
import type { Attributes, FieldClass, ScopeName, StructureFieldClass } from '../model/field-class.ts';
import type {
  ClockClass,
  ClockOrigin,
  DataStreamClass,
  EnvironmentValue,
  EventRecordClass,
  Identity,
  TraceClass,
} from '../model/trace-class.ts';
import { makeSlotTable } from '../read/field-layout.ts';
import { FragmentReader } from './fragment-reader.ts';
import { JsonFieldClasses } from './json-field-classes.ts';
import { parseJson, type JsonObjectNode } from './json-parser.ts';
import { logLevelOf, OWN_ATTRIBUTE_NAMESPACES } from './log-levels.ts';
import { placeRoles } from './json-scope-roles.ts';
import { isUuidText, uuidFromBytes } from './uuid.ts';

/** RFC 7464: stands before each text of the sequence. */
export const RECORD_SEPARATOR = '\u001e';

export function isJsonMetadata(text: string): boolean {
  return text.startsWith(RECORD_SEPARATOR);
}

/** Throws CtfError with line and column for everything that is not CTF 2. */
export function parseJsonMetadata(text: string): TraceClass {
  return new JsonMetadataParser(text).parse();
}

/** A data stream class that event record classes are still added to. */
interface OpenDataStreamClass extends DataStreamClass {
  readonly eventRecordClasses: Map<bigint, EventRecordClass>;
}

class JsonMetadataParser {
  readonly #text: string;
  readonly #reader: FragmentReader;
  readonly #fieldClasses: JsonFieldClasses;
  #uuid: string | undefined;
  #preambleAttributes: Attributes | undefined;
  #trace: JsonObjectNode | undefined;
  #packetHeader: StructureFieldClass | undefined;
  readonly #environment = new Map<string, EnvironmentValue>();
  readonly #clocks = new Map<string, ClockClass>();
  readonly #dataStreamClasses = new Map<bigint, OpenDataStreamClass>();

  constructor(text: string) {
    this.#text = text;
    this.#reader = new FragmentReader(text);
    this.#fieldClasses = new JsonFieldClasses(this.#reader);
  }

  parse(): TraceClass {
    let isFirst = true;
    for (const fragment of this.#fragments()) {
      const typeNode = this.#reader.required(fragment, 'type');
      const type = this.#reader.asString(typeNode, 'type');
      if (isFirst !== (type === 'preamble'))
        throw this.#reader.error(
          isFirst ? 'The first fragment must be the preamble.' : 'The metadata has a second preamble.',
          typeNode.offset,
        );
      isFirst = false;
      this.#reader.refuseExtensions(fragment, type === 'preamble');
      this.#addFragment(type, fragment, typeNode.offset);
    }
    if (isFirst) throw this.#reader.error('The metadata has no fragment.', 0);
    const traceClass = this.#build();
    // Finds lengths and selectors that do not exist while it is known where they are named.
    makeSlotTable(traceClass, (fc, sentence) => this.#errorAt(sentence, fc));
    return traceClass;
  }

  *#fragments(): Generator<JsonObjectNode, void, undefined> {
    const text = this.#text;
    if (!isJsonMetadata(text)) throw this.#reader.error('CTF 2 metadata begins with the character 0x1E.', 0);
    let begin = 0;
    while (begin < text.length) {
      const next = text.indexOf(RECORD_SEPARATOR, begin + 1);
      const end = next < 0 ? text.length : next;
      // Empty texts are allowed: two separators may follow each other.
      if (text.slice(begin + 1, end).trim() !== '') {
        const node = parseJson(text, begin + 1, end);
        if (node.kind !== 'object') throw this.#reader.error('A fragment must be an object.', node.offset);
        yield node;
      }
      begin = end;
    }
  }

  #errorAt(sentence: string, fc: FieldClass): CtfError {
    return this.#reader.error(sentence, this.#fieldClasses.offsets.get(fc) ?? 0);
  }

  #addFragment(type: string, fragment: JsonObjectNode, offset: number): void {
    switch (type) {
      case 'preamble':
        this.#readPreamble(fragment);
        return;
      case 'field-class-alias':
        this.#fieldClasses.addAlias(fragment);
        return;
      case 'trace-class':
        this.#readTrace(fragment);
        return;
      case 'clock-class':
        this.#readClock(fragment);
        return;
      case 'data-stream-class':
        this.#readDataStreamClass(fragment);
        return;
      case 'event-record-class':
        this.#readEventRecordClass(fragment);
        return;
      default:
        throw this.#reader.error(`CTF 2 has no fragment of the type "${type.slice(0, 80)}".`, offset);
    }
  }

  #readPreamble(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    const version = reader.required(fragment, 'version');
    if (reader.asInteger(version, 'version') !== 2n)
      throw reader.error('The metadata is not of version 2 of CTF.', version.offset);
    this.#preambleAttributes = reader.attributes(fragment);
    const uuid = fragment.members.get('uuid');
    if (uuid === undefined) return;
    const bytes = reader.asArray(uuid, 'uuid').map((byte) => Number(reader.asInteger(byte, 'uuid')));
    if (bytes.length !== 16 || bytes.some((byte) => byte < 0 || byte > 255))
      throw reader.error('A UUID is an array of 16 integers from 0 to 255.', uuid.offset);
    this.#uuid = uuidFromBytes(Uint8Array.from(bytes));
  }

  #readTrace(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    if (this.#trace !== undefined) throw reader.error('The metadata has a second trace class.', fragment.offset);
    if (this.#dataStreamClasses.size > 0)
      throw reader.error('The trace class must stand before data stream classes.', fragment.offset);
    this.#trace = fragment;
    const environment = fragment.members.get('environment');
    if (environment !== undefined) {
      for (const [name, value] of reader.asObject(environment, 'environment').members) {
        if (value.kind !== 'string' && value.kind !== 'integer')
          throw reader.error(`The environment's "${name}" must be an integer or a string.`, value.offset);
        this.#environment.set(name, value.kind === 'string' ? value.value : BigInt(value.value));
      }
    }
    this.#packetHeader = this.#scope(fragment, 'packet-header-field-class', 'packet-header', undefined);
  }

  #scope(
    fragment: JsonObjectNode,
    property: string,
    scope: ScopeName,
    clockName: string | undefined,
  ): StructureFieldClass | undefined {
    const root = this.#fieldClasses.optionalStructure(fragment, property);
    if (root === undefined) return undefined;
    return placeRoles(root, {
      scope,
      clockName,
      hasUuid: this.#uuid !== undefined,
      offsets: this.#fieldClasses.offsets,
      error: (sentence, fc) => this.#errorAt(sentence, fc),
    });
  }

  #identity(fragment: JsonObjectNode): Identity {
    const namespace = this.#reader.optionalString(fragment, 'namespace');
    const uid = this.#reader.optionalString(fragment, 'uid');
    return { ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
  }

  #attributes(fragment: JsonObjectNode): { readonly attributes?: Attributes } {
    const attributes = this.#reader.attributes(fragment);
    return attributes === undefined ? {} : { attributes };
  }

  #readClock(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    const id = reader.string(fragment, 'id');
    if (this.#clocks.has(id)) throw reader.error(`Two clock classes have the id "${id}".`, fragment.offset);
    const frequency = reader.optionalUnsigned(fragment, 'frequency');
    if (frequency === undefined) throw reader.error('The property "frequency" is missing.', fragment.offset);
    if (frequency === 0n) throw reader.error('The frequency of a clock must not be 0.', fragment.offset);
    const offset = fragment.members.get('offset-from-origin');
    const offsetObject = offset === undefined ? undefined : reader.asObject(offset, 'offset-from-origin');
    const seconds = offsetObject?.members.get('seconds');
    const offsetCycles = (offsetObject && reader.optionalUnsigned(offsetObject, 'cycles')) ?? 0n;
    if (offsetCycles >= frequency)
      throw reader.error(
        'The cycles of an offset must be fewer than the frequency.',
        offset?.offset ?? fragment.offset,
      );
    const name = reader.optionalString(fragment, 'name');
    const description = reader.optionalString(fragment, 'description');
    const precision = reader.optionalUnsigned(fragment, 'precision');
    const accuracy = reader.optionalUnsigned(fragment, 'accuracy');
    const identity = this.#identity(fragment);
    const origin = this.#origin(fragment);
    this.#clocks.set(id, {
      name: name ?? id,
      ...(name === id ? {} : { id }),
      ...identity,
      ...(identity.uid !== undefined && isUuidText(identity.uid) ? { uuid: identity.uid.toLowerCase() } : {}),
      ...(description === undefined ? {} : { description }),
      frequency,
      ...(precision === undefined ? {} : { precision }),
      ...(accuracy === undefined ? {} : { accuracy }),
      offsetSeconds: seconds === undefined ? 0n : reader.asInteger(seconds, 'seconds'),
      offsetCycles,
      absolute: origin === 'unix-epoch',
      ...(origin === undefined || origin === 'unix-epoch' ? {} : { origin }),
      ...this.#attributes(fragment),
    });
  }

  #origin(fragment: JsonObjectNode): ClockOrigin | 'unix-epoch' | undefined {
    const reader = this.#reader;
    const node = fragment.members.get('origin');
    if (node === undefined) return undefined;
    if (node.kind === 'string') return reader.asWord(node, 'origin', ['unix-epoch'] as const);
    const origin = reader.asObject(node, 'origin');
    const namespace = reader.optionalString(origin, 'namespace');
    return {
      ...(namespace === undefined ? {} : { namespace }),
      name: reader.string(origin, 'name'),
      uid: reader.string(origin, 'uid'),
    };
  }

  #readDataStreamClass(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    const id = reader.optionalUnsigned(fragment, 'id') ?? 0n;
    if (this.#dataStreamClasses.has(id))
      throw reader.error(`Two data stream classes have the id ${id}.`, fragment.offset);
    const clockId = reader.optionalString(fragment, 'default-clock-class-id');
    const defaultClock = clockId === undefined ? undefined : this.#clocks.get(clockId);
    if (clockId !== undefined && defaultClock === undefined)
      throw reader.error(`No clock class "${clockId}" stands before this.`, fragment.offset);
    const clockName = defaultClock?.name;
    const name = reader.optionalString(fragment, 'name');
    const packetContext = this.#scope(fragment, 'packet-context-field-class', 'packet-context', clockName);
    const header = this.#scope(fragment, 'event-record-header-field-class', 'event-record-header', clockName);
    const commonContext = this.#scope(
      fragment,
      'event-record-common-context-field-class',
      'event-record-common-context',
      clockName,
    );
    this.#dataStreamClasses.set(id, {
      id,
      ...this.#identity(fragment),
      ...(name === undefined ? {} : { name }),
      ...(packetContext === undefined ? {} : { packetContext }),
      ...(header === undefined ? {} : { eventRecordHeader: header }),
      ...(commonContext === undefined ? {} : { commonContext }),
      ...(defaultClock === undefined ? {} : { defaultClock }),
      eventRecordClasses: new Map(),
      ...this.#attributes(fragment),
    });
  }

  #readEventRecordClass(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    const id = reader.optionalUnsigned(fragment, 'id') ?? 0n;
    const parentId = reader.optionalUnsigned(fragment, 'data-stream-class-id') ?? 0n;
    const parent = this.#dataStreamClasses.get(parentId);
    if (parent === undefined)
      throw reader.error(`No data stream class with the id ${parentId} stands before this.`, fragment.offset);
    if (parent.eventRecordClasses.has(id))
      throw reader.error(`Two event record classes of one data stream class have the id ${id}.`, fragment.offset);
    const specific = this.#scope(fragment, 'specific-context-field-class', 'event-record-specific-context', undefined);
    const payload = this.#scope(fragment, 'payload-field-class', 'event-record-payload', undefined);
    const { attributes } = this.#attributes(fragment);
    const { logLevel, emfUri } = logLevelOf(attributes);
    const rest = withoutOwn(attributes);
    parent.eventRecordClasses.set(id, {
      id,
      name: reader.optionalString(fragment, 'name') ?? '',
      ...this.#identity(fragment),
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(emfUri === undefined ? {} : { emfUri }),
      ...(specific === undefined ? {} : { specificContext: specific }),
      ...(payload === undefined ? {} : { payload }),
      ...(rest === undefined ? {} : { attributes: rest }),
    });
  }

  #build(): TraceClass {
    const fragment = this.#trace;
    const name = fragment === undefined ? undefined : this.#reader.optionalString(fragment, 'name');
    const dataStreamClasses = this.#dataStreamClasses;
    const roots = [this.#packetHeader, ...[...dataStreamClasses.values()].map((dsc) => dsc.packetContext)];
    return {
      ...(name === undefined ? {} : { name }),
      ...(fragment === undefined ? {} : this.#identity(fragment)),
      ...(this.#uuid === undefined ? {} : { uuid: this.#uuid }),
      byteOrder: roots.map(byteOrderOf).find((order) => order !== undefined) ?? 'little-endian',
      environment: this.#environment,
      ...(this.#packetHeader === undefined ? {} : { packetHeader: this.#packetHeader }),
      clockClasses: [...this.#clocks.values()],
      dataStreamClasses,
      ...(fragment === undefined ? {} : this.#attributes(fragment)),
      ...(this.#preambleAttributes === undefined ? {} : { preambleAttributes: this.#preambleAttributes }),
    };
  }
}

/** Attributes that became properties of the class are not kept twice. */
function withoutOwn(attributes: Attributes | undefined): Attributes | undefined {
  if (attributes === undefined) return undefined;
  const rest: [string, Attributes[string]][] = [];
  for (const [namespace, value] of Object.entries(attributes)) {
    if (!OWN_ATTRIBUTE_NAMESPACES.includes(namespace) || typeof value !== 'object' || value === null) {
      rest.push([namespace, value]);
      continue;
    }
    const { 'log-level': _level, 'emf-uri': _uri, ...others } = value as Record<string, Attributes[string]>;
    if (Object.keys(others).length > 0) rest.push([namespace, others]);
  }
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
