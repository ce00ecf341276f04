import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { nasSearches } from '../../api/resources.ts';
import type { ReportData } from '../../observe/report/data.ts';
import { renderReport } from '../../observe/report/report.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { searchReports, slaReport } from '../report-data.ts';
import { ms } from '../show/figures.ts';
import type { Shown } from '../show/shown.ts';
import type { Connection } from './connection.ts';
import { RefusedError } from './failures.ts';
import { find } from './find.ts';

type Headline = ReportData['headline'];

function searchHeadline({ status }: NASSearch): Headline {
  const outcome = findCondition(status?.conditions, 'Succeeded');
  return [
    { label: 'Outcome', value: outcome?.reason ?? 'Unknown', note: outcome?.message },
    ...(status?.accelerators ?? []).map(({ name, recommended, message }) => ({
      ...{ label: `Recommended on ${name}`, value: recommended ?? 'none', note: message },
    })),
  ];
}

function slaHeadline({ spec, status }: LatencySLA): Headline {
  const { verdict = 'NoData', cause, measured } = status ?? {};
  const { percentile, threshold } = spec.objective;
  const found = measured?.percentileMs;
  return [
    { label: 'Verdict', value: verdict, note: cause && cause !== 'None' ? `by ${cause}` : undefined },
    {
      label: percentile.toLowerCase(),
      value: found === undefined ? '–' : `${ms(found)} ms`,
      note: `to be within ${threshold}`,
    },
    { label: 'Serves', value: status?.activeVariant ?? 'a model that is not known' },
  ];
}

/** The one reading that a status holds. What was before it is in Prometheus. */
function readings({ status }: LatencySLA) {
  const { measured } = status ?? {};
  return measured
    ? [{ at: measured.at, percentileMs: measured.percentileMs, ratePerSecond: measured.ratePerSecond }]
    : [];
}

/** Writes what the cluster knows of a search, or of an SLA and its search, as one HTML file. Throws RefusedError. */
export async function report(connection: Connection, name: string, file: string): Promise<Shown> {
  const { cluster, namespace, clock } = connection;
  const { kind, object } = await find(connection, name, ['NASSearch', 'LatencySLA']);
  const search =
    kind === 'NASSearch' ? object : await cluster.get(nasSearches, { namespace, name: object.spec.searchRef.name });
  const page = await renderReport({
    title: `Retune: ${kind === 'NASSearch' ? 'search' : 'SLA'} ${object.metadata.name}`,
    generatedAt: new Date(clock()).toISOString(),
    headline: kind === 'NASSearch' ? searchHeadline(object) : slaHeadline(object),
    searches: search ? await searchReports(cluster, search) : [],
    slas: kind === 'LatencySLA' ? [slaReport(object, readings(object))] : [],
  });
  const path = resolve(file);
  await writeFile(path, page).catch((cause: NodeJS.ErrnoException) => {
    throw new RefusedError(
      `${path} can't be written: ${cause.code === 'ENOENT' ? 'there is no such folder' : cause.message}`,
      { cause },
    );
  });
  return { data: { kind, name: object.metadata.name, file: path }, lines: () => [`report: ${path}`] };
}
