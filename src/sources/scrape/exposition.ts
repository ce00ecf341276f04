import { addBucket, type Buckets } from '../buckets.ts';

const label = (labels: string, name: string) => new RegExp(`(?:^|,)\\s*${name}="([^"]*)"`).exec(labels)?.[1];

/**
 * The buckets of one histogram in a Prometheus text exposition (format 0.0.4), all its series summed; empty when it is
 * not there.
 */
export function histogramBuckets(text: string, histogram: string): Buckets {
  const buckets: Buckets = new Map();
  const prefix = `${histogram}_bucket{`;
  for (const line of text.split('\n')) {
    if (!line.startsWith(prefix)) continue;
    const end = line.lastIndexOf('}');
    const le = label(line.slice(prefix.length, end), 'le');
    const value = Number(
      line
        .slice(end + 1)
        .trim()
        .split(' ')[0],
    );
    if (le !== undefined && Number.isFinite(value)) addBucket(buckets, le, value);
  }
  return buckets;
}

/** The sum of a counter's series in a text exposition, all or those of which `labels` is true; undefined without any. */
export function counterSum(text: string, counter: string, labels: (text: string) => boolean = () => true) {
  const line = new RegExp(`^${counter}(?:\\{(.*)\\})? (\\S+)`, 'gm');
  let sum: number | undefined;
  for (const [, its = '', value] of text.matchAll(line)) if (labels(its)) sum = (sum ?? 0) + Number(value);
  return sum;
}
