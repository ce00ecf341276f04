import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { latencySlas, nasSearches } from '../../api/resources.ts';
import { createLog } from '../../observe/logging.ts';
import { renderReport } from '../../observe/report/report.ts';
import { deployments } from '../../runtime/cluster/core-types.ts';
import { manager } from '../../runtime/manager.ts';
import { startLoad } from '../../serve/load.ts';
import { controllers } from '../controllers.ts';
import { openEmbedded } from '../embedded.ts';
import { applyManifests } from '../manifests.ts';
import { searchReports, slaReport } from '../report-data.ts';
import { frontTable, Live, progressLine } from '../terminal.ts';
import { batchSize, demoManifests, heldout } from './manifests.ts';
import { Recorder } from './recorder.ts';
import { requestOf, unloadedMs } from './traffic.ts';

const namespace = 'default';
const silent = { reconciled: () => undefined, queueDepth: () => undefined };
/** Shares of what the first model can carry: calm, and then more and more until its tail is too long. */
const calmShare = 0.3;
const pressedShares = [0.7, 0.85, 1, 1.15, 1.3, 1.5, 1.75, 2];
const calmMs = 8000;
/** How long the SLA is met before the load grows, so that the breach is the load's. */
const settledMs = 4000;
/** As long as a step of load is given to show in the window that the SLA is judged by. */
const stepMs = 8000;
const longestMs = 8 * 60_000;

interface Seen {
  sla: LatencySLA | undefined;
  search: NASSearch | undefined;
}

const ms = (value: number | undefined) => (value === undefined ? '–' : `${value.toFixed(1)} ms`);

function headline({ sla, search }: Seen, recorder: Recorder): string {
  const nowMs = recorder.p99Between(Date.now() - 3000, Date.now());
  const { verdict = 'NoData', cause, rollout } = sla?.status ?? {};
  const why = verdict === 'Violated' ? ` (${cause})` : '';
  const doing = rollout ? `rollout of ${rollout.variant}: ${rollout.step}` : search ? progressLine(search) : '';
  const of = sla ? ` of ${sla.spec.objective.threshold}  ${verdict}${why}` : ', no SLA yet';
  return `p99 ${ms(nowMs).padStart(9)}${of}  ${doing}`;
}

