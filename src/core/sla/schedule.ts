import { Cron } from 'croner';

const cron = (expression: string) => new Cron(expression, { timezone: 'UTC', paused: true });

/** Why a cron expression can't be read; undefined when it can. */
export function scheduleProblem(expression: string): string | undefined {
  try {
    cron(expression);
    return undefined;
  } catch (error) {
    return `"${expression}" is no schedule (${error instanceof Error ? error.message : error}): write five fields of cron, such as 0 3 * * 0`;
  }
}

/** The first moment (RFC 3339, UTC) that a cron expression names after `since`, where that has passed. */
export function dueSince(expression: string, since: string, nowMs: number): string | undefined {
  const next = cron(expression).nextRun(new Date(since));
  return next && next.getTime() <= nowMs ? next.toISOString() : undefined;
}
