import type { LatencySLA } from '../../api/latency-sla.ts';
import { latencySlas, nasSearches } from '../../api/resources.ts';
import type { Variant } from '../../api/variant.ts';
import { annotationsOf, type Order } from '../../core/sla/orders.ts';
import type { Shown } from '../show/shown.ts';
import { change } from './change.ts';
import type { Connection } from './connection.ts';
import { RefusedError } from './failures.ts';
import { find } from './find.ts';

/** Writes an order on an SLA in place of any before it. */
async function give(connection: Connection, sla: LatencySLA, order: Order & { at: string }): Promise<void> {
  await change(connection.cluster, latencySlas, sla, (present) => {
    const all = { ...present.metadata.annotations, ...annotationsOf(order) };
    const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
    return { ...present, metadata: { ...present.metadata, annotations: Object.fromEntries(kept) } };
  });
}

/** What a promotion without a name means: the canary that runs, the variant that the SLA recommends, that of its search. */
async function meant({ cluster }: Connection, sla: LatencySLA): Promise<string> {
  const { rollout, recommendation, accelerator } = sla.status ?? {};
  const named = rollout?.variant ?? recommendation?.variant;
  if (named) return named;
  const { namespace } = sla.metadata;
  const search = await cluster.get(nasSearches, { namespace, name: sla.spec.searchRef.name });
  const its = search?.status?.accelerators?.find(({ name }) => name === accelerator);
  if (its?.recommended) return its.recommended;
  throw new RefusedError(
    `nothing is recommended for LatencySLA "${sla.metadata.name}"${its?.message ? ` (${its.message})` : ''}: name the variant to promote`,
  );
}

/** Why a variant can't serve this SLA, and what there is to say about one that can. */
function fitness(sla: LatencySLA, { metadata, spec, status }: Variant): string | undefined {
  const { name } = metadata;
  if (spec.searchRef.name !== sla.spec.searchRef.name) {
    throw new RefusedError(
      `Variant "${name}" is of NASSearch "${spec.searchRef.name}", and LatencySLA "${sla.metadata.name}" names "${sla.spec.searchRef.name}"`,
    );
  }
  if (!status?.artifact) {
    throw new RefusedError(`Variant "${name}" was not made: retune explain var/${name} says why`);
  }
  if (sla.status?.activeVariant === name && !sla.status.rollout) {
    throw new RefusedError(`Variant "${name}" serves already`);
  }
  return sla.status?.refused?.includes(status.artifact.digest)
    ? `Variant "${name}" was rolled back here before; it goes through a canary again`
    : undefined;
}

/** Asks the operator to roll a variant out, or to promote the canary that runs. */
export async function promote(connection: Connection, name: string, variant?: string): Promise<Shown> {
  const { object: sla } = await find(connection, name, ['LatencySLA']);
  const { object: wanted } = await find(connection, variant ?? (await meant(connection, sla)), ['Variant']);
  const warning = fitness(sla, wanted);
  const at = new Date(connection.clock()).toISOString();
  await give(connection, sla, { kind: 'Promote', variant: wanted.metadata.name, at });
  const shown = { sla: sla.metadata.name, order: 'Promote', variant: wanted.metadata.name, at };
  return {
    data: shown,
    warnings: warning ? [warning] : [],
    lines: () => [
      `LatencySLA "${shown.sla}" is asked to promote ${shown.variant}: retune status sla/${shown.sla} follows it`,
    ],
  };
}

/** Asks the operator to end the rollout under way, or to undo the last one. */
export async function rollback(connection: Connection, name: string): Promise<Shown> {
  const { object: sla } = await find(connection, name, ['LatencySLA']);
  const { rollout, history = [] } = sla.status ?? {};
  const last = history.findLast(({ event }) => event === 'Promoted');
  if (!rollout && !last) {
    throw new RefusedError(
      `there is nothing to roll back: no rollout of LatencySLA "${name}" runs, and its history holds none that was promoted`,
    );
  }
  const at = new Date(connection.clock()).toISOString();
  await give(connection, sla, { kind: 'Rollback', at });
  const what = rollout ? `end the rollout of ${rollout.variant}` : `undo the rollout of ${last?.at}`;
  return {
    data: { sla: sla.metadata.name, order: 'Rollback', at },
    lines: () => [
      `LatencySLA "${sla.metadata.name}" is asked to ${what}: retune status sla/${sla.metadata.name} follows it`,
    ],
  };
}
