import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Key } from './cluster/cluster.ts';
import { type Lease, leases } from './cluster/core-types.ts';
import { isApiError } from './cluster/errors.ts';
import type { Log } from './reconcile.ts';

export interface LeaderOptions {
  cluster: Cluster;
  lease: Key;
  identity: string;
  log: Log;
  /** The times of client-go's leader election. */
  leaseMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

interface Seen {
  version: string;
  atMs: number;
}

const micro = (date: Date) => date.toISOString().replace('Z', '000Z');

function claim(present: Lease | undefined, { lease, identity }: LeaderOptions, leaseMs: number): Lease {
  const now = micro(new Date());
  const mine = present?.spec.holderIdentity === identity;
  return {
    apiVersion: leases.apiVersion,
    kind: leases.kind,
    metadata: { ...lease, ...present?.metadata },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(leaseMs / 1000)),
      acquireTime: mine ? present.spec.acquireTime : now,
      renewTime: now,
      leaseTransitions: (present?.spec.leaseTransitions ?? 0) + (present && !mine ? 1 : 0),
    },
  };
}

/**
 * Runs `lead` while this process holds the Lease, and resolves when `signal` ends it (the Lease is released) or when
 * leadership is lost (`lead`'s own signal is aborted first). Whether a lease of another has run out is told by how
 * long it has not changed on this machine's clock: clocks are never compared. It is no fence: every write of ours
 * still carries a resource version or a deterministic name.
 */
export async function runAsLeader(
  options: LeaderOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<'Released' | 'Lost'> {
  const { cluster, lease, identity, log, leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
  let seen: Seen | undefined;

  async function acquire(): Promise<boolean> {
    const present = await cluster.get(leases, lease);
    const version = present?.metadata.resourceVersion ?? '';
    if (seen?.version !== version) seen = { version, atMs: performance.now() };
    const holder = present?.spec.holderIdentity;
    const expired = performance.now() - seen.atMs > leaseMs;
    if (holder && holder !== identity && !expired) return false;
    try {
      const claimed = claim(present, options, leaseMs);
      if (present) await cluster.replace(leases, claimed);
      else await cluster.create(leases, claimed);
      return true;
    } catch (error) {
      if (isApiError(error, 'Conflict') || isApiError(error, 'AlreadyExists')) return false;
      throw error;
    }
  }

  const attempt = () =>
    acquire().catch((error: unknown) => {
      log.warn('The leader lease could not be read or written', { error: String(error) });
      return false;
    });
  const pause = () => sleep(retryMs * (1 + Math.random() * 0.2), undefined, { signal }).catch(() => undefined);

  while (!signal.aborted && !(await attempt())) await pause();
  if (signal.aborted) return 'Released';
  log.info('Leading', { identity });
  const leading = new AbortController();
  const work = lead(leading.signal);
  let renewedMs = performance.now();
  let ended = false;
  void work.finally(() => {
    ended = true;
  });
  while (!signal.aborted && !ended && performance.now() - renewedMs < renewDeadlineMs) {
    await pause();
    if (!signal.aborted && (await attempt())) renewedMs = performance.now();
  }
  leading.abort();
  await work;
  if (!signal.aborted && !ended) {
    log.error('Leadership lost: the lease could not be renewed in time', { identity });
    return 'Lost';
  }
  await release();
  return 'Released';

  async function release(): Promise<void> {
    const present = await cluster.get(leases, lease).catch(() => undefined);
    if (present?.spec.holderIdentity !== identity) return;
    const spec = { ...present.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await cluster.replace(leases, { ...present, spec }).catch(() => undefined);
  }
}
