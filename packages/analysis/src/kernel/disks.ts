// SPDX-License-Identifier: MIT
// Requests to block devices: issue and completion records in, each finished request and what each
// device has under way out.

import type { DataStream, EventRecord, EventRecordClass } from '@lockstep/ctf';
import { toNumber, toText } from '../fields.ts';
import { isKernelStream, type Handler, type HandlerType, type RecordHandler } from '../pass/handler.ts';
import { HOST, type Host } from './host.ts';
import type { KernelThread } from './kernel-thread.ts';

export interface DiskRequest {
  readonly disk: Disk;
  readonly sector: number;
  readonly sectorCount: number;
  readonly isWrite: boolean;
  /** Who handed it to the device; often a thread of the kernel. */
  readonly by: KernelThread;
  /** Queued, when that was recorded. */
  readonly insert: number | undefined;
  readonly issue: number;
}
export type DiskListener = (request: DiskRequest, end: number) => void;

/** Under way at once, of all devices; real queues hold some thousands. */
const MAX_UNDER_WAY = 1 << 16;
const MAX_DISKS = 4096;

export class Disk {
  readonly device: number;
  /** `vda` when the state dump told, else `254,0`. */
  name: string;
  underWayCount = 0;
  /** ns with at least one request under way, until `since`. */
  busyNs = 0;
  since = 0;

  constructor(device: number) {
    this.device = device;
    // Kernel's dev_t of 12 bits major, 20 bits minor.
    this.name = `${device >>> 20},${device & 0xfffff}`;
  }

  account(time: number): void {
    if (this.underWayCount > 0) this.busyNs += time - this.since;
    this.since = time;
  }
}

export class Disks implements Handler {
  readonly disks = new Map<number, Disk>();
  readonly onIssue: ((request: DiskRequest) => void)[] = [];
  readonly onComplete: DiskListener[] = [];
  readonly #host: Host;
  readonly #underWay = new Map<string, DiskRequest>();
  readonly #inserts = new Map<string, number>();

  constructor(host: Host) {
    this.#host = host;
  }

  chooseHandler({ name }: EventRecordClass, dataStream: DataStream): RecordHandler | undefined {
    if (!isKernelStream(dataStream)) return undefined;
    switch (name) {
      case 'block_rq_insert':
        return (record, time) => {
          if (this.#inserts.size < MAX_UNDER_WAY) this.#inserts.set(keyOf(record), time);
        };
      case 'block_rq_issue':
        return (record, time) => this.#issue(record, time);
      case 'block_rq_complete':
        return (record, time) => this.#complete(record, time);
      case 'lttng_statedump_block_device':
        return (record) => {
          const name = toText(record.payload?.diskname);
          if (name !== '') this.#disk(toNumber(record.payload?.dev)).name = name;
        };
      default:
        return undefined;
    }
  }

  #disk(device: number): Disk {
    let disk = this.disks.get(device);
    if (disk === undefined) {
      disk = new Disk(device);
      if (this.disks.size < MAX_DISKS) this.disks.set(device, disk);
    }
    return disk;
  }

  #issue(record: EventRecord, time: number): void {
    const { payload } = record;
    const key = keyOf(record);
    const disk = this.#disk(toNumber(payload?.dev));
    const request: DiskRequest = {
      disk,
      sector: toNumber(payload?.sector),
      sectorCount: toNumber(payload?.nr_sector),
      isWrite: isWrite(record),
      by: this.#host.threadOf(record),
      insert: this.#inserts.get(key),
      issue: time,
    };
    this.#inserts.delete(key);
    if (this.#underWay.size >= MAX_UNDER_WAY || this.#underWay.has(key)) return;
    this.#underWay.set(key, request);
    disk.account(time);
    disk.underWayCount += 1;
    for (const listener of this.onIssue) listener(request);
  }

  #complete(record: EventRecord, time: number): void {
    const key = keyOf(record);
    const request = this.#underWay.get(key);
    if (request === undefined) return;
    this.#underWay.delete(key);
    request.disk.account(time);
    request.disk.underWayCount -= 1;
    for (const listener of this.onComplete) listener(request, time);
  }
}

function keyOf({ payload }: EventRecord): string {
  return `${toNumber(payload?.dev)} ${toNumber(payload?.sector)}`;
}

/** LTTng's rwbs is bits (1 = write), the kernel's the letters that blktrace prints. */
function isWrite({ payload }: EventRecord): boolean {
  const rwbs = payload?.rwbs;
  return typeof rwbs === 'number' || typeof rwbs === 'bigint' ? (Number(rwbs) & 1) === 1 : toText(rwbs).includes('W');
}

export const DISKS: HandlerType<Disks> = {
  name: 'disks',
  needs: [HOST],
  create: (context) => new Disks(context.get(HOST)),
};
