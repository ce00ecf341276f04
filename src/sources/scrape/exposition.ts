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
