import { styleText } from 'node:util';

/** What a piece of text means; colours follow from it, and nothing is said by colour alone. */
export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold';

/** How text may look where it goes to. */
export interface Style {
  /** Columns of a line; Infinity where lines have no end, as in a pipe. */
  width: number;
  tint(tone: Tone, text: string): string;
}

const formats = { good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', bold: 'bold' } as const;

/** Text without colours. */
export const plain = (width = Number.POSITIVE_INFINITY): Style => ({ width, tint: (_, text) => text });

/** Text with colours, whatever it is written to. */
export const coloured = (width: number): Style => ({
  width,
  tint: (tone, text) => (text === '' ? text : styleText(formats[tone], text, { validateStream: false })),
});

/** Colours for a terminal alone, and none where NO_COLOR is set to anything (https://no-color.org) or TERM is dumb. */
export function styleOf(stream: { isTTY?: boolean; columns?: number }, environment: NodeJS.ProcessEnv): Style {
  if (!stream.isTTY) return plain();
  const width = stream.columns ?? 80;
  return environment.NO_COLOR || environment.TERM === 'dumb' ? plain(width) : coloured(width);
}
