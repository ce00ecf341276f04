import { readFile } from 'node:fs/promises';
import { load as parse } from 'js-yaml';
import type { LatencySLA } from '../../src/api/latency-sla.ts';

/** The sample's SLA with a threshold of its own, that sees in seconds what it would take minutes for. */
export async function quickSla(thresholdMs: number, prometheusUrl: string): Promise<LatencySLA> {
  const sla = parse(await readFile('manifests/samples/sla.yaml', 'utf8')) as LatencySLA;
  Object.assign(sla.spec, {
    objective: { percentile: 'P99', threshold: `${thresholdMs}ms`, window: '15s' },
    source: { prometheus: { url: prometheusUrl } },
    policy: { minSamples: 100, cooldown: '10s', interval: '1s' },
    rollout: { ...sla.spec.rollout, minSamples: 50, timeout: '120s' },
  });
  return sla;
}
