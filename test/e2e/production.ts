/** Breaches of several causes in production, and what must never be in the way: each begins with the base model served. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { dump } from 'js-yaml';
import type { RolloutStep } from '../../src/api/latency-sla.ts';
import { latencySlas } from '../../src/api/resources.ts';
import { Recorder } from '../../src/cli/demo/recorder.ts';
import { requestOf, unloadedMs } from '../../src/cli/demo/traffic.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { deployments, pods, services } from '../../src/runtime/cluster/core-types.ts';
import { startLoad } from '../../src/serve/load.ts';
import type { TestCluster } from '../cluster/cluster.ts';
import { prometheusUrl, runPrometheus } from '../cluster/prometheus.ts';
import { apply, replaceOperator, until } from './operator.ts';
import { quickSla } from './quick-sla.ts';

interface Open {
  real: TestCluster;
  cluster: Cluster;
  figures: Record<string, unknown>;
}

const [namespace, name] = ['default', 'digits'];
const base = 'file:///app/examples/quickstart/supernet.onnx';
/** Of the base model's capacity: nobody waits for long. */
const calmShare = 0.3;
/** What an SLA looks at, and some more. */
const windowMs = 20_000;
/** Less than the base's p99 of calm traffic, which is three times what a request takes; a small variant's is far below. */
const tight = (serviceMs: number) => `${Math.floor(2.2 * serviceMs)}ms`;

/** Open-loop traffic to the Service, and what its clients see. */
class Traffic {
  readonly recorder: Recorder;
  readonly #load: ReturnType<typeof startLoad>;
  #stopped = false;

  constructor(load: ReturnType<typeof startLoad>) {
    this.#load = load;
    this.recorder = new Recorder(load);
  }

  /** Waits, and writes down meanwhile what clients see. */
  until<T>(check: () => Promise<T | undefined | false>, what: string, seconds?: number): Promise<T> {
    const recorded = async () => {
      await this.recorder.record();
      return check();
    };
    return until(recorded, what, seconds);
  }

  /** Once: a test that fails half-way leaves no traffic to the next. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.recorder.record(await this.#load.stop());
  }
}

export function production(open: () => Open, { batchSize }: { batchSize: number }): void {
  const theSla = async () => (await open().cluster.get(latencySlas, { namespace, name }))?.status;
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await open().real.kubectl(['-n', namespace, ...args]);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const rolledOut = () => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
  const patch = (spec: object) =>
    kubectl('patch', 'deployment', name, '--type=strategic', '-p', JSON.stringify({ spec: { template: { spec } } }));

  /** The base model on `type`, calm traffic, and a new SLA that it meets: `factor` times what a request takes. */
  async function begin(test: TestContext, type: string, factor: number, settleMs = 0) {
    const { real, cluster } = open();
    // Whatever earlier tests left on the workload goes, too: the oldest SLA keeps it.
    await kubectl('delete', 'latencysla', '--all');
    await kubectl('set', 'env', `deployment/${name}`, `RETUNE_MODEL=${base}`);
    const resources = { requests: { cpu: '250m' }, limits: { cpu: '1' } };
    await patch({ nodeSelector: { 'retune.dev/accelerator-type': type }, containers: [{ name: 'server', resources }] });
    await rolledOut();
    // Those about to end would answer some of the first requests, with another model.
    const app = { namespace, labels: { app: name } };
    await until(async () => (await cluster.list(pods, app)).length === 1, 'the pods before are gone', 90);
    const service = await cluster.get(services, { namespace, name });
    const url = `http://${service?.spec.clusterIP}/v2/models/digits/infer`;
    const request = await requestOf('examples/quickstart/heldout.npz', batchSize);
    const serviceMs = await until(() => unloadedMs(url, request), 'the Service answers');
    const ratePerSecond = (calmShare * 1000) / serviceMs;
    const traffic = new Traffic(startLoad({ url, ...request, ratePerSecond, seed: 11 }));
    test.after(() => traffic.stop());
    // So that the first window that is judged is one of this traffic alone: what was asked before came faster.
    const settled = Date.now() + settleMs;
    await traffic.until(async () => Date.now() > settled, 'a window of it');
    const thresholdMs = Math.ceil(factor * serviceMs);
    const sla = await quickSla(thresholdMs, prometheusUrl);
    await apply(real, dump(sla));
    await traffic.until(async () => (await theSla())?.verdict === 'Met', 'the SLA is met', 90);
    return { traffic, sla, serviceMs, thresholdMs };
  }

