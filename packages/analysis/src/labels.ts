// SPDX-License-Identifier: MIT
// Texts as small integers, so that interval columns can hold them. 0 is always the empty text.

export class Labels {
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [''];

  idOf(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
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
