/** Since when a type has been there without a break, and whether that is long enough to act upon. */
export interface Presence {
  stableSince?: string;
  stable: boolean;
  /** When to look again, while it is not stable yet. */
  againInMs?: number;
}

/**
 * Labels vanish for a minute when their labeller restarts, and nodes come and go: a type counts once its nodes have been
 * there for `holdDownMs` on end, and its clock starts over when the last one goes.
 */
export function presence(nodes: number, stableSince: string | undefined, holdDownMs: number, nowMs: number): Presence {
  if (nodes === 0) return { stable: false };
  const since = stableSince ?? new Date(nowMs).toISOString();
  const leftMs = Date.parse(since) + holdDownMs - nowMs;
  return leftMs <= 0 ? { stableSince: since, stable: true } : { stableSince: since, stable: false, againInMs: leftMs };
}
