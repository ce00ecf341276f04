import type { FrontPoint } from '../../api/nas-search.ts';
import type { LoadPoint } from '../../api/trial.ts';
import type { Quality } from '../../api/variant.ts';
import { acceptable, limitPhrase, type QualityLimit } from '../quality/limit.ts';
import { lossOf, showValue } from '../quality/metric.ts';
import { expectedTailMs } from './choice.ts';

/** A model that is about to be shipped, judged and measured. */
export interface Shipped {
  quality: Quality;
  p99Ms: number;
  p99LowMs: number;
  p99HighMs: number;
  loadCurve: LoadPoint[];
}

/** What it is held against; what is absent is not checked. */
export interface Standard {
  quality: QualityLimit;
  thresholdMs?: number;
  /** Requests a second at one replica. */
  ratePerSecond?: number;
  /** The present front, measured on the same accelerator type. */
  front?: readonly FrontPoint[];
}

export interface GateCheck {
  check: 'quality' | 'latency' | 'load' | 'front';
  verdict: 'Pass' | 'Fail' | 'CannotTell';
  message: string;
}

const ms = (value: number) => `${value.toFixed(2)} ms`;

function quality({ quality: its }: Shipped, { quality: limit }: Standard): GateCheck | undefined {
  const phrase = limitPhrase(its.metric, limit);
  if (!phrase) return undefined;
  const message = `${showValue(its.metric, its.value)} ${its.metric}, to be ${phrase}`;
  return { check: 'quality', verdict: acceptable(its, limit) ? 'Pass' : 'Fail', message };
}

function latency({ p99LowMs, p99HighMs, p99Ms }: Shipped, { thresholdMs }: Standard): GateCheck | undefined {
  if (thresholdMs === undefined) return undefined;
  const message = `p99 ${ms(p99Ms)} (${ms(p99LowMs)} to ${ms(p99HighMs)}) against ${ms(thresholdMs)}`;
  if (p99HighMs <= thresholdMs) return { check: 'latency', verdict: 'Pass', message };
  return { check: 'latency', verdict: p99LowMs > thresholdMs ? 'Fail' : 'CannotTell', message };
}

function load({ loadCurve, p99Ms }: Shipped, { thresholdMs, ratePerSecond }: Standard): GateCheck | undefined {
  if (thresholdMs === undefined || ratePerSecond === undefined) return undefined;
  const tailMs = expectedTailMs({ loadCurve, p99Ms }, ratePerSecond);
  const expected = Number.isFinite(tailMs) ? `p99 ${ms(tailMs)} is expected` : 'more arrives than it can answer';
  const message = `${expected} at ${ratePerSecond.toFixed(1)} requests/s a replica`;
  return { check: 'load', verdict: tailMs <= thresholdMs ? 'Pass' : 'Fail', message };
}

/** Behind the front: something there is no less accurate and certainly faster. */
function behind({ quality: its, p99LowMs }: Shipped, { front: points }: Standard): GateCheck | undefined {
  if (!points) return undefined;
  const loss = (value: number) => lossOf({ ...its, value });
  const better = points.find((point) => loss(point.quality) <= loss(its.value) && point.p99HighMs < p99LowMs);
  if (!better) return { check: 'front', verdict: 'Pass', message: 'no variant on the front beats it' };
  const message = `${better.variant} is no less accurate (${showValue(its.metric, better.quality)}) and faster (p99 ${ms(better.p99Ms)})`;
  return { check: 'front', verdict: 'Fail', message };
}

/** Whether a model may be shipped, check by check. */
export const gate = (model: Shipped, standard: Standard): GateCheck[] =>
  [quality, latency, load, behind].flatMap((check) => check(model, standard) ?? []);
