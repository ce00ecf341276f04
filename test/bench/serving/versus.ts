import type { Outcome } from './simulate.ts';

/** Shares of violated windows, and points of quality, that are no difference. */
const same = { violatedShare: 0.001, points: 0.05 };

/** How ours stands to another policy on the two axes that count: violations and quality lost. */
export type Standing = 'BetterOnBoth' | 'BetterAtEqualOther' | 'Equal' | 'FewerViolations' | 'MoreQuality' | 'Worse';

const sign = (difference: number, tolerance: number) => (Math.abs(difference) <= tolerance ? 0 : Math.sign(difference));

type Axes = Pick<Outcome, 'violatedShare' | 'qualityLostPoints'>;

/** `FewerViolations` and `MoreQuality` are bought with the other axis; `Worse` is worse on one and better on none. */
export function standing(ours: Axes, other: Axes): Standing {
  const violations = sign(other.violatedShare - ours.violatedShare, same.violatedShare);
  const quality = sign(other.qualityLostPoints - ours.qualityLostPoints, same.points);
  if (violations > 0 && quality > 0) return 'BetterOnBoth';
  if (violations >= 0 && quality >= 0) return violations + quality > 0 ? 'BetterAtEqualOther' : 'Equal';
  if (violations > 0) return 'FewerViolations';
  return quality > 0 ? 'MoreQuality' : 'Worse';
}

/** Shares are means over the outcomes, each of which counts alike; counts are sums. */
export function together(outcomes: Outcome[]): Outcome {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, outcome) => all + of(outcome), 0);
  const mean = (of: (outcome: Outcome) => number) => sum(of) / outcomes.length;
  return {
    requests: sum((one) => one.requests),
    slowShare: mean((one) => one.slowShare),
    violatedShare: mean((one) => one.violatedShare),
    windows: sum((one) => one.windows),
    violatedWindows: sum((one) => one.violatedWindows),
    qualityLostPoints: mean((one) => one.qualityLostPoints),
    replicaSeconds: sum((one) => one.replicaSeconds),
    switches: sum((one) => one.switches),
  };
}

export const rounded = (outcome: Outcome): Record<string, number> =>
  Object.fromEntries(Object.entries(outcome).map(([key, value]) => [key, Number(value.toPrecision(4))]));

/** An outcome in a line, for people. */
export const told = (outcome: Outcome): string =>
  [
    `${outcome.violatedWindows}/${outcome.windows} windows violated`,
    `${(100 * outcome.slowShare).toFixed(3)}% slow`,
    `${outcome.qualityLostPoints.toFixed(3)} points lost`,
    `${outcome.replicaSeconds} replica-s`,
    `${outcome.switches} switches`,
  ].join(', ');
