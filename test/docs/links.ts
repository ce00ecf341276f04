import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { prose } from './blocks.ts';

/** A link in a page: where it stands, and where it leads. */
export interface Link {
  line: number;
  target: string;
}

/** Links of a page in prose, those to other sites left out. */
export function linksOf(text: string): Link[] {
  // Code between backquotes is no link; it keeps its length, so that lines are what they were.
  const plain = prose(text).replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[^\n]/g, ' '));
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(({ 1: target = '', index }) => ({ line: plain.slice(0, index).split('\n').length, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** The name that GitHub gives a heading: small letters, no punctuation, hyphens for spaces. */
export const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Names of the headings of a page; the second of a name has `-1` behind it. */
export function anchorsOf(text: string): Set<string> {
  const found = new Map<string, number>();
  const names = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const name = anchorOf(heading);
    const times = found.get(name) ?? 0;
    names.add(times === 0 ? name : `${name}-${times}`);
    found.set(name, times + 1);
  }
  return names;
}

/** Why a link of the page at `page` leads nowhere; undefined when it does not. */
export function broken(page: string, { line, target }: Link): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(file)) return `${page}:${line}: there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  const names = anchorsOf(readFileSync(file, 'utf8'));
  return names.has(anchor)
    ? undefined
    : `${page}:${line}: ${file} has no #${anchor}: there are ${[...names].join(', ')}`;
}
