/** What a service account may do, held against what it did by the API server's audit log. */

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** A Role or a ClusterRole; `namespace` is that of the Role, or of the binding that narrows it. */
export interface Role {
  metadata: { name: string; namespace?: string };
  rules: Rule[];
}

interface Action {
  group: string;
  /** With its subresource: `variants/status`. */
  resource: string;
  verb: string;
}

export interface Permission extends Action {
  /** Where it holds; everywhere without. */
  namespace?: string;
  /** The only objects that it is for. */
  names?: string[];
}

export interface Use extends Action {
  /** Absent for what lies in no namespace, and for what asked for all of them. */
  namespace?: string;
  name?: string;
  denied: boolean;
}

/** A permission that an ordinary run does not use, and why it is granted all the same. */
export interface Rare {
  /** `group/resource verb`, as sentences name it. */
  permission: string;
  because: string;
}

/** The part of an audit.k8s.io/v1 Event that matters here. */
interface AuditEvent {
  user?: { username?: string };
  verb: string;
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
}

const nameOf = ({ group, resource, verb }: Action) => `${group ? `${group}/` : ''}${resource} ${verb}`;

/** Every permission of `roles`, one for each verb on each resource. */
export function granted(roles: readonly Role[]): Permission[] {
  return roles.flatMap(({ metadata, rules }) =>
    rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ group, resource, verb, namespace: metadata.namespace, names: resourceNames })),
        ),
      ),
    ),
  );
}

function usesOf({ verb, objectRef = {}, responseStatus }: AuditEvent): Use[] {
  const { apiGroup: group = '', resource = '', subresource, namespace, name } = objectRef;
  const code = responseStatus?.code;
  const use = { group, resource: subresource ? `${resource}/${subresource}` : resource, verb, namespace, name };
  const denied = code === 403;
  // An apply that makes the object is asked for both: the verb of the request says patch.
  const made = verb === 'patch' && code === 201 ? [{ ...use, verb: 'create', denied }] : [];
  return [{ ...use, denied }, ...made];
}

/** What `user` asked of the API server, from the lines of its audit log. Requests that are for no resource are left out. */
export function used(log: string, user: string): Use[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  const events = lines.map((line) => JSON.parse(line) as AuditEvent);
  return events.filter((event) => event.user?.username === user && event.objectRef?.resource).flatMap(usesOf);
}

const covers = (permission: Permission, use: Use) =>
  nameOf(permission) === nameOf(use) &&
  (permission.namespace === undefined || permission.namespace === use.namespace) &&
  (permission.names === undefined || permission.names.includes(use.name ?? ''));

const where = ({ namespace }: { namespace?: string }) => (namespace ? `in ${namespace}` : 'in the whole cluster');

const distinct = (sentences: string[]) => [...new Set(sentences)].sort();

/**
 * A sentence for each way in which the roles grant more or less than was used: a use that none covers or that was denied,
 * a permission that nothing used and `rare` does not excuse, one for the whole cluster that was only used in `home`, a
 * wildcard, secrets, and an excuse for what is not granted.
 */
export function compare(options: {
  permissions: readonly Permission[];
  uses: readonly Use[];
  rare: readonly Rare[];
  home: string;
}): string[] {
  const { permissions, uses, rare, home } = options;
  const excused = new Set(rare.map(({ permission }) => permission));
  const itsUses = (permission: Permission) => uses.filter((use) => covers(permission, use));

  const missing = uses.flatMap((use) => {
    const lacking = !permissions.some((permission) => covers(permission, use));
    return lacking || use.denied ? [`too little: ${nameOf(use)} ${where(use)} was used and is not granted`] : [];
  });
  const unused = permissions.flatMap((permission) => {
    if (excused.has(nameOf(permission)) || itsUses(permission).length > 0) return [];
    return [`too much: ${nameOf(permission)} ${where(permission)} is granted and was never used`];
  });
  const wide = permissions.flatMap((permission) => {
    const found = itsUses(permission);
    const atHome = found.length > 0 && found.every(({ namespace }) => namespace === home);
    return permission.namespace === undefined && atHome
      ? [`too much: ${nameOf(permission)} is granted in the whole cluster and was used in ${home} alone`]
      : [];
  });
  const blunt = permissions.flatMap((permission) => {
    if (Object.values(permission).includes('*')) return [`too much: ${nameOf(permission)} is a wildcard`];
    return permission.group === '' && permission.resource === 'secrets' ? [`too much: ${nameOf(permission)}`] : [];
  });
  const names = new Set(permissions.map(nameOf));
  const stale = [...excused].flatMap((name) => (names.has(name) ? [] : [`${name} is excused and not even granted`]));
  return distinct([...missing, ...unused, ...wide, ...blunt, ...stale]);
}
