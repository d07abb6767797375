// SPDX-License-Identifier: MIT
// The control page as a file that traced programs map or read: created once, then rewritten by every
// change of the plan. With the addon it is a mapping; without, the same words go through write(2) in
// the order that control-page.ts prescribes.

import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Native } from '@lockstep/native';
import {
  CONTROL_GENERATION_WORD,
  CONTROL_HEADER_SIZE_BYTES,
  CONTROL_SIZE_BYTES,
  initializeControlPage,
  publishPlan,
  type ControlIdentity,
  type ControlState,
  type TracingPlan,
} from '@lockstep/protocol';

export class ControlFile {
  readonly #memory: ArrayBuffer;
  readonly #release: () => void;
  readonly #flush: () => void;
  #isReadLive = false;
  #published: { readonly state: ControlState; readonly plan: TracingPlan } | undefined;

  private constructor(memory: ArrayBuffer, flush: () => void, release: () => void) {
    this.#memory = memory;
    this.#flush = flush;
    this.#release = release;
  }

  static create(path: string, identity: ControlIdentity, plan: TracingPlan, native: Native | undefined): ControlFile {
    const control =
      native === undefined ? ControlFile.#createWithoutAddon(path) : ControlFile.#createMapped(path, native);
    initializeControlPage(control.#memory, identity, plan);
    control.#flush();
    return control;
  }

  publish(state: ControlState, plan: TracingPlan): void {
    this.#published = { state, plan };
    publishPlan(this.#memory, state, plan, this.#isReadLive);
    this.#flush();
  }

  /** Somebody reads what is recorded as it comes, or nobody does any more. */
  setReadLive(isReadLive: boolean): void {
    if (isReadLive === this.#isReadLive) return;
    this.#isReadLive = isReadLive;
    if (this.#published !== undefined) this.publish(this.#published.state, this.#published.plan);
  }

  close(): void {
    this.#release();
  }

  static #createMapped(path: string, native: Native): ControlFile {
    // Sparse: the rules areas take 1 MiB, of which a page or two are used.
    const mapping = native.mapFile(path, { access: 'read-write', createSizeBytes: CONTROL_SIZE_BYTES, sparse: true });
    return new ControlFile(
      mapping.buffer,
      () => undefined,
      () => mapping.unmap(),
    );
  }

  static #createWithoutAddon(path: string): ControlFile {
    const memory = new ArrayBuffer(CONTROL_SIZE_BYTES);
    const fd = openSync(path, 'wx+', 0o600);
    ftruncateSync(fd, CONTROL_SIZE_BYTES);
    const generationOffset = CONTROL_GENERATION_WORD * 4;
    const flush = (): void => {
      const header = new Uint8Array(memory, 0, CONTROL_HEADER_SIZE_BYTES);
      // Areas, then the words after the generation, then what is before, the generation last.
      writeSync(fd, new Uint8Array(memory, CONTROL_HEADER_SIZE_BYTES), 0, undefined, CONTROL_HEADER_SIZE_BYTES);
      writeSync(fd, header, generationOffset + 4, undefined, generationOffset + 4);
      writeSync(fd, header, 0, generationOffset, 0);
      writeSync(fd, header, generationOffset, 4, generationOffset);
    };
    return new ControlFile(memory, flush, () => closeSync(fd));
  }
}
