import { stripVTControlCharacters } from 'node:util';

/** Columns that text takes on a terminal, colours not counted. */
export const columnsOf = (text: string): number => [...stripVTControlCharacters(text)].length;

/** The text filled up with blanks to so many columns. */
export const padded = (text: string, columns: number, right = false): string => {
  const blanks = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return right ? blanks + text : text + blanks;
};

/** Text without colours cut to so many columns, with an ellipsis where something is left out. */
export function cut(text: string, columns: number): string {
  const letters = [...text];
  return letters.length <= columns ? text : `${letters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** Text without colours as lines of at most so many columns, broken at blanks; a longer word stays whole. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
