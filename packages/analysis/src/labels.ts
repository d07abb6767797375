// SPDX-License-Identifier: MIT
// Texts as small integers, so that interval columns can hold them. 0 is always the empty text.

/** Paths make labels, and a trace can hold any number of them: what comes later shares one label. */
const MAX_LABELS = 1 << 18;

export class Labels {
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = ['', 'other'];

  idOf(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      if (this.#texts.length >= MAX_LABELS) return 1;
      id = this.#texts.length;
      this.#texts.push(text);
      this.#ids.set(text, id);
    }
    return id;
  }

  textOf(id: number): string {
    return this.#texts[id] ?? '';
  }
}
