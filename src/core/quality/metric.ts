import type { Quality, QualityMetric } from '../../api/variant.ts';

/** Which metric it is, and for a command which way is better. */
export type Scale = Pick<Quality, 'metric' | 'higherIsBetter'>;

interface Traits {
  higherIsBetter: boolean;
  /** The best value is 1, and a drop is counted in points of it; else a drop is a share of the value of the base. */
  bounded: boolean;
  percent: boolean;
  /** What a data set must have beside the inputs. */
  needs?: 'labels' | 'targets' | 'scores';
  /** It is judged against the outputs of the base model on the same rows. */
  compares: boolean;
}

const share = { higherIsBetter: true, bounded: true, percent: true, compares: false } as const;
const distance = { higherIsBetter: false, bounded: false, percent: false, compares: false } as const;

/** What is peculiar to each metric. A command's way is in `higherIsBetter` of the quality itself. */
export const traits: Record<QualityMetric, Traits> = {
  Top1: { ...share, needs: 'labels' },
  Top5: { ...share, needs: 'labels' },
  F1: { ...share, needs: 'labels' },
  Agreement: { ...share, compares: true },
  Spearman: { ...share, percent: false, needs: 'scores' },
  Cosine: { ...share, percent: false, compares: true },
  MSE: { ...distance, needs: 'targets' },
  MAE: { ...distance, needs: 'targets' },
  Perplexity: { ...distance, needs: 'labels' },
  Command: distance,
};

export const higherIsBetter = ({ metric, higherIsBetter: way }: Scale): boolean => way ?? traits[metric].higherIsBetter;

/** What is to be made small, whatever the metric: 1 less the value where higher is better, else the value. */
export function lossOf(quality: Scale & Pick<Quality, 'value'>): number {
  return higherIsBetter(quality) ? 1 - quality.value : quality.value;
}

/** What a drop of one hundred percent is, in loss: one point of a bounded metric, else all that the base is worth. */
export function dropUnit(base: Scale & Pick<Quality, 'value'>): number {
  return traits[base.metric].bounded ? 1 : Math.abs(base.value);
}

/** A tenth of that unit worse than the base: a corner that every variant worth having is inside of. */
export const worstLoss = (base: Scale & Pick<Quality, 'value'>): number => lossOf(base) + 0.1 * (dropUnit(base) || 1);

/** The value for people: `98.80%` for shares, four digits for others. */
export function showValue(metric: QualityMetric, value: number): string {
  if (traits[metric].percent) return `${(100 * value).toFixed(2)}%`;
  return Math.abs(value) >= 1e4 ? value.toFixed(0) : value.toPrecision(4);
}
