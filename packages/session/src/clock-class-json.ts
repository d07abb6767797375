// SPDX-License-Identifier: MIT
// A CTF clock class as session.json and worker messages carry it: bigints as decimal strings.

import { ProtocolError } from '@lockstep/base';
import type { ClockClass } from '@lockstep/ctf/write';

export type ClockClassJson = Readonly<Record<string, string | boolean>>;

export function clockClassToJson(clock: ClockClass): ClockClassJson {
  return {
    name: clock.name,
    ...(clock.uuid === undefined ? {} : { uuid: clock.uuid }),
    ...(clock.description === undefined ? {} : { description: clock.description }),
    frequency: String(clock.frequency),
    ...(clock.precision === undefined ? {} : { precision: String(clock.precision) }),
    offsetSeconds: String(clock.offsetSeconds),
    offsetCycles: String(clock.offsetCycles),
    absolute: clock.absolute,
  };
}

export function clockClassFromJson(json: ClockClassJson): ClockClass {
  const name = json['name'];
  if (typeof name !== 'string') throw new ProtocolError('The session description has no clock');
  return {
    name,
    ...(typeof json['uuid'] === 'string' ? { uuid: json['uuid'] } : {}),
    ...(typeof json['description'] === 'string' ? { description: json['description'] } : {}),
    frequency: readInteger(json, 'frequency'),
    ...(json['precision'] === undefined ? {} : { precision: readInteger(json, 'precision') }),
    offsetSeconds: readInteger(json, 'offsetSeconds'),
    offsetCycles: readInteger(json, 'offsetCycles'),
    absolute: json['absolute'] === true,
  };
}

function readInteger(json: ClockClassJson, key: string): bigint {
  const text = json[key];
  if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text)) {
    throw new ProtocolError('The clock of the session description is damaged', { key });
  }
  return BigInt(text);
}
