// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { describeCached } from './description-cache.ts';
import type { EventDescription } from './event-description.ts';

const RULES = [{ name: 'system', id: 0, rules: ['sched_switch'] }];

interface Place {
  readonly directory: string;
  readonly tracefs: string;
}

/** A tracefs of one file, and a directory to keep things in. */
function makePlace(t: TestContext): Place {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(`${root}/tracefs`);
  writeFileSync(`${root}/tracefs/available_events`, 'sched:sched_switch\n');
  return { directory: `${root}/base`, tracefs: `${root}/tracefs` };
}

let descriptionCount = 0;

/** Whether it was described anew. */
function isDescribed(place: Place, rules = RULES): boolean {
  const before = descriptionCount;
  const description = describeCached(place, rules, (): EventDescription => {
    descriptionCount++;
    return DESCRIPTION;
  });
  assert.deepEqual(description, DESCRIPTION);
  return descriptionCount > before;
}

const DESCRIPTION: EventDescription = {
  channels: [
    {
      events: [],
      wholeSystems: ['sched'],
      metadataText: 'event {}',
      conversion: {
        streamClassId: 0,
        contexts: [],
        filters: [],
        tracker: '',
        observed: [],
        kernelStackId: 0,
        userStackId: 0,
      },
    },
  ],
  plansText: '[]',
};

function onlyFile(place: Place): string {
  const names = readdirSync(place.directory);
  assert.equal(names.length, 1);
  return join(place.directory, names[0] ?? '');
}

test('what was described is kept for ourselves only, and other rules are described', (t) => {
  const place = makePlace(t);
  assert.deepEqual([isDescribed(place), isDescribed(place)], [true, false]);
  assert.equal(statSync(place.directory).mode & 0o777, 0o700);
  assert.equal(statSync(onlyFile(place)).mode & 0o777, 0o600);
  const others = [{ name: 'system', id: 1, rules: ['sched_switch'] }];
  assert.deepEqual([isDescribed(place, others), isDescribed(place)], [true, false]);
});

test('events that came or went, and probes that changed or cannot be read, are described anew', (t) => {
  const place = makePlace(t);
  isDescribed(place);
  writeFileSync(`${place.tracefs}/available_events`, 'sched:sched_switch\nother:event\n');
  assert.deepEqual([isDescribed(place), isDescribed(place)], [true, false]);
  writeFileSync(`${place.tracefs}/dynamic_events`, 'p:kprobes/x do_sys_open\n');
  assert.deepEqual([isDescribed(place), isDescribed(place)], [true, true]);
  // Defined anew in the same words it has another id.
  for (const id of [1800, 1801]) {
    mkdirSync(`${place.tracefs}/events/kprobes/x`, { recursive: true });
    writeFileSync(`${place.tracefs}/events/kprobes/x/format`, `name: x\nID: ${id}\n`);
    assert.deepEqual([isDescribed(place), isDescribed(place)], [true, false]);
  }
});

test('a file that is damaged, of others or readable by others counts as absent', (t) => {
  const place = makePlace(t);
  isDescribed(place);
  const path = onlyFile(place);
  const whole = readFileSync(path, 'utf8');
  const changes: Record<string, () => void> = {
    empty: () => writeFileSync(path, ''),
    cut: () => writeFileSync(path, whole.slice(0, -1)),
    changed: () => writeFileSync(path, whole.replace('sched', 'other')),
    'another version': () => writeFileSync(path, whole.replace(/"version":\d+/, '"version":0')),
    readable: () => chmodSync(path, 0o644),
    link: () => {
      renameSync(path, `${place.tracefs}/elsewhere`);
      symlinkSync(`${place.tracefs}/elsewhere`, path);
    },
    'open directory': () => chmodSync(place.directory, 0o777),
  };
  for (const [name, change] of Object.entries(changes)) {
    assert.ok(!isDescribed(place), `before ${name}`);
    change();
    assert.ok(isDescribed(place), name);
    chmodSync(place.directory, 0o700);
  }
});

test('sets of rules without end do not fill the memory, and push out the oldest only', (t) => {
  const place = makePlace(t);
  for (let id = 0; id < 30; id++) isDescribed(place, [{ name: 'system', id, rules: ['sched_switch'] }]);
  assert.ok(readdirSync(place.directory).length <= 8);
  assert.ok(!isDescribed(place, [{ name: 'system', id: 29, rules: ['sched_switch'] }]));
  assert.ok(isDescribed(place, [{ name: 'system', id: 0, rules: ['sched_switch'] }]));
});