/** The whole loop on this machine: serve, breach, search, roll out, recover; then the figures and a report. */
export async function demo(options: { report: string; json?: boolean }): Promise<void> {
  const log = createLog({ level: 'error', format: 'text' });
  const live = new Live();
  live.say('Starting a cluster in this process: this machine is its node, pods are processes.');
  const local = await openEmbedded(log);
  const { cluster } = local;
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const all = controllers({ cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  const running = manager({ cluster, controllers: all, observer: silent, log }).run(stopping.signal);
  const request = await requestOf(heldout, batchSize);
  let load: ReturnType<typeof startLoad> | undefined;

  const look = async (): Promise<Seen> => ({
    sla: await cluster.get(latencySlas, { namespace, name: 'digits' }),
    search: await cluster.get(nasSearches, { namespace, name: 'quickstart' }),
  });

  try {
    const { serving } = await demoManifests(50);
    await applyManifests(cluster, serving, namespace);
    await until(async () => {
      const found = await cluster.get(deployments, { namespace, name: 'digits' });
      return (found?.status?.readyReplicas ?? 0) > 0;
    }, 'the model is served');
    const url = `${await local.services.url(namespace, 'digits')}/v2/models/digits/infer`;
    const serviceMs = await unloadedMs(url, request);
    const capacity = 1000 / serviceMs;
    live.say(`Serving the supernet: ${ms(serviceMs)} for a request of ${batchSize} images.`);
    const started = startLoad({ url, ...request, ratePerSecond: calmShare * capacity, seed: 7 });
    load = started;
    const recorder = new Recorder(started);
    const watchUntil = async (done: (seen: Seen) => boolean, what: string) => {
      await until(async () => {
        await recorder.record();
        const seen = await look();
        live.show(headline(seen, recorder), (seen.search?.status?.accelerators ?? []).flatMap(frontTable));
        return done(seen);
      }, what);
    };
    const verdictIs =
      (verdict: string) =>
      ({ sla }: Seen) =>
        sla?.status?.verdict === verdict;

    live.say(`Calm load, open loop: ${(calmShare * capacity).toFixed(0)} requests/s.`);
    const calmUntil = Date.now() + calmMs;
    await watchUntil(() => Date.now() > calmUntil, 'calm');
    // An SLA that this machine keeps when it is calm, with room to spare, whatever machine it is.
    const calmP99Ms = recorder.p99Between(0, Date.now()) ?? serviceMs;
    const thresholdMs = Math.ceil(Math.max(4 * serviceMs, 2 * calmP99Ms));
    const { control } = await demoManifests(thresholdMs);
    await applyManifests(cluster, control, namespace);
    live.say(`p99 is ${ms(calmP99Ms)}. SLA: p99 at most ${thresholdMs} ms.`);
    let unmetMs = Date.now();
    await watchUntil((seen) => {
      if (!verdictIs('Met')(seen)) unmetMs = Date.now();
      return Date.now() - unmetMs > settledMs;
    }, 'the SLA is met under calm load');

    const pressedMs = Date.now();
    let breachMs: number | undefined;
    let pressedRate = 0;
    let steppedMs = 0;
    const shares = [...pressedShares];
    await watchUntil(({ sla }) => {
      const violated = sla?.status?.verdict === 'Violated';
      if (violated && breachMs === undefined && pressedRate > 0) {
        breachMs = Date.now();
        live.say(`Violated after ${((breachMs - pressedMs) / 1000).toFixed(1)} s: the search starts.`);
      }
      // A tail at its limit comes and goes: press on until it stays.
      if (!violated && Date.now() - steppedMs > stepMs && shares.length > 0) {
        pressedRate = (shares.shift() ?? 0) * capacity;
        steppedMs = Date.now();
        started.setRate(pressedRate);
        live.say(`More load: ${pressedRate.toFixed(0)} requests/s.`);
      }
      return sla?.status?.rollout !== undefined;
    }, 'a rollout begins');
    breachMs ??= pressedMs;
    const rolloutMs = Date.now();
    const { search: found, sla: rolling } = await look();
    live.say(
      `Search over after ${((rolloutMs - breachMs) / 1000).toFixed(1)} s: rolling out ${rolling?.status?.rollout?.variant}.`,
    );
    await watchUntil(({ sla }) => sla?.status?.lastRollout !== undefined, 'the rollout ends');
    const clientsMs = () => recorder.p99Between(Date.now() - 2000, Date.now()) ?? 0;
    await watchUntil((seen) => verdictIs('Met')(seen) && clientsMs() <= thresholdMs, 'the SLA is met again');
    const recoveredMs = Date.now();
    live.say(`Met again ${((recoveredMs - breachMs) / 1000).toFixed(1)} s after the breach.`);
    const calmAgain = Date.now() + 8000;
    await watchUntil(() => Date.now() > calmAgain, 'after');

    const last = await started.stop();
    load = undefined;
    await recorder.record(last);
    const { sla, search } = await look();
    if (!sla || !search) throw new Error('the demo lost its own objects');
    const history = sla.status?.history ?? [];
    const outcome = {
      p99CalmMs: recorder.p99Between(0, pressedMs),
      p99BeforeMs: recorder.p99Between(pressedMs, breachMs + 5000),
      p99DuringSearchMs: recorder.p99Between(breachMs + 5000, rolloutMs),
      p99AfterMs: recorder.p99Between(recoveredMs, Date.now()),
      thresholdMs,
      cause: history.find(({ event }) => event === 'RolloutStarted')?.reason,
      breachToRecoverySeconds: (recoveredMs - breachMs) / 1000,
      searchSeconds: (rolloutMs - breachMs) / 1000,
      requestsSent: recorder.totals.sent,
      requestsFailed: recorder.totals.failed,
      failures: recorder.totals.failures,
      rolledOut: history.filter(({ event }) => event === 'Promoted').map(({ message }) => message),
    };
    const page = await renderReport({
      ...{ title: 'Retune: the loop on this machine', generatedAt: new Date().toISOString() },
      headline: [
        {
          label: 'p99 before',
          value: ms(outcome.p99BeforeMs),
          note: `at ${pressedRate.toFixed(0)} requests/s`,
        },
        { label: 'p99 after', value: ms(outcome.p99AfterMs), note: `same load, SLA ${thresholdMs} ms` },
        {
          label: 'Breach to recovery',
          value: `${outcome.breachToRecoverySeconds.toFixed(0)} s`,
          note: 'search included',
        },
        { label: 'Requests', value: String(outcome.requestsSent), note: `${outcome.requestsFailed} failed` },
      ],
      searches: await searchReports(cluster, found ?? search),
      slas: [slaReport(sla, recorder.series)],
    });
    await writeFile(options.report, page);

    console.log('\nThe front on this machine:');
    for (const accelerator of search.status?.accelerators ?? [])
      for (const row of frontTable(accelerator)) console.log(row);
    console.log(
      `\np99 before: ${ms(outcome.p99BeforeMs)}   after: ${ms(outcome.p99AfterMs)}   (SLA ${thresholdMs} ms, ${pressedRate.toFixed(0)} requests/s)`,
    );
    console.log(
      `requests: ${outcome.requestsSent} sent, ${outcome.requestsFailed} failed; breach to recovery ${outcome.breachToRecoverySeconds.toFixed(0)} s`,
    );
    console.log(`report: ${resolve(options.report)}`);
    if (options.json) console.log(JSON.stringify(outcome));
  } finally {
    await load?.stop(0);
    stopping.abort();
    await running;
    await local.close();
  }

  async function until(done: () => Promise<boolean>, what: string): Promise<void> {
    for (const deadline = Date.now() + longestMs; Date.now() < deadline; ) {
      if (stopping.signal.aborted) throw new Error('interrupted');
      if (await done()) return;
      await sleep(500);
    }
    const { sla, search } = await look();
    const said = [sla, search].map((object) => JSON.stringify(object?.status?.conditions ?? [])).join(' ');
    throw new Error(`waited ${longestMs / 60_000} minutes in vain until ${what}: ${said}`);
  }
}
