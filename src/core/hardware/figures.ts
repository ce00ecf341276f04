import type { FigureName } from '../../api/nas-search.ts';
import type { MemoryWall, Work } from '../../api/work.ts';

/** What is known of one variant on one accelerator beside its quality and latency. */
export interface Figured {
  sizeBytes?: number;
  peakMemoryBytes?: number;
  work?: Work;
  memory?: MemoryWall;
}

/** A figure that a search asks for, with its value where that is known. */
export interface Figure {
  name: FigureName;
  value?: number;
  limit?: number;
  objective: boolean;
}

const values: Record<FigureName, (of: Figured) => number | undefined> = {
  SizeBytes: ({ sizeBytes }) => sizeBytes,
  PeakMemoryBytes: ({ peakMemoryBytes }) => peakMemoryBytes,
  PeakActivationBytes: ({ work }) => work?.peakActivationBytes,
  BytesMoved: ({ work }) => work?.bytesMoved,
  Macs: ({ work }) => work?.macs,
  OpsPerByte: ({ memory }) => memory?.opsPerByte,
  Utilisation: ({ memory }) => memory?.utilisation,
  FitsL1: ({ work }) => work?.fits.l1,
  FitsL2: ({ work }) => work?.fits.l2,
  FitsL3: ({ work }) => work?.fits.l3,
};

/** Shares of one, of which more is better. */
const shares: ReadonlySet<FigureName> = new Set(['FitsL1', 'FitsL2', 'FitsL3']);
const moreIsBetter = (name: FigureName) => shares.has(name) || name === 'OpsPerByte';

export const figureValue = (name: FigureName, of: Figured): number | undefined => values[name](of);

/** Above zero, whatever the figure: models of it may be of its logarithm. */
const least = 1e-3;

/** A value as something that is to be made small; above zero. */
export function figureCost(name: FigureName, value: number): number {
  if (shares.has(name)) return 1 - value + least;
  return moreIsBetter(name) ? 1 / Math.max(value, least) : value;
}

/** Whether a figure is within its limit; one that is not known is within none. */
export function withinLimit({ name, value, limit }: Figure): boolean {
  if (limit === undefined) return true;
  return value !== undefined && figureCost(name, value) <= figureCost(name, limit) * (1 + 1e-9);
}
