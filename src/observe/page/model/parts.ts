import type { Abilities } from '../../../api/hardware-profile.ts';
import type { WorkPart } from '../../../api/work.ts';
import { partTimes } from '../../../core/hardware/composition.ts';
import type { BarsData } from '../chart-data.ts';
import { showBytes, showCount, showMs, showShare } from '../format.ts';

/** One kind of operator in one precision, with what the accelerator's own table gives it. */
export interface PartRow {
  part: WorkPart;
  /** Absent where the accelerator has no table. */
  ms?: number;
  share?: number;
}

export const nameOf = ({ kind, precision }: WorkPart): string => (precision ? `${kind} ${precision}` : kind);

/** The parts of a run with their time by the table of an accelerator, in order of what takes longest. */
export function partRows(parts: readonly WorkPart[], abilities: Abilities | undefined): PartRow[] {
  if (!abilities) return parts.map((part) => ({ part }));
  const times = partTimes({ parts: [...parts] }, abilities);
  const whole = times.reduce((sum, { ms }) => sum + ms, 0) || 1;
  return times.map(({ part, ms }) => ({ part, ms, share: ms / whole })).sort((a, b) => b.ms - a.ms);
}

/** A run beside another, part by part: what is in one of them alone has no counterpart. */
export interface PartPair {
  name: string;
  base?: PartRow;
  variant?: PartRow;
}

export function pairs(base: readonly PartRow[], variant: readonly PartRow[]): PartPair[] {
  const found = new Map<string, PartPair>();
  for (const row of base) found.set(nameOf(row.part), { name: nameOf(row.part), base: row });
  for (const row of variant) {
    found.set(nameOf(row.part), { ...found.get(nameOf(row.part)), name: nameOf(row.part), variant: row });
  }
  const most = ({ base: before, variant: after }: PartPair) => Math.max(before?.ms ?? 0, after?.ms ?? 0);
  return [...found.values()].sort((a, b) => most(b) - most(a));
}

const textOf = (row: string, name: string, found: PartRow | undefined): string[] =>
  found
    ? [
        `${row}: ${name}`,
        `${showMs(found.ms ?? 0)}, ${showShare(found.share ?? 0)} of the run by the table`,
        `${found.part.count} operators, ${showCount(found.part.macs)} MACs, ${showBytes(found.part.bytes)}`,
      ]
    : [`${row}: ${name}`, 'none'];

/** Where the time of the base and of the variant goes; undefined where no table says. */
export function partsChart(both: readonly PartPair[]): BarsData | undefined {
  if (!both.some(({ base, variant }) => base?.ms !== undefined || variant?.ms !== undefined)) return undefined;
  return {
    kind: 'bars',
    axis: 'ms by the table of the accelerator',
    rows: ['base', 'variant'],
    parts: both.map(({ name, base, variant }, colour) => ({
      ...{ name, colour, values: [base?.ms ?? 0, variant?.ms ?? 0] },
      text: [textOf('base', name, base), textOf('variant', name, variant)],
    })),
  };
}
