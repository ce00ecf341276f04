import { labels } from '../../api/common.ts';
import type { NASSearch, NASSearchStatus } from '../../api/nas-search.ts';
import { nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import { trialState, variantState } from '../../controllers/search/measured.ts';
import { findCondition, type StatusCondition } from '../../runtime/conditions.ts';
import type { Shown } from '../show/shown.ts';
import { changeStatus } from './change.ts';
import type { Connection } from './connection.ts';
import { RefusedError } from './failures.ts';
import { find } from './find.ts';

interface Attempted {
  attempts?: number;
  conditions?: StatusCondition[];
}

/**
 * A status without its end: the controller starts the first attempt again. What an earlier one found stays until another
 * takes its place. Deleting the object instead would leave it to the sampler whether it is ever proposed again.
 */
const anew = <S extends Attempted>({ attempts: _, conditions = [], ...status }: S, type: string) =>
  ({ ...status, conditions: conditions.filter((condition) => condition.type !== type) }) as S;

/** A search without its end, on all of its accelerators; the time that it may take counts from its next start. */
const reopened = ({ finished: _, conditions = [], accelerators, ...status }: NASSearchStatus): NASSearchStatus => ({
  ...status,
  accelerators: accelerators?.map(({ started: _s, finished: _f, ...accelerator }) => accelerator),
  conditions: conditions.filter(({ type }) => type !== 'Succeeded'),
});

const reopen = (cluster: Connection['cluster'], search: NASSearch) =>
  changeStatus(cluster, nasSearches, search, ({ status = {} }) => reopened(status));

const retryTrial = (cluster: Connection['cluster'], trial: Trial) =>
  changeStatus(cluster, trials, trial, ({ status = {} }) => anew(status, 'Succeeded'));
const retryVariant = (cluster: Connection['cluster'], variant: Variant) =>
  changeStatus(cluster, variants, variant, ({ status = {} }) => anew(status, 'Ready'));

const ended = ({ status }: NASSearch) => findCondition(status?.conditions, 'Succeeded');

/** Throws RefusedError unless it has failed. */
function mustHaveFailed(what: string, state: ReturnType<typeof trialState>): void {
  if (state === 'Pending') throw new RefusedError(`${what} has not ended: there is nothing to try again yet`);
  if (state === 'Succeeded') throw new RefusedError(`${what} has not failed: there is nothing to try again`);
}

async function retrySearch({ cluster, namespace }: Connection, search: NASSearch): Promise<string[]> {
  const { name } = search.metadata;
  const mine = { namespace, labels: { [labels.search]: name } };
  const [itsVariants, itsTrials] = [await cluster.list(variants, mine), await cluster.list(trials, mine)];
  const variantsFailed = itsVariants.filter((one) => variantState(one) === 'Failed');
  const generations = new Map(search.status?.accelerators?.map((one) => [one.name, one.generation ?? 1]));
  const trialsFailed = itsTrials.filter(
    // Those of machines that are others by now say nothing, failed or not.
    (one) => trialState(one) === 'Failed' && (generations.get(one.spec.accelerator) ?? 1) === one.spec.generation,
  );
  const end = ended(search);
  const unfinished = end?.status === 'False' || end?.reason === 'OutOfTime';
  if (variantsFailed.length + trialsFailed.length === 0 && !unfinished) {
    throw new RefusedError(
      `nothing of NASSearch "${name}" has failed${end ? ` (${end.reason}: ${end.message})` : ''}: there is nothing to try again`,
    );
  }
  for (const variant of variantsFailed) await retryVariant(cluster, variant);
  for (const trial of trialsFailed) await retryTrial(cluster, trial);
  await reopen(cluster, search);
  return [...variantsFailed, ...trialsFailed].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

/** Has what failed made or measured again: one trial, one variant, or all of a search, which is taken up again. */
export async function retry(connection: Connection, name: string): Promise<Shown> {
  const { cluster, namespace } = connection;
  const { kind, object } = await find(connection, name, ['Trial', 'Variant', 'NASSearch']);
  const what = `${kind} "${object.metadata.name}"`;
  let again = [`${kind} ${object.metadata.name}`];
  let search: NASSearch | undefined;
  if (kind === 'NASSearch') {
    search = object;
    again = await retrySearch(connection, object);
  } else {
    search = await cluster.get(nasSearches, { namespace, name: object.spec.searchRef.name });
    if (!search)
      throw new RefusedError(
        `the NASSearch "${object.spec.searchRef.name}" of ${what} is gone: it can't be tried again`,
      );
    if (kind === 'Trial') {
      mustHaveFailed(what, trialState(object));
      await retryTrial(cluster, object);
    } else {
      mustHaveFailed(what, variantState(object));
      await retryVariant(cluster, object);
    }
    // A variant is measured by a search that is open alone; a search that came to nothing may come to something now.
    const end = ended(search);
    if (end && (end.status === 'False' || (kind === 'Variant' && end.status === 'True'))) await reopen(cluster, search);
  }
  const paused = `NASSearch "${search.metadata.name}" is paused: retune resume ${search.metadata.name}`;
  return {
    data: { again, search: search.metadata.name },
    warnings: search.spec.suspend ? [paused] : [],
    lines: () => (again.length === 0 ? [`${what} is taken up again`] : again.map((one) => `${one} is tried again`)),
  };
}
