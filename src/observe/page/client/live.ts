/** What the server answers a page's question with, when something has changed. */
export interface Fresh {
  title: string;
  main: string;
}

const everyMs = 4000;
const slowestMs = 60_000;
const tokenKey = 'retune-token';

export const token = {
  read: () => sessionStorage.getItem(tokenKey) ?? undefined,
  keep: (value: string) => sessionStorage.setItem(tokenKey, value),
  drop: () => sessionStorage.removeItem(tokenKey),
};

export type Answer =
  | { kind: 'Fresh'; page: Fresh }
  | { kind: 'Same' }
  | { kind: 'Refused' | 'Failed'; message: string };

let version: string | undefined;

/** Asks the server for this page as it is now. */
export async function ask(): Promise<Answer> {
  const present = token.read();
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (present) headers.Authorization = `Bearer ${present}`;
  if (version) headers['If-None-Match'] = version;
  try {
    const response = await fetch(location.href, { headers, cache: 'no-store' });
    if (response.status === 304) return { kind: 'Same' };
    const body = (await response.json()) as Fresh & { error?: string };
    if (response.ok) {
      version = response.headers.get('ETag') ?? undefined;
      return { kind: 'Fresh', page: body };
    }
    const refused = response.status === 401 || response.status === 403;
    return { kind: refused ? 'Refused' : 'Failed', message: body.error ?? `the server answered ${response.status}` };
  } catch {
    return { kind: 'Failed', message: 'the operator cannot be reached' };
  }
}

/** Asks again and again while the page is seen, the less often the longer it fails. `take` says whether to go on. */
export function poll(take: (answer: Answer) => boolean): void {
  let failures = 0;
  const next = () => setTimeout(look, Math.min(slowestMs, everyMs * 2 ** failures));
  const look = async () => {
    if (document.hidden) return void document.addEventListener('visibilitychange', look, { once: true });
    const answer = await ask();
    failures = answer.kind === 'Failed' ? failures + 1 : 0;
    if (take(answer)) next();
  };
  next();
}
