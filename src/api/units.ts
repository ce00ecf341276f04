import { durationPattern, percentagePattern, quantityPattern } from './common.ts';

const unitMs = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const quantitySuffix: Record<string, number> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** `5ms` → 5, `1.5s` → 1500. Throws RangeError when `text` is no duration. */
export function durationMs(text: string): number {
  const match = durationPattern.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a duration: write 5ms, 1.5s or 2m`);
  return Number(match[1]) * unitMs[match[3] as keyof typeof unitMs];
}

/** `97.5%` → 0.975. Throws RangeError when `text` is no percentage. */
export function fraction(text: string): number {
  if (!percentagePattern.test(text)) throw new RangeError(`"${text}" is not a percentage: write 97.5%`);
  return Number(text.slice(0, -1)) / 100;
}

/** `500m` → 0.5, `1Gi` → 1073741824. Throws RangeError when `text` is no quantity. */
export function quantity(text: string): number {
  const match = quantityPattern.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a quantity: write 1, 500m or 512Mi`);
  const suffix = match[2] ?? '';
  return Number(text.slice(0, text.length - suffix.length)) * (quantitySuffix[suffix] ?? 1);
}
