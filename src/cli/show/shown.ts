import { dump } from 'js-yaml';
import type { Style } from './style.ts';

export const formats = ['table', 'json', 'yaml'] as const;
export type Format = (typeof formats)[number];

/** What a command has to say: as data for programs, and as lines for people. */
export interface Shown {
  data: unknown;
  lines(style: Style): string[];
  /** 0 when left out; 1 failed or refused, 2 it can't be told. */
  code?: 0 | 1 | 2;
  /** Said beside the answer, on standard error. */
  warnings?: string[];
}

const yamlOptions = { noRefs: true, lineWidth: -1, sortKeys: false, skipInvalid: true } as const;

/** The text that is printed, without the newline at its end. */
export function render({ data, lines }: Shown, format: Format, style: Style): string {
  if (format === 'json') return JSON.stringify(data, undefined, 2);
  // What JSON leaves out, YAML leaves out too.
  if (format === 'yaml') return dump(JSON.parse(JSON.stringify(data)), yamlOptions).trimEnd();
  return lines(style).join('\n');
}
