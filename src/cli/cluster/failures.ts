import { ApiError, isApiError } from '../../runtime/cluster/errors.ts';

/** The command was given something that it can't do: exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** What was asked for is refused, or came to nothing: exit code 1. */
export class RefusedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RefusedError';
  }
}

/** One permission, as RBAC writes it. */
export interface Permission {
  verb: string;
  resource: string;
  group: string;
  /** Every namespace, or none, when left out. */
  namespace?: string;
}

/** What the API server's refusal says was lacking; undefined where it says it in other words. */
export function lacking(message: string): Permission | undefined {
  const found =
    /cannot (?<verb>\S+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]+)")?/.exec(
      message,
    );
  if (!found?.groups) return undefined;
  const { verb = '', resource = '', group = '', namespace } = found.groups;
  return { verb, resource, group, namespace };
}

/** The command with which an administrator grants a permission. */
export function roleFor({ verb, resource, group, namespace }: Permission): string {
  const [plural, sub] = resource.split('/');
  const full = `${plural}${group ? `.${group}` : ''}${sub ? `/${sub}` : ''}`;
  const kind = namespace ? 'role' : 'clusterrole';
  const where = namespace ? ` -n ${namespace}` : '';
  return `kubectl create ${kind} retune-${verb}-${plural} --verb=${verb} --resource=${full}${where}, and a ${kind}binding to it`;
}

function forbidden({ message }: ApiError): string {
  const permission = lacking(message);
  if (!permission) return `the API server forbids it: ${message}`;
  const { verb, resource, group, namespace } = permission;
  const where = namespace ? ` in namespace ${namespace}` : '';
  const what = `${resource}${group ? ` of ${group}` : ''}`;
  return `you may not ${verb} ${what}${where}: ask an administrator for "${roleFor(permission)}"`;
}

/** Words of an API server that has no such kind: the real one's, twice, and the embedded one's. */
const noKind = /404 page not found|could not find the requested resource|this cluster has no kind/;

/** One sentence for whoever typed the command, and its exit code: 1 failed or refused, 2 wrong usage or can't be told. */
export function failure(error: unknown, where: { context: string; server: string }): { message: string; code: 1 | 2 } {
  const told = error instanceof Error ? error.message : String(error);
  const cannotTell = (message: string) => ({ message, code: 2 as const });
  if (error instanceof RefusedError) return { message: told, code: 1 };
  if (isApiError(error, 'Forbidden')) return cannotTell(forbidden(error));
  if (isApiError(error, 'Unavailable')) {
    const why = told.replace(/^the API server can't be reached: (Error: )?/, '');
    return cannotTell(
      `no cluster answers at ${where.server} (context "${where.context}"): ${why}; see that it runs, or name another with --context`,
    );
  }
  if (isApiError(error, 'NotFound') && noKind.test(told)) {
    return cannotTell('this cluster lacks a kind of Retune: install it, "retune doctor" says what is missing');
  }
  if (error instanceof ApiError && /unauthorized/i.test(told)) {
    return cannotTell(
      `the credentials of context "${where.context}" are refused, they may have expired: log in to the cluster again`,
    );
  }
  if (error instanceof ApiError && ['Invalid', 'Conflict'].includes(error.reason)) return { message: told, code: 1 };
  return cannotTell(told);
}
