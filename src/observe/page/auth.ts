import { createHash } from 'node:crypto';

/** Somebody whom the API server knows by a token. */
export interface User {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** What the API server is asked. */
export interface Reviews {
  /** Whose token it is; undefined when nobody's, or expired. */
  userOf(token: string): Promise<User | undefined>;
  /** Whether they may get nassearches.retune.dev in every namespace. */
  mayRead(user: User): Promise<boolean>;
}

export type Decision = 'Allowed' | 'NoToken' | 'Unknown' | 'Forbidden';

export interface Gate {
  /** Throws ApiError when the API server can't be asked. */
  decide(authorization: string | undefined): Promise<Decision>;
}

/** Longer ones are none: a service account's has about a thousand characters. */
const longestToken = 16_384;

/** The token of an Authorization header; undefined where there is none (RFC 6750). */
export function bearerToken(authorization: string | undefined): string | undefined {
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
  return token !== undefined && token.length <= longestToken ? token : undefined;
}

/** Lets those in whom the cluster would let read. What was decided holds for `lifeMs`; tokens are kept as hashes. */
export function gate(options: { reviews: Reviews; clock: () => number; lifeMs?: number; most?: number }): Gate {
  const { reviews, clock, lifeMs = 60_000, most = 1000 } = options;
  const known = new Map<string, { untilMs: number; decision: Promise<Decision> }>();

  async function review(token: string): Promise<Decision> {
    const user = await reviews.userOf(token);
    if (!user) return 'Unknown';
    return (await reviews.mayRead(user)) ? 'Allowed' : 'Forbidden';
  }

  return {
    async decide(authorization) {
      const token = bearerToken(authorization);
      if (token === undefined) return 'NoToken';
      const key = createHash('sha256').update(token).digest('base64');
      const before = known.get(key);
      if (before && before.untilMs > clock()) return before.decision;
      const decision = review(token);
      known.delete(key);
      known.set(key, { untilMs: clock() + lifeMs, decision });
      for (const oldest of known.keys()) {
        if (known.size <= most) break;
        known.delete(oldest);
      }
      // What could not be asked is asked again.
      decision.catch(() => known.delete(key));
      return decision;
    },
  };
}
