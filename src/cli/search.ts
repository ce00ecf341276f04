import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { KubernetesObject } from '../api/common.ts';
import type { NASSearch } from '../api/nas-search.ts';
import { problems, unknownFields } from '../api/validate.ts';
import { renderReport } from '../observe/report/report.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import { readManifests } from './manifests.ts';
import { searchReports } from './report-data.ts';
import { outcomeOf, runSearch } from './run-search.ts';
import { frontTable, Live, progressLine } from './terminal.ts';

/** The first NASSearch of a file, checked. Throws Error with a sentence. */
export async function readSearch(file: string): Promise<NASSearch> {
  const found = (await readManifests(file)).find(({ kind }) => kind === 'NASSearch');
  if (!found) throw new Error(`${file} holds no NASSearch`);
  const wrong = [...unknownFields(found as KubernetesObject), ...problems(found as KubernetesObject)];
  if (wrong.length > 0) throw new Error(`${file}: ${wrong.join('; ')}`);
  return found as NASSearch;
}

/** Shows how far a search is, with its fronts. */
export const watch = (live: Live) => (search: NASSearch) => {
  const fronts = (search.status?.accelerators ?? []).flatMap(frontTable);
  const message = search.status?.conditions?.find(({ type }) => type === 'Succeeded')?.message ?? '';
  live.show(progressLine(search), [message, ...fronts]);
};

/** A signal that SIGINT and SIGTERM abort. */
export function interrupted(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  return stopping.signal;
}

/** Runs one NASSearch on this machine to its end, prints the front and writes the report. */
export async function search(options: { file: string; report: string }): Promise<void> {
  const first = await readSearch(options.file);
  const signal = interrupted();
  const tell = async (cluster: Cluster, found: NASSearch) => {
    if (signal.aborted) throw new Error('interrupted');
    const outcome = outcomeOf(found);
    for (const accelerator of found.status?.accelerators ?? []) {
      console.log(`\n${accelerator.name}: ${accelerator.message ?? ''}`);
      for (const row of frontTable(accelerator)) console.log(row);
    }
    const page = await renderReport({
      ...{ title: `Retune: search ${first.metadata.name}`, generatedAt: new Date().toISOString(), slas: [] },
      headline: [{ label: 'Outcome', value: outcome?.reason ?? 'Unknown', note: outcome?.message }],
      searches: await searchReports(cluster, found),
    });
    await writeFile(options.report, page);
    console.log(`\nreport: ${resolve(options.report)}`);
    if (outcome?.status !== 'True') throw new Error(`the search failed (${outcome?.reason}): ${outcome?.message}`);
  };
  await runSearch(first, tell, { signal, progress: watch(new Live()) });
}
