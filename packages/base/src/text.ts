// SPDX-License-Identifier: MIT
// UTF-8 both ways. TextEncoder and TextDecoder exist wherever Lockstep runs, but neither the
// language's library nor an empty `types` list declares them, so their shapes stand here.

interface Encoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
interface Decoder {
  decode(bytes: Uint8Array): string;
}
interface TextCodecs {
  readonly TextEncoder: new () => Encoder;
  readonly TextDecoder: new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) => Decoder;
}
const codecs = globalThis as unknown as TextCodecs;
const encoder = new codecs.TextEncoder();
const decoder = new codecs.TextDecoder('utf-8', { ignoreBOM: true });

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Writes as much of `text` as fits; returns UTF-16 units read and bytes written. */
export function encodeUtf8Into(text: string, target: Uint8Array): { read: number; written: number } {
  return encoder.encodeInto(text, target);
}

/** Invalid sequences become U+FFFD. Copies shared memory first, which TextDecoder refuses to read. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice());
}
