import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './store.ts';

const mostTries = 4;
const firstPauseMs = 200;
const longestPauseMs = 5_000;
/** A whole answer, body included: a model of a gigabyte over a slow line. */
const longestMs = 10 * 60_000;

/** A server's wish, in seconds; dates are left to the backoff. */
const askedMs = (response: Response) => Number(response.headers.get('retry-after')) * 1000 || 0;
const isPassing = ({ status }: Response) => status === 408 || status === 429 || (status >= 500 && status !== 507);

/** What went wrong below HTTP, in the words of the system: `fetch failed` says nothing. */
export function networkReason(error: unknown): string {
  for (let each = error as Error & { code?: string }; each; each = each.cause as typeof each) {
    if (each.code)
      return each.message && !each.message.includes(each.code) ? `${each.code}, ${each.message}` : each.code;
    if (!each.cause) return each.message || String(each);
  }
  return String(error);
}

/** Certificates that are not valid yet, or no longer, by the clock of this machine. */
export const isOutOfTime = (error: unknown): boolean =>
  /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(networkReason(error));

/**
 * Sends a request, up to four times while the server is down or busy, with growing pauses; the last answer is returned
 * whatever it is. Throws StoreError when there is none.
 */
export async function send(url: URL | string, init: RequestInit = {}): Promise<Response> {
  for (let tries = 1; ; tries++) {
    let pauseMs = Math.min(longestPauseMs, firstPauseMs * 4 ** (tries - 1)) * (0.5 + Math.random() / 2);
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(longestMs) });
      if (!isPassing(response) || tries === mostTries) return response;
      await response.body?.cancel();
      pauseMs = Math.max(pauseMs, Math.min(longestPauseMs, askedMs(response)));
    } catch (cause) {
      if (isOutOfTime(cause)) throw outOfTime(new URL(url).host, cause);
      if (tries === mostTries) throw unreachable(new URL(url).host, cause);
    }
    await sleep(pauseMs);
  }
}

/** The body of an answer. Throws StoreError when the connection breaks before its end. */
export async function bodyOf(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw unreachable(new URL(response.url).host, cause);
  }
}

const isUntrusted = (reason: string) => /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(reason);

export function unreachable(host: string, cause: unknown): StoreError {
  const reason = networkReason(cause);
  const say = isUntrusted(reason)
    ? `is not trusted (${reason}): mount the authority as ca.crt beside its credentials`
    : `does not answer (${reason}): check its address, its service and network policies`;
  return new StoreError('Unreachable', `the artifact store at ${host} ${say}`, { cause });
}

export const outOfTime = (host: string, cause: unknown) =>
  new StoreError(
    'ClockSkew',
    `the certificate of ${host} is not valid by the clock of this machine, ${new Date().toISOString()}: set the clock of the node (NTP), or renew the certificate`,
    { cause },
  );
