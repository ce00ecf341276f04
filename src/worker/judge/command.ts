import { z } from 'zod';
import type { Quality } from '../../api/variant.ts';
import { execute, plainEnvironment } from '../execute.ts';
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

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.slice(0, 400) ?? '';

/**
 * Runs the user's own judge and reads the one JSON object that it prints last. Without an interval of its own none is
 * claimed: low and high are the value. Throws WorkerError CommandFailed with what it said or did.
 */
export async function runCommand(run: CommandRun): Promise<Pick<Quality, 'value' | 'low' | 'high' | 'samples'>> {
  const { command, model, data, limitMs } = run;
  const env = { ...plainEnvironment(), RETUNE_MODEL: model, RETUNE_DATA: data };
  const { code, stdout, stderr, timedOut } = await execute({ command, env, limitMs }).catch((cause: Error) => {
    throw new WorkerError('CommandFailed', `spec.quality.command can't be run: ${cause.message}`, { cause });
  });
  if (timedOut) {
    const seconds = Number((limitMs / 1000).toPrecision(3));
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