  /**
   * Waits until the SLA is met and nothing is rolled out any more. The causes that were named, and the seconds from the
   * first to the last sample of the clients that was beyond the threshold: what came before it is left out.
   */
  async function recovery(traffic: Traffic, thresholdMs: number, seconds = 150) {
    const { recorder } = traffic;
    const fromMs = Date.now();
    const violating = () =>
      recorder.series.filter(({ atMs, percentileMs = 0 }) => atMs > fromMs && percentileMs > thresholdMs);
    await traffic.until(
      async () => (await theSla())?.verdict === 'Violated' || (await theSla())?.rollout !== undefined,
      'the SLA is violated, or about to be',
      90,
    );
    const status = await traffic.until(
      async () => {
        const found = await theSla();
        return found?.verdict === 'Met' && !found.rollout && found;
      },
      'the SLA is met again',
      seconds,
    );
    const [first, last] = [violating()[0], violating().at(-1)];
    const { totals } = recorder;
    const events = (status.history ?? []).map(({ event, reason }) => `${event} ${reason}`);
    return {
      seconds: first && last ? (last.atMs - first.atMs) / 1000 : 0,
      ...{ events, sent: totals.sent, failures: totals.failures, status },
    };
  }

  const caused = ({ events }: Awaited<ReturnType<typeof recovery>>, cause: string) =>
    assert.ok(
      events.some((event) => event === `RolloutStarted ${cause}` || event === `Verdict Violated${cause}`),
      `${cause} among ${events.join(', ')}`,
    );
  const told = (what: string, { status: _, ...found }: Awaited<ReturnType<typeof recovery>>) => {
    open().figures[what] = found;
  };

  /** What the base model no longer meets, and another variant does. `meanwhile` goes on beside it. */
  async function tightened(test: TestContext, meanwhile: () => Promise<void> = async () => undefined) {
    const { traffic, sla, serviceMs } = await begin(test, 'avx', 5, windowMs);
    sla.spec.objective.threshold = tight(serviceMs);
    await apply(open().real, dump(sla));
    const [found] = await Promise.all([
      // Whoever takes the operator away at every step waits for it every time.
      recovery(traffic, Number.parseInt(sla.spec.objective.threshold, 10), 240),
      meanwhile(),
    ]);
    await traffic.stop();
    caused(found, 'SlaTightened');
    assert.deepEqual(traffic.recorder.totals.failures, {}, 'no request fails');
    assert.ok(found.status.history?.some(({ event }) => event === 'Promoted'));
    return found;
  }

  test('an SLA that is tightened gets a faster variant', async (t) => {
    told('tightened', await tightened(t));
  });

  test('so it does though the operator dies at every step', async (t) => {
    const killed: RolloutStep[] = ['Starting', 'Comparing', 'Promoting', 'Cleaning', 'Proving'];
    const found = await tightened(t, async () => {
      for (const step of killed) {
        // The next may come before whoever comes next is ready.
        await until(async () => (await theSla())?.rollout?.step === step, `the rollout is ${step}`, 120);
        await replaceOperator(open().real);
      }
    });
    told('tightenedAndKilled', found);
  });

  test('pods at their CPU limit are told of as that, and no model is changed for it', async (t) => {
    const { traffic, thresholdMs } = await begin(t, 'avx', 5, windowMs);
    await patch({
      containers: [{ name: 'server', resources: { requests: { cpu: '250m' }, limits: { cpu: '250m' } } }],
    });
    const message = await traffic.until(
      async () => {
        const found = await theSla();
        return found?.cause === 'Throttling' && found.conditions?.find(({ type }) => type === 'Met')?.message;
      },
      'the cause is the limit',
      120,
    );
    assert.match(message, /stand at their CPU limit \d+% of the time: .* raise resources\.limits\.cpu/);
    assert.equal((await theSla())?.rollout, undefined);
    await patch({ containers: [{ name: 'server', resources: { limits: { cpu: '1' } } }] });
    const found = await recovery(traffic, thresholdMs);
    await traffic.stop();
    told('limit', found);
    const deployment = await open().cluster.get(deployments, { namespace, name });
    const env = deployment?.spec.template.spec.containers[0]?.env;
    assert.equal(env?.find((one) => one.name === 'RETUNE_MODEL')?.value, base, 'the model is what it was');
  });

