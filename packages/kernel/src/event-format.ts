// SPDX-License-Identifier: MIT
// A tracefs `format` file -> the event's id and fields, as text says them. What each field becomes in
// the trace is event-class.ts's business. Lines that make no sense are left out, never the event.

export interface KernelField {
  readonly name: string;
  /** C type without the name: `unsigned int`, `const char *`, `char`. */
  readonly typeName: string;
  readonly offset: number;
  /** Bytes in the record; of the 4-byte location for `__data_loc` and `__rel_loc`. */
  readonly sizeBytes: number;
  /** As the kernel says; for system calls it always says unsigned. */
  readonly isSigned: boolean;
  readonly isPointer: boolean;
  /** `fixed`: `T x[N]`; `data-loc`, `rel-loc`: a location word that the bytes lie behind. */
  readonly array: 'none' | 'fixed' | 'data-loc' | 'rel-loc';
  /** N of `T x[N]` where it is a number. */
  readonly arrayLength: number | undefined;
}

export interface KernelEventFormat {
  readonly system: string;
  readonly name: string;
  /** `common_type` of its records. */
  readonly id: number;
  /** Without the `common_` ones. */
  readonly fields: readonly KernelField[];
  /** What follows `print fmt:`. */
  readonly printFormat: string;
}

const FIELD_LINE = /^\tfield:(.+?);\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d+);/;

/** Undefined when the text has no id: it is no format. */
export function parseEventFormat(system: string, text: string): KernelEventFormat | undefined {
  const name = /^name: (\S+)/m.exec(text)?.[1];
  const id = /^ID: (\d+)/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  const fields: KernelField[] = [];
  for (const line of text.split('\n')) {
    const match = FIELD_LINE.exec(line);
    if (match === null) continue;
    const field = parseField(match[1] ?? '', Number(match[2]), Number(match[3]), match[4] === '1');
    if (field !== undefined && !field.name.startsWith('common_')) fields.push(field);
  }
  const at = text.indexOf('print fmt: ');
  return {
    system,
    name,
    id: Number(id),
    fields,
    printFormat: at < 0 ? '' : text.slice(at + 'print fmt: '.length).trim(),
  };
}

/** `__data_loc char[] name`, `char comm[16]`, `const char * filename`, `unsigned long args[6]`. */
function parseField(
  declaration: string,
  offset: number,
  sizeBytes: number,
  isSigned: boolean,
): KernelField | undefined {
  const location = /^__(data|rel)_loc\s+(.+?)\s*\[\]\s*(\w+)$/.exec(declaration);
  if (location !== null) {
    return {
      name: location[3] ?? '',
      typeName: location[2] ?? '',
      offset,
      sizeBytes,
      isSigned,
      isPointer: false,
      array: location[1] === 'data' ? 'data-loc' : 'rel-loc',
      arrayLength: undefined,
    };
  }
  const match = /^(.*?)\s*\b(\w+)\s*(?:\[([^\]]*)\])?$/.exec(declaration.trim());
  if (match === null) return undefined;
  const typeName = (match[1] ?? '').trim();
  const length = match[3];
  return {
    name: match[2] ?? '',
    typeName,
    offset,
    sizeBytes,
    isSigned,
    isPointer: typeName.includes('*'),
    array: length === undefined ? 'none' : 'fixed',
    arrayLength: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined,
  };
}
