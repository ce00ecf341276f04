/** The reader against Debian's Prometheus itself, fed as if it had scraped: what each preset's series look like. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CumulativeHistogram, percentile, shareAbove, total } from '../../src/core/statistics/histogram.ts';
import { presets } from '../../src/sources/prometheus/presets.ts';
import { prometheusReader } from '../../src/sources/prometheus/prometheus.ts';
import type { PrometheusSource } from '../../src/sources/prometheus/query.ts';
import type { Reading } from '../../src/sources/source.ts';
import { Processes } from '../cluster/process.ts';
import { remoteWrite, type Series } from './remote-write.ts';
import { program, startPrometheus } from './start.ts';

const skip = !existsSync(program) && 'Prometheus is not installed';
const workload = { namespace: 'shop', name: 'web' };
const pods = [{ name: 'web-1', address: '10.0.0.1' }];
const scrapes = Array.from({ length: 61 }, (_, i) => i);
const nowMs = Date.now();
const atMs = (scrape: number) => nowMs - (60 - scrape) * 1000;
/** Of ten requests a second: 6 up to 10 ms, 9 up to 25, all up to 100. */
const perSecond: [ms: number, count: number][] = [
  [5, 0],
  [10, 6],
  [25, 9],
  [100, 10],
  [Number.POSITIVE_INFINITY, 10],
];

function classic(histogram: string, unitMs: number, labels: Record<string, string>): Series[] {
  return perSecond.map(([ms, count]) => ({
    labels: { __name__: `${histogram}_bucket`, ...labels, le: Number.isFinite(ms) ? String(ms / unitMs) : '+Inf' },
    samples: scrapes.map((scrape) => ({ atMs: atMs(scrape), value: scrape * count })),
  }));
}

/** Buckets of schema 3 in seconds: ten requests a second, a tenth in each of ten buckets up to 2^(-20/8) s = 177 ms. */
const nativeSeries: Series = {
  labels: { __name__: 'native_seconds', pod: 'web-1' },
  histograms: scrapes.map((scrape) => ({
    ...{ atMs: atMs(scrape), sum: scrape, schema: 3, offset: -29 },
    counts: new Array<number>(10).fill(scrape),
  })),
};

describe('Prometheus', { skip }, () => {
  let home: string;
  let url: string;
  let processes: Processes;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'retune-prometheus-'));
    processes = new Processes(home);
    url = await startPrometheus(processes, home, 'scrape_configs: []\n');
    const of = ({ histogram, unit }: { histogram: string; unit: 's' | 'ms' }, labels: Record<string, string>) =>
      classic(histogram, unit === 's' ? 1000 : 1, labels);
    const strangers = {
      pod: 'web-10',
      reporter: 'destination',
      ingress: 'other',
      envoy_cluster_name: 'httproute/shop/other/rule/0',
    };
    await remoteWrite(url, [
      ...of(presets.Retune, { pod: 'web-1', variant: 'a' }),
      ...of(presets.KServe, { pod: 'web-1', model_name: 'm' }),
      ...of(presets.Triton, { pod: 'web-1', model: 'm', version: '1' }),
      ...of(presets.Istio, { pod: 'web-1', reporter: 'destination' }),
      ...of(presets.Istio, { pod: 'web-1', reporter: 'source' }),
      ...of(presets.EnvoyGateway, { pod: 'envoy-1', envoy_cluster_name: 'httproute/shop/web/rule/0' }),
      ...of(presets.NginxIngress, { namespace: 'ingress', exported_namespace: 'shop', ingress: 'web' }),
      ...of(presets.NginxIngress, { namespace: 'ingress', exported_namespace: 'other', ingress: 'web' }),
      ...Object.values(presets).flatMap((preset) => of(preset, strangers)),
      nativeSeries,
      { ...nativeSeries, labels: { ...nativeSeries.labels, pod: 'web-2' } },
    ]);
  });
  after(async () => {
    await processes.stop();
    await rm(home, { recursive: true, force: true });
  });

  const read = (source: Partial<PrometheusSource>, windowMs = 30_000): Promise<Reading> =>
    prometheusReader({ url, podLabel: 'pod', ...source }, workload).read(pods, windowMs);
  async function histogramOf(source: Partial<PrometheusSource>): Promise<CumulativeHistogram> {
    const reading = await read(source);
    assert.equal(reading.kind, 'Histogram', JSON.stringify(reading));
    return (reading as Extract<Reading, { kind: 'Histogram' }>).histogram;
  }
  const near = (value: number, wanted: number, tolerance: number) =>
    assert.ok(Math.abs(value - wanted) <= tolerance, `${value} instead of ${wanted}`);

  for (const preset of Object.keys(presets) as (keyof typeof presets)[]) {
    test(`${preset} is read in milliseconds, of this workload alone`, async () => {
      const histogram = await histogramOf({ preset });
      assert.deepEqual(histogram.bounds, [5, 10, 25, 100, Number.POSITIVE_INFINITY]);
      near(total(histogram), 300, 60);
      near(shareAbove(histogram, 25), 0.1, 1e-6);
    });
  }

  test('a native histogram is read with its own buckets', async () => {
    const histogram = await histogramOf({ histogram: 'native_seconds' });
    near(total(histogram), 300, 60);
    // Nine of ten buckets end at 2^(-21/8) s.
    near(percentile(histogram, 0.9), 1000 * 2 ** (-21 / 8), 0.01);
    near(shareAbove(histogram, 1000 * 2 ** (-25 / 8)), 0.5, 1e-6);
  });

  test('a query of the user may yield either kind, in the unit that it says', async () => {
    const promql = 'sum by (le) (increase(retune_request_duration_seconds_bucket{pod=~"$pods"}[$window])) * 1';
    near(shareAbove(await histogramOf({ query: promql }), 25), 0.1, 1e-6);
    near(shareAbove(await histogramOf({ query: promql, unit: 'ms' }), 0.025), 0.1, 1e-6);
    const both = await histogramOf({ query: 'sum(increase(native_seconds{pod=~"$pods|web-2"}[$window]))' });
    near(total(both), 600, 120);
  });

  test('no series, a wrong query, a result without buckets and no Prometheus are four answers', async () => {
    const absent = await read({ histogram: 'absent' });
    assert.equal(absent.kind, 'NoData');
    assert.match(
      (absent as { message: string }).message,
      /no series of the histogram absent, classic or native, with pod=~"web-1"/,
    );
    const wrong = await read({ query: 'sum(' });
    assert.deepEqual([wrong.kind, /parse error/.test((wrong as { message: string }).message)], ['Refused', true]);
    const flat = await read({ query: 'count(retune_request_duration_seconds_bucket)' });
    assert.match((flat as { message: string }).message, /neither a label le nor native histograms/);
    const down = await read({ url: 'http://127.0.0.1:1' });
    assert.equal(down.kind, 'Unreachable');
    assert.match((down as { message: string }).message, /no action is taken until it does/);
  });

  test('a window between two scrapes has no data rather than a zero', async () => {
    assert.equal((await read({ preset: 'Retune' }, 1000)).kind, 'NoData');
  });
});
