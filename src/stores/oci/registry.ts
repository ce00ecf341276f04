import { bodyOf, send } from '../retry.ts';
import { StoreError } from '../store.ts';
import { loginFor } from './credentials.ts';
import type { OciLocation } from './location.ts';
import { authorization, parseChallenge } from './token.ts';

export interface RegistryRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer> | string;
}

/** Requests to one repository of a registry, with whatever login it asks for. */
export interface Registry {
  /** `path` is below `/v2/<repository>/`, or the whole URL that the registry gave. The answer may be any but 401. */
  request(path: string, request?: RegistryRequest): Promise<Response>;
}

interface RegistryErrors {
  errors?: { code?: string; message?: string }[];
}

/** The first error of the registry's own kind (distribution specification, "Error codes"). */
async function errorOf(response: Response): Promise<string> {
  const text = new TextDecoder().decode(await bodyOf(response));
  try {
    const [first] = (JSON.parse(text) as RegistryErrors).errors ?? [];
    return [first?.code, first?.message].filter(Boolean).join(', ');
  } catch {
    return text.slice(0, 200);
  }
}

/** The answer, or a StoreError with a sentence when it is none of `accepted`. */
export async function expect(response: Response, accepted: number[], place: string): Promise<Response> {
  const { status } = response;
  if (accepted.includes(status)) return response;
  const said = await errorOf(response);
  const told = said && ` (${said})`;
  if (status === 404) throw new StoreError('NotFound', `${place} is not there${told}`);
  if (status === 401 || status === 403)
    throw new StoreError(
      'Denied',
      `${place} is refused to this login${told}: it needs to pull and push, and to delete where garbage is collected`,
    );
  if (status === 507 || /no space left/i.test(said))
    throw new StoreError(
      'Full',
      `${place} can't be stored, the registry is full${told}: make room with \`retune gc\` and the registry's own garbage collection`,
    );
  if (status === 429 || status >= 500)
    throw new StoreError(
      'Unreachable',
      `${place} can't be reached, the registry answers ${status}${told}: look at the registry's log`,
    );
  throw new StoreError(
    'Invalid',
    `the registry answers ${status} for ${place}${told}: is it one of the OCI distribution specification?`,
  );
}

/** A client of one repository. A token is kept until it is refused. */
export function registryClient(
  { registry, repository, plainHttp }: OciLocation,
  environment: NodeJS.ProcessEnv,
): Registry {
  const base = new URL(`${plainHttp ? 'http' : 'https'}://${registry}`).origin;
  const scope = `repository:${repository}:pull,push,delete`;
  let held: string | undefined;

  return {
    async request(path, { method = 'GET', headers = {}, body } = {}) {
      const url = path.startsWith('/') ? new URL(path, base) : new URL(path, `${base}/v2/${repository}/`);
      const ask = () => {
        // What a registry sends elsewhere, to storage with a signed URL, is not ours to log in to.
        const authorized = held && url.origin === base && { authorization: held };
        return send(url, { method, body, headers: { ...headers, ...authorized } });
      };
      const response = await ask();
      if (response.status !== 401) return response;
      const challenge = parseChallenge(response.headers.get('www-authenticate'));
      if (!challenge) return response;
      await response.body?.cancel();
      held = await authorization(challenge, registry, scope, await loginFor(registry, environment));
      return ask();
    },
  };
}
