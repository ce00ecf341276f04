import type { HistoryEntry } from '../../api/latency-sla.ts';
import type { MemoryWall } from '../../api/work.ts';
import type { Scale } from '../../core/quality/metric.ts';

/** Everything a report shows; plain data, so that the page, the file and a test can make it alike. */
export interface ReportData {
  title: string;
  generatedAt: string;
  /** The outcome in a few words and figures, first thing on the page. */
  headline: { label: string; value: string; note?: string }[];
  searches: SearchReport[];
  slas: SlaReport[];
}

export interface SearchReport {
  name: string;
  accelerator: string;
  thresholdMs?: number;
  /** What the quality of its points is, and for a command which way is better. */
  scale: Scale;
  points: TrialPoint[];
  /** Choices that were left out on this accelerator, and why. */
  narrowed?: { choice: string; reason: string }[];
}

export interface TrialPoint {
  variant: string;
  label: string;
  quality: number;
  p50Ms: number;
  p99Ms: number;
  p99LowMs: number;
  p99HighMs: number;
  sizeBytes: number;
  /** How near it comes to the memory wall, where that is known. */
  memory?: MemoryWall;
  onFront: boolean;
  recommended: boolean;
}

export interface SlaReport {
  name: string;
  workload: string;
  thresholdMs: number;
  percentile: string;
  /** What was measured over time; `percentileMs` is absent where there was nothing to measure. */
  series: { at: string; percentileMs?: number; ratePerSecond: number }[];
  history: HistoryEntry[];
}
