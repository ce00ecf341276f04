import { globSync, readFileSync } from 'node:fs';

/** A block of code in a page. */
export interface Block {
  /** Path of the page from the root of the repository. */
  page: string;
  /** Line of its first line, from 1. */
  line: number;
  /** What is written behind the fence; empty where nothing is, and for blocks that are indented. */
  language: string;
  text: string;
}

/** Every page that somebody reads: of the whole repository, but for what is generated from src/api alone. */
export const pages = (): string[] =>
  globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md', 'helm/**/*.md'], { exclude: ['**/node_modules/**'] }).sort();

const fence = /^(`{3,}|~{3,})\s*(\S*)/;
const indented = /^ {4}/;

/** The line with which a fenced block is closed, or the number of lines where it never is. */
function closing(lines: readonly string[], opened: number, marks: string): number {
  const found = lines.findIndex((line, i) => i > opened && line.startsWith(marks) && line.trim() === marks);
  return found < 0 ? lines.length : found;
}

/** The line behind an indented block, which may have empty lines in it but does not end with one. */
function behindIndented(lines: readonly string[], from: number): number {
  let [end, i] = [from, from];
  while (i < lines.length && (indented.test(lines[i] ?? '') || lines[i] === '')) {
    if (lines[i] !== '') end = i + 1;
    i++;
  }
  return end;
}

/**
 * Blocks of a page in CommonMark: fenced ones, and those that are indented by four spaces behind an empty line. Pages here have
 * neither in lists.
 */
export function blocksOf(page: string, text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, marks, language = ''] = fence.exec(lines[i] ?? '') ?? [];
    if (marks !== undefined) {
      const end = closing(lines, i, marks);
      blocks.push({ page, line: i + 2, language, text: lines.slice(i + 1, end).join('\n') });
      i = end;
    } else if (indented.test(lines[i] ?? '') && lines[i - 1] === '') {
      const end = behindIndented(lines, i);
      const inside = lines.slice(i, end).map((line) => line.replace(indented, ''));
      blocks.push({ page, line: i + 1, language: '', text: inside.join('\n') });
      i = end - 1;
    }
  }
  return blocks;
}

export const allBlocks = (): Block[] => pages().flatMap((page) => blocksOf(page, readFileSync(page, 'utf8')));

/** The page without its blocks: what is prose. */
export function prose(text: string): string {
  const lines = text.split('\n');
  for (const { line, text: inside } of blocksOf('', text)) {
    for (let i = 0; i < inside.split('\n').length; i++) lines[line - 1 + i] = '';
  }
  return lines.join('\n');
}

/** What stands between backquotes in prose, with the line that it is in; one may go on in the next line. */
export function codeSpans(text: string): { line: number; code: string }[] {
  const plain = prose(text);
  return [...plain.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(({ 1: code = '', index }) => ({
    line: plain.slice(0, index).split('\n').length,
    code: code.replaceAll(/\s+/g, ' '),
  }));
}
