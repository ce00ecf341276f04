import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpMethod, IsomorphicFetchHttpLibrary, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { ApiError, type ApiErrorReason } from '../errors.ts';

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
}

/** The `Status` object that the API server answers an error with. */
interface Status {
  reason?: string;
  message?: string;
}

const timeoutMs = 30_000;
const mostAttempts = 4;
/** Certificates and their authority may be rotated on disk; tokens are read anew for each request. */
const dispatcherLifeMs = 5 * 60_000;

const reasons: Record<string, ApiErrorReason> = {
  NotFound: 'NotFound',
  AlreadyExists: 'AlreadyExists',
  Conflict: 'Conflict',
  Invalid: 'Invalid',
  BadRequest: 'Invalid',
  Forbidden: 'Forbidden',
  TooManyRequests: 'TooManyRequests',
  ServiceUnavailable: 'Unavailable',
  Timeout: 'Unavailable',
  ServerTimeout: 'Unavailable',
  InternalError: 'Unavailable',
};

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function apiError(code: number, text: string): ApiError {
  const status = parse<Status>(text);
  const byCode = code === 429 ? 'TooManyRequests' : code === 404 ? 'NotFound' : code >= 500 ? 'Unavailable' : 'Unknown';
  const reason = reasons[status?.reason ?? ''] ?? byCode;
  return new ApiError(reason, status?.message ?? `the API server answered ${code}: ${text.slice(0, 300)}`);
}

/**
 * One request to the API server, as JSON. Throws ApiError; a server that is not there is Unavailable. What the server
 * turns away for being busy (429) is sent again when it says.
 */
export type Send = <T>(request: Request) => Promise<T>;

export function client(config: KubeConfig): Send {
  const http = new IsomorphicFetchHttpLibrary();
  let kept: { dispatcher: ReturnType<RequestContext['getDispatcher']>; untilMs: number } | undefined;

  async function attempt({ method, path, query = {}, body, contentType }: Request) {
    const url = new URL((config.getCurrentCluster()?.server ?? '') + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const context = new RequestContext(url.href, method as HttpMethod);
    await config.applySecurityAuthentication(context);
    // The library makes a connection pool for every request; one is kept, so that connections are used again.
    if (!kept || kept.untilMs < performance.now()) {
      kept = { dispatcher: context.getDispatcher(), untilMs: performance.now() + dispatcherLifeMs };
    }
    if (kept.dispatcher) context.setDispatcher(kept.dispatcher);
    context.setSignal(AbortSignal.timeout(timeoutMs));
    context.setHeaderParam('Accept', 'application/json');
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', contentType ?? 'application/json');
      context.setBody(JSON.stringify(body));
    }
    const response = await http.send(context).toPromise();
    return { code: response.httpStatusCode, headers: response.headers, text: await response.body.text() };
  }

  return async <T>(request: Request): Promise<T> => {
    for (let tries = 1; ; tries++) {
      const { code, headers, text } = await attempt(request).catch((cause: unknown) => {
        const why = cause instanceof Error ? (cause.cause ?? cause) : cause;
        throw new ApiError('Unavailable', `the API server can't be reached: ${why}`, { cause });
      });
      if (code < 300) return (parse<T>(text) ?? {}) as T;
      if (code !== 429 || tries === mostAttempts) throw apiError(code, text);
      await sleep(Math.min(10, Number(headers['retry-after'] ?? 1)) * 1000);
    }
  };
}
