import { type Format, render, type Shown } from '../show/shown.ts';
import { styleOf } from '../show/style.ts';
import { type Connection, type ConnectionOptions, connect } from './connection.ts';
import { failure } from './failures.ts';

/**
 * Asks a cluster, prints the answer and sets the exit code: 0 ok, 1 failed or refused, 2 wrong usage or it can't be told.
 * Throws Error with one sentence.
 */
export async function answer(
  options: ConnectionOptions & { output?: Format },
  ask: (connection: Connection) => Promise<Shown>,
): Promise<void> {
  let where = { context: '', server: '' };
  try {
    const connection = connect(options);
    where = connection;
    const shown = await ask(connection);
    for (const warning of shown.warnings ?? []) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(`${render(shown, options.output ?? 'table', styleOf(process.stdout, process.env))}\n`);
    process.exitCode = shown.code ?? 0;
  } catch (cause) {
    const { message, code } = failure(cause, where);
    process.exitCode = code;
    throw new Error(message, { cause });
  }
}
