import type { Key } from './cluster/cluster.ts';

/**
 * What a controller does for one object. It is given the name and nothing else, looks at the present state (never at
 * an event) and moves it one step on. Calling it again at any time is harmless.
 *
 * Return: `{}` when there is nothing to wait for but changes, `{ requeueAfterMs }` to be called again in time.
 * Throw: any error is retried with exponential backoff; a TerminalError is counted and not retried until the object
 * changes; an ApiError Conflict is retried at once and quietly, NotFound quietly with backoff.
 */
export type Reconcile = (key: Key, signal: AbortSignal) => Promise<Result>;

export interface Result {
  requeueAfterMs?: number;
}

/** An error that trying again cannot mend. */
export class TerminalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
  }
}

/** Milliseconds since the epoch. Passed in, so that decisions can be tested at any time. */
export type Clock = () => number;

/** A logger as the lower layers see it: a constant message and fields. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
