import type { Challenge } from '../api/challenge.ts';
import type { Signals } from '../core/sla/cause.ts';
import type { CumulativeHistogram } from '../core/statistics/histogram.ts';
import type { TargetPod } from '../targets/target.ts';

/**
 * What a latency source can say of a set of pods. No data, no answer and a question that is wrong are different things:
 * the first may be silence, the second an outage, the third is for the user to correct.
 */
export type Reading =
  | {
      kind: 'Histogram';
      histogram: CumulativeHistogram;
      seconds: number;
      /** Requests answered with an error (5xx) or not at all, among all of the same pods and time; where it counts them. */
      failures?: { failed: number; of: number };
      /** What can be seen of the pods beside their latencies. */
      signals?: Signals;
    }
  | { kind: 'NoData'; message: string }
  | { kind: 'Unreachable'; message: string }
  | { kind: 'Refused'; message: string };

export type PodAddress = Pick<TargetPod, 'name' | 'address'>;

/** Where the latency of production is read. Failures are values: a metrics outage is something to decide upon. */
export interface LatencyReader {
  /** The requests that `pods` finished in the last `windowMs`; times in milliseconds. */
  read(pods: PodAddress[], windowMs: number, signal?: AbortSignal): Promise<Reading>;
}

/** What came of asking one pod; the text is a clause whose subject is the pod. */
export type Answered =
  | { kind: 'AsJudged' }
  | { kind: 'Different'; text: string }
  /** It said nothing that could be compared: it may yet, or the endpoint is not where the SLA says. */
  | { kind: 'NoAnswer'; text: string };

/** Puts a challenge to the server at an address. Never throws. */
export type Ask = (address: string, at: { port: number; path: string }, challenge: Challenge) => Promise<Answered>;
