import { pageAddress } from '../observe/page/address.ts';
import { gate } from '../observe/page/auth.ts';
import { contents } from '../observe/page/content.ts';
import { pageReader } from '../observe/page/reader.ts';
import { clusterReviews } from '../observe/page/reviews.ts';
import { servePage } from '../observe/page/server.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import type { Log } from '../runtime/reconcile.ts';

/** Serves the page of a cluster, whether this replica leads or waits. Throws Error with a sentence. */
export async function openPage(options: {
  address: string;
  cluster: Cluster;
  log: Log;
}): Promise<{ close(): Promise<void> }> {
  const { cluster, log } = options;
  const address = pageAddress(options.address);
  if (!address) return { close: async () => undefined };
  const reader = pageReader({ cluster, clock: Date.now });
  const guard = address.local ? undefined : gate({ reviews: clusterReviews(cluster), clock: Date.now });
  const server = await servePage(address, { contents: contents(reader), log, gate: guard }).catch((cause: Error) => {
    throw new Error(`the page can't listen on ${options.address}: ${cause.message}; choose another with --page`, {
      cause,
    });
  });
  log.info('The page is served', { host: address.host, port: server.port, tokens: guard !== undefined });
  return {
    async close() {
      await server.close();
      reader.close();
    },
  };
}
