import { spawn } from 'node:child_process';
import { z } from 'zod';
import type { Quality } from '../../api/variant.ts';
import { WorkerError } from '../failure.ts';

/** What a command of the user's prints, as JSON on one line of its own, the last. */
const Answer = z
  .object({ value: z.number(), samples: z.int().min(1), low: z.number().optional(), high: z.number().optional() })
  .refine(({ value, low = value, high = value }) => low <= value && value <= high, 'low, value and high must ascend');

export interface CommandRun {
  command: string[];
  /** Paths of the variant and of the held-out data. */
  model: string;
  data: string;
  limitMs: number;
}

const mostCharacters = 64 * 1024;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** The command's environment: what a program needs to run at all, and the two files. Not the worker's own task. */
function environment(model: string, data: string): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR, RETUNE_MODEL: model, RETUNE_DATA: data };
}

function execute({ command: [program = '', ...args], model, data, limitMs }: CommandRun): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it starts ends with it.
    const child = spawn(program, args, {
      env: environment(model, data),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const ended: Ended = { code: null, stdout: '', stderr: '', timedOut: false };
    const timer = setTimeout(() => {
      ended.timedOut = true;
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself just now.
      }
    }, limitMs);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        ended[name] = (ended[name] + text).slice(-mostCharacters);
      });
    }
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new WorkerError('CommandFailed', `spec.quality.command can't be run: ${cause.message}`, { cause }));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ ...ended, code });
    });
  });
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.slice(0, 400) ?? '';

/**
 * Runs the user's own judge and reads the one JSON object that it prints last. Without an interval of its own none is
 * claimed: low and high are the value. Throws WorkerError CommandFailed with what it said or did.
 */
export async function runCommand(run: CommandRun): Promise<Pick<Quality, 'value' | 'low' | 'high' | 'samples'>> {
  const { code, stdout, stderr, timedOut } = await execute(run);
  if (timedOut) {
    const seconds = Number((run.limitMs / 1000).toPrecision(3));
    throw new WorkerError(
      'CommandFailed',
      `spec.quality.command took longer than ${seconds} s and was ended: judge fewer rows, or raise spec.worker.deadline`,
    );
  }
  if (code !== 0) {
    throw new WorkerError('CommandFailed', `spec.quality.command ended with code ${code}: ${lastLine(stderr)}`);
  }
  const line = lastLine(stdout);
  try {
    const { value, samples, low = value, high = value } = Answer.parse(JSON.parse(line));
    return { value, low, high, samples };
  } catch (cause) {
    throw new WorkerError(
      'CommandFailed',
      `spec.quality.command must print {"value": number, "samples": integer} as its last line, with "low" and "high" around the value if it knows them; it printed "${line.slice(0, 200)}"`,
      { cause },
    );
  }
}
