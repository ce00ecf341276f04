import type { NASSearch } from '../../src/api/nas-search.ts';
import { outcomeOf, runSearch } from '../../src/cli/run-search.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';

/**
 * Runs a NASSearch on this machine, as `retune search` does, for `limitMs` at most, and lets `take` read what came of it
 * before it is gone. Throws Error when the search fails; one that is still at its last trials has what it knows.
 */
export const withSearch = <T>(
  manifest: Pick<NASSearch, 'apiVersion' | 'kind' | 'metadata'> & { spec: unknown },
  limitMs: number,
  take: (cluster: Cluster, search: NASSearch) => Promise<T>,
  progress?: (search: NASSearch) => void,
): Promise<T> =>
  runSearch(
    manifest as NASSearch,
    async (cluster, search) => {
      const outcome = outcomeOf(search);
      if (outcome?.status === 'False') throw new Error(`the search failed (${outcome.reason}): ${outcome.message}`);
      return take(cluster, search);
    },
    { logLevel: 'error', signal: AbortSignal.timeout(limitMs), progress },
  );
