// SPDX-License-Identifier: MIT
// The terminal codes of babeltrace2's `sink.text.pretty`, by what they colour.

export interface Colors {
  readonly name: string;
  readonly fieldName: string;
  readonly text: string;
  readonly number: string;
  readonly label: string;
  readonly unknown: string;
  readonly eventName: string;
  readonly timestamp: string;
  readonly reset: string;
}

const BOLD = '\x1b[1m';

export const COLORS: Colors = {
  name: BOLD,
  fieldName: '\x1b[36m',
  text: BOLD,
  number: BOLD,
  label: BOLD,
  unknown: `${BOLD}${BOLD}\x1b[31m`,
  eventName: `${BOLD}${BOLD}\x1b[35m`,
  timestamp: `${BOLD}${BOLD}\x1b[33m`,
  reset: '\x1b[0m',
};

export const NO_COLORS: Colors = {
  name: '',
  fieldName: '',
  text: '',
  number: '',
  label: '',
  unknown: '',
  eventName: '',
  timestamp: '',
  reset: '',
};
