import { RewriteName } from '../../api/analysis.ts';
import type { Candidate } from '../../api/candidate.ts';
import type { Dimensions } from '../../api/variant.ts';

/** The same text for the same candidate, whatever the order of its keys; one at its largest names it or leaves it out. */
export function canonical({ dimensions, precision, engine }: Candidate, offered: Dimensions): string {
  const full = Object.fromEntries(offered.map(({ name, choices }) => [name, Math.max(...choices)]));
  const chosen = Object.entries({ ...full, ...dimensions })
    .filter(([name]) => precision === 'Mixed' || name !== 'precision')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([chosen, precision, engine.threads, engine.graphOptimization]);
}

/** FNV-1a over UTF-16 code units, twice with different offsets: 64 bits as 13 letters and digits of base 36. */
export function shortHash(text: string): string {
  const fnv = (offset: number) => {
    let hash = offset;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return hash;
  };
  const bits = (BigInt(fnv(0x811c9dc5)) << 32n) | BigInt(fnv(0x9e3779b9));
  return bits.toString(36).padStart(13, '0');
}

const initials = (name: string) =>
  name
    .split(/[.\s_-]+/)
    .map((part) => part.replace(/^([a-z])[a-z]*/i, '$1'))
    .join('');

/** A rewrite at this level changes nothing. */
const untouched = 100;
const isRewrite = (name: string) => RewriteName.options.some((rewrite) => rewrite === name);

/**
 * The candidate in a few words for people: `INT8Static s1d2 s1w24 s2d3 … 1t`; at most 128 characters. Rewrites that change
 * nothing are left out.
 */
export function label({ dimensions, precision, engine }: Candidate): string {
  const chosen = Object.entries(dimensions)
    .filter(
      ([name, choice]) => !isRewrite(name) || (choice < untouched && (name !== 'precision' || precision === 'Mixed')),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const short = (name: string) => (isRewrite(name) ? `${name} ` : initials(name));
  const size = chosen.length > 0 ? chosen.map(([name, choice]) => `${short(name)}${choice}`).join(' ') : 'full';
  const level = engine.graphOptimization === 'All' ? '' : ` ${engine.graphOptimization}`;
  return `${precision} ${size} ${engine.threads}t${level}`.slice(0, 128);
}