  test('nodes of a slower type get the variant that fits there', async (t) => {
    const { traffic, thresholdMs } = await begin(t, 'avx', 4, windowMs);
    await patch({ nodeSelector: { 'retune.dev/accelerator-type': 'sse' } });
    const found = await recovery(traffic, thresholdMs, 180);
    await traffic.stop();
    told('replacedNodes', found);
    caused(found, 'HardwareChanged');
    assert.equal(found.status.accelerator, 'sse');
  });

  test('without metrics nothing is done and that is said; a second SLA on the workload changes nothing', async (t) => {
    const { real } = open();
    const { traffic, sla } = await begin(t, 'avx', 5, windowMs);
    const second = { ...sla, metadata: { ...sla.metadata, name: 'second' } };
    await apply(real, dump(second));
    const conditionOf = async (which: string, type: string) =>
      (await open().cluster.get(latencySlas, { namespace, name: which }))?.status?.conditions?.find(
        (one) => one.type === type,
      );
    await traffic.until(async () => (await conditionOf('second', 'Ready'))?.reason === 'WorkloadTaken', 'it says so');
    await kubectl('delete', 'latencysla', 'second');
    await real.processes.stop('prometheus');
    await traffic.until(async () => (await conditionOf(name, 'MetricsAvailable'))?.reason === 'Unreachable', 'outage');
    assert.equal((await theSla())?.verdict, 'NoData');
    await runPrometheus(real.processes, real.folder);
    await traffic.until(async () => (await theSla())?.verdict === 'Met', 'the SLA is met again', 90);
    await traffic.stop();
    assert.equal(
      (await theSla())?.history?.some(({ event }) => event === 'RolloutStarted'),
      false,
    );
  });

  test('a model that someone else sets in the middle of a rollout is theirs', async (t) => {
    const { traffic, sla, serviceMs } = await begin(t, 'avx', 5);
    sla.spec.objective.threshold = tight(serviceMs);
    await apply(open().real, dump(sla));
    await traffic.until(async () => (await theSla())?.rollout?.step === 'Comparing', 'a canary serves', 120);
    // The same file by another name.
    const theirs = base.replace('quickstart/', 'quickstart/../quickstart/');
    await kubectl('set', 'env', `deployment/${name}`, `RETUNE_MODEL=${theirs}`);
    await traffic.until(async () => (await theSla())?.rollout === undefined, 'the rollout is over', 60);
    const ended = (await theSla())?.history?.findLast(({ event }) => event === 'RolledBack');
    assert.equal(ended?.reason, 'WorkloadEdited', ended?.message);
    assert.deepEqual((await theSla())?.refused ?? [], [], 'it says nothing of the variant');
    const deployment = await open().cluster.get(deployments, { namespace, name });
    const env = deployment?.spec.template.spec.containers[0]?.env;
    assert.equal(env?.find((one) => one.name === 'RETUNE_MODEL')?.value, theirs);
    assert.equal((await open().cluster.list(deployments, { namespace })).length, 1, 'canary and baseline are gone');
    await traffic.stop();
    assert.deepEqual(traffic.recorder.totals.failures, {}, 'no request fails');
  });

  test('a workload that goes in the middle of a rollout leaves nothing behind', async (t) => {
    const { traffic, sla, serviceMs } = await begin(t, 'avx', 5);
    sla.spec.objective.threshold = tight(serviceMs);
    await apply(open().real, dump(sla));
    await traffic.until(async () => (await theSla())?.rollout?.step === 'Comparing', 'a canary serves', 120);
    await kubectl('delete', 'deployment', name);
    await until(async () => (await theSla())?.rollout === undefined, 'the rollout is over', 60);
    await until(
      async () => (await open().cluster.list(deployments, { namespace })).length === 0,
      'canary and baseline are gone',
      60,
    );
    await traffic.stop();
  });
}
