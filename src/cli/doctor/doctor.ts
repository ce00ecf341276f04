import { isApiError } from '../../runtime/cluster/errors.ts';
import type { Connection } from '../cluster/connection.ts';
import type { Shown } from '../show/shown.ts';
import type { Style } from '../show/style.ts';
import { padded, wrapped } from '../show/text.ts';
import { contents, hardware } from './contents.ts';
import { type Finding, unlessForbidden } from './finding.ts';
import { customResources, metricsServer, operatorHealth, operators, serverVersion } from './installation.ts';
import { operatorPermissions, userPermissions } from './permissions.ts';

/** Everything there is to find, in the order in which to mend it. */
async function examine(connection: Connection): Promise<Finding[]> {
  const version = await serverVersion(connection);
  const kinds = await unlessForbidden('CRDs', () => customResources(connection));
  const deployed = await operators(connection).catch((error: unknown) => {
    if (isApiError(error, 'Forbidden')) return undefined;
    throw error;
  });
  const operator = deployed
    ? await operatorHealth(connection, deployed)
    : await unlessForbidden('operator', async () => operatorHealth(connection, await operators(connection)));
  const accounts = (deployed ?? []).flatMap(({ metadata: { namespace = 'default' }, spec }) => {
    const name = spec.template.spec.serviceAccountName;
    return name ? [{ namespace, name }] : [];
  });
  const permissions = await unlessForbidden('your permissions', () => userPermissions(connection));
  const its = await Promise.all(
    accounts.map((account) =>
      unlessForbidden("operator's permissions", () => operatorPermissions(connection, account)),
    ),
  );
  const head = [...version, ...kinds, ...operator, ...permissions, ...its.flat()];
  // Without the kinds there is nothing of theirs to look at.
  const served = !kinds.some(({ level }) => level === 'fail');
  const own = served
    ? [
        ...(await unlessForbidden('hardware', () => hardware(connection))),
        ...(await unlessForbidden('searches and SLAs', () => contents(connection, deployed ?? []))),
      ]
    : [];
  return [...head, ...own, ...(await unlessForbidden('metrics server', () => metricsServer(connection)))];
}

const marks = { ok: '✓', warn: '!', fail: '✗' } as const;
const tones = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

function findingLines({ check, level, message, remedy }: Finding, columns: number, style: Style): string[] {
  const indent = ' '.repeat(columns + 9);
  const room = Math.max(24, style.width - indent.length);
  const [first = '', ...rest] = wrapped(message, room);
  const todo = remedy ? wrapped(remedy, room - 2).map((line, i) => `${indent}${i === 0 ? '→ ' : '  '}${line}`) : [];
  return [
    `${style.tint(tones[level], `${marks[level]} ${padded(level, 4)}`)}  ${padded(check, columns)} ${first}`,
    ...rest.map((line) => `${indent}${line}`),
    ...todo,
  ];
}

/** What is missing in this cluster, and what to do about it: exit code 1 where something fails. */
export async function doctor(connection: Connection): Promise<Shown> {
  const findings = await examine(connection);
  const count = (level: Finding['level']) => findings.filter((one) => one.level === level).length;
  const columns = Math.max(...findings.map(({ check }) => check.length));
  return {
    data: { context: connection.context, server: connection.server, namespace: connection.namespace, findings },
    code: count('fail') > 0 ? 1 : 0,
    lines: (style) => [
      ...findings.flatMap((finding) => findingLines(finding, columns, style)),
      '',
      `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`,
    ],
  };
}
