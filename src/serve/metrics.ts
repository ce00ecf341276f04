import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { pressureMetrics } from './pressure.ts';

/**
 * Upper bounds in seconds from 0.25 ms to 20 s, each 1.26 times the one before: a percentile read off them is at most so
 * much too high, and a slowdown of 20% moves a good part of the requests into other buckets.
 */
export const durationBuckets = Array.from({ length: 50 }, (_, i) => Number((0.001 * 1.26 ** (i - 6)).toPrecision(3)));

export interface ServeMetrics {
  registry: Registry;
  /** One answered inference request. */
  observe(request: { variant: string; code: number; seconds: number; elements: number }): void;
  /** Makes the series of a variant, so that it is there from the start. */
  announce(variant: string): void;
}

/** Metrics of the server; `variant` is the digest of the model that answered. */
export function serveMetrics(pending: () => number): ServeMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  pressureMetrics(registry);
  const duration = new Histogram({
    name: 'retune_request_duration_seconds',
    help: 'Time from the arrival of an inference request to its answer, waiting included.',
    labelNames: ['variant'],
    buckets: durationBuckets,
    registers,
  });
  const requests = new Counter({
    name: 'retune_requests_total',
    help: 'Inference requests by variant and HTTP status.',
    labelNames: ['variant', 'code'],
    registers,
  });
  const elements = new Counter({
    name: 'retune_request_input_elements_total',
    help: 'Elements of all input tensors of the requests that were answered: what a request asks for, on average.',
    labelNames: ['variant'],
    registers,
  });
  new Gauge({
    name: 'retune_requests_pending',
    help: 'Inference requests that wait or run.',
    registers,
    collect() {
      this.set(pending());
    },
  });
  return {
    registry,
    announce: (variant) => duration.zero({ variant }),
    observe({ variant, code, seconds, elements: its }) {
      duration.observe({ variant }, seconds);
      requests.inc({ variant, code });
      elements.inc({ variant }, its);
    },
  };
}
