import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../api/common.ts';
import type { NASSearch } from '../api/nas-search.ts';
import { nasSearches } from '../api/resources.ts';
import { problems, unknownFields } from '../api/validate.ts';
import { createLog } from '../observe/logging.ts';
import { renderReport } from '../observe/report/report.ts';
import { findCondition } from '../runtime/conditions.ts';
import { manager } from '../runtime/manager.ts';
import { controllers } from './controllers.ts';
import { openEmbedded } from './embedded.ts';
import { applyManifests, readManifests } from './manifests.ts';
import { searchReports } from './report-data.ts';
import { frontTable, Live, progressLine } from './terminal.ts';

const namespace = 'default';
const silent = { reconciled: () => undefined, queueDepth: () => undefined };

/** Runs one NASSearch on this machine to its end, prints the front and writes the report. */
export async function search(options: { file: string; report: string }): Promise<void> {
  const objects = (await readManifests(options.file)).filter(({ kind }) => kind === 'NASSearch');
  const [first] = objects;
  if (!first) throw new Error(`${options.file} holds no NASSearch`);
  const wrong = [...unknownFields(first as KubernetesObject), ...problems(first as KubernetesObject)];
  if (wrong.length > 0) throw new Error(`${options.file}: ${wrong.join('; ')}`);

  const log = createLog({ level: 'warn', format: 'text' });
  const local = await openEmbedded(log);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const all = controllers({ cluster: local.cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  const running = manager({ cluster: local.cluster, controllers: all, observer: silent, log }).run(stopping.signal);
  const live = new Live();
  try {
    await applyManifests(local.cluster, [first], namespace);
    const found = await untilDone(
      () => local.cluster.get(nasSearches, { namespace, name: first.metadata.name }),
      live,
      stopping.signal,
    );
    if (!found) throw new Error('interrupted');
    const outcome = findCondition(found.status?.conditions, 'Succeeded');
    for (const accelerator of found.status?.accelerators ?? []) {
      console.log(`\n${accelerator.name}: ${accelerator.message ?? ''}`);
      for (const row of frontTable(accelerator)) console.log(row);
    }
    const page = await renderReport({
      ...{ title: `Retune: search ${first.metadata.name}`, generatedAt: new Date().toISOString(), slas: [] },
      headline: [{ label: 'Outcome', value: outcome?.reason ?? 'Unknown', note: outcome?.message }],
      searches: await searchReports(local.cluster, found),
    });
    await writeFile(options.report, page);
    console.log(`\nreport: ${resolve(options.report)}`);
    if (outcome?.status !== 'True') throw new Error(`the search failed (${outcome?.reason}): ${outcome?.message}`);
  } finally {
    stopping.abort();
    await running;
    await local.close();
  }
}

async function untilDone(
  get: () => Promise<NASSearch | undefined>,
  live: Live,
  signal: AbortSignal,
): Promise<NASSearch | undefined> {
  while (!signal.aborted) {
    const found = await get();
    if (!found) return undefined;
    const condition = findCondition(found.status?.conditions, 'Succeeded');
    if (condition && condition.status !== 'Unknown') return found;
    const fronts = (found.status?.accelerators ?? []).flatMap(frontTable);
    live.show(progressLine(found), [condition?.message ?? '', ...fronts]);
    await sleep(500);
  }
  return undefined;
}
