import type { Style, Tone } from './style.ts';
import { columnsOf, wrapped } from './text.ts';

/** A piece of a heading; pieces are set apart by two blanks. */
export interface Piece {
  text: string;
  tone?: Tone;
}

/** A thing with what belongs to it. */
export interface Branch {
  heading: Piece[];
  /** Sentences under it. */
  notes?: string[];
  branches?: Branch[];
}

/** A heading in as many lines as it takes: pieces stay whole where they fit. */
function headingLines(pieces: readonly Piece[], columns: number, style: Style): string[] {
  const lines: string[] = [];
  let line = '';
  for (const { text, tone } of pieces.filter((piece) => piece.text !== '')) {
    const parts = wrapped(text, Math.max(20, columns)).map((part) => (tone ? style.tint(tone, part) : part));
    for (const [i, part] of parts.entries()) {
      const fits = line !== '' && i === 0 && columnsOf(line) + 2 + columnsOf(part) <= columns;
      if (line !== '' && !fits) lines.push(line);
      line = fits ? `${line}  ${part}` : part;
    }
  }
  return [...lines, line];
}

function branchLines(
  { heading, notes = [], branches = [] }: Branch,
  first: string,
  rest: string,
  style: Style,
): string[] {
  const under = branches.length > 0 ? '│  ' : '   ';
  const columns = style.width - columnsOf(rest);
  const [head = '', ...more] = headingLines(heading, columns, style);
  const said = notes.flatMap((note) => wrapped(note, Math.max(20, columns - 3)));
  return [
    `${style.tint('dim', first)}${head}`,
    ...more.map((line) => `${style.tint('dim', rest + under)}${line}`),
    ...said.map((line) => `${style.tint('dim', rest + under)}${style.tint('dim', line)}`),
    ...branches.flatMap((branch, i) => {
      const isLast = i === branches.length - 1;
      return branchLines(branch, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`, style);
    }),
  ];
}

/** Trees as lines, one under the other. */
export const tree = (branches: readonly Branch[], style: Style): string[] =>
  branches.flatMap((branch) => branchLines(branch, '', '', style));
