import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Challenge } from '../../api/challenge.ts';
import type { Failure } from '../../api/task.ts';
import { moduleUrl } from '../../runtime/modules.ts';
import { WorkerError } from '../failure.ts';
import type { RowsOfNumbers } from '../judge/record.ts';
import type { Block, RunnerReply, RunnerRequest, RunnerSetup, Shapes } from './messages.ts';

/** A model loaded in a process of its own. */
export interface Runner {
  engine: string;
  shapes: Shapes;
  run(count: number): Promise<Block>;
  outputs(rows: number, output?: string): Promise<RowsOfNumbers>;
  /** What a server of the model can be asked here; undefined where nothing can. */
  challenge(): Promise<Challenge | undefined>;
  /** Largest resident set so far, in bytes. */
  peakMemoryBytes(): number;
  stop(): Promise<void>;
}

const failed = ({ reason, message, retryable }: Failure) => new WorkerError(reason, message, { retryable });

function died(code: number | null, signal: string | null): WorkerError {
  const why =
    signal === 'SIGKILL'
      ? 'it was killed, most likely for memory: raise spec.worker.memory'
      : `it ended with ${signal ?? code}`;
  return new WorkerError('EngineFailed', `the process that runs the model is gone: ${why}`, { retryable: true });
}

/** The next message of a child, or why there will be none. */
function next(child: ChildProcess): Promise<RunnerReply> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      action();
    };
    const onMessage = (message: unknown) => settle(() => resolve(message as RunnerReply));
    const onExit = (code: number | null, signal: string | null) => settle(() => reject(died(code, signal)));
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}

/**
 * V8's helper threads would take turns with the model on a pinned processor, which looks like a neighbour; and its
 * garbage, a millisecond here and there, would be the p99 of a fast model. The runner collects between runs instead.
 */
const withoutHelpers = ['--single-threaded', '--no-incremental-marking', '--expose-gc'];

/** Starts a runner and waits until its model is loaded. Throws WorkerError. */
export async function startRunner(setup: RunnerSetup): Promise<Runner> {
  const path = fileURLToPath(moduleUrl('./runner.ts', import.meta.url));
  const child = fork(path, [JSON.stringify(setup)], {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...withoutHelpers],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let peakMemoryBytes = 0;

  async function ask<K extends RunnerReply['kind']>(kind: K, request?: RunnerRequest) {
    const answer = next(child);
    if (request) child.send(request);
    const reply = await answer;
    if (reply.kind === 'Failure') throw failed(reply);
    if (reply.kind !== kind) throw new WorkerError('Internal', `a runner answered ${reply.kind} instead of ${kind}`);
    return reply as Extract<RunnerReply, { kind: K }>;
  }
  const stop = async () => {
    if (child.connected) child.disconnect();
    await exited;
  };
  try {
    const { engine, shapes } = await ask('Ready');
    return {
      ...{ engine, shapes },
      async run(count) {
        const block = await ask('Block', { kind: 'Run', count });
        ({ peakMemoryBytes } = block);
        return block;
      },
      outputs: (rows, output) => ask('Outputs', { kind: 'Outputs', rows, output }),
      challenge: async () => (await ask('Challenge', { kind: 'Challenge' })).challenge,
      peakMemoryBytes: () => peakMemoryBytes,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
