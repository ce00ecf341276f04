import { z } from 'zod';
import { send } from '../retry.ts';
import { StoreError } from '../store.ts';
import type { RegistryLogin } from './credentials.ts';

/** What a registry wants, by its `WWW-Authenticate`: `Bearer realm="https://auth…",service="…",scope="…"`. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  parameters: Record<string, string>;
}

export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^(\w+)\s*(.*)$/.exec(header ?? '') ?? [];
  const kind = scheme.toLowerCase();
  if (kind !== 'basic' && kind !== 'bearer') return undefined;
  const pairs = [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name.toLowerCase(), value]);
  return { scheme: kind, parameters: Object.fromEntries(pairs) };
}

const basic = ({ username, password }: RegistryLogin) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const Answer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * The value of `Authorization` that answers a challenge, by the token flow of the distribution project ("Token
 * Authentication Specification", "OAuth2 Token Authentication"). Throws StoreError Denied where the login is refused.
 */
export async function authorization(
  { scheme, parameters }: Challenge,
  registry: string,
  scope: string,
  login: RegistryLogin | undefined,
): Promise<string> {
  const mount = `mount a docker config.json with a login for ${registry} (RETUNE_STORE_SECRET)`;
  if (scheme === 'basic') {
    if (login) return basic(login);
    throw new StoreError('Denied', `the registry ${registry} wants a login and there is none: ${mount}`);
  }
  const { realm = '', service = '' } = parameters;
  if (!URL.canParse(realm))
    throw new StoreError('Invalid', `the registry ${registry} names no place to get a token: "${realm}"`);
  const url = new URL(realm);
  const fields = { ...(service && { service }), scope };
  let init: RequestInit = {};
  if (login?.identityToken) {
    const form = { ...fields, grant_type: 'refresh_token', client_id: 'retune', refresh_token: login.identityToken };
    init = { method: 'POST', body: new URLSearchParams(form) };
  } else {
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    if (login) init = { headers: { authorization: basic(login) } };
  }
  const response = await send(url, init);
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    const what = login ? 'refuses the login that is mounted; it may have expired' : 'wants a login and there is none';
    throw new StoreError('Denied', `${url.host} ${what}: ${mount}`);
  }
  const answer = response.ok ? Answer.safeParse(await response.json().catch(() => undefined)).data : undefined;
  const token = answer?.token ?? answer?.access_token;
  if (!token) {
    throw new StoreError('Unreachable', `${url.host} gave no token for ${registry}: it answered ${response.status}`);
  }
  return `Bearer ${token}`;
}
