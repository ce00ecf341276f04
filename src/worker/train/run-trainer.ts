import { type Training, trainerEnvironment } from '../../api/trainer.ts';
import { durationMs } from '../../api/units.ts';
import { execute, plainEnvironment } from '../execute.ts';
import { WorkerError } from '../failure.ts';

const mostCharacters = 700;

/** The end of what it said, from the start of a line. */
function lastLines(text: string): string {
  const end = text.trim();
  return end.length <= mostCharacters ? end : end.slice(-mostCharacters).replace(/^[^\n]*\n/, '');
}

/**
 * Runs the trainer's command as a process of this worker, in the working folder that is prepared for it. Throws
 * WorkerError TrainerFailed with what it said or did.
 */
export async function runTrainer(folder: string, training: Training, onOutput?: (text: string) => void): Promise<void> {
  const { command, image, deadline } = training.trainer;
  const env = { HOME: folder, ...plainEnvironment(), ...trainerEnvironment(folder, training) };
  const limitMs = durationMs(deadline);
  const { code, stderr, timedOut } = await execute({ command, env, limitMs, onOutput }).catch((cause: Error) => {
    const hint = image ? `; without containers it must be on this machine, for spec.trainer.image is not used` : '';
    throw new WorkerError('TrainerFailed', `spec.trainer.command can't be run: ${cause.message}${hint}`, { cause });
  });
  if (timedOut) {
    throw new WorkerError(
      'TrainerFailed',
      `spec.trainer.command took longer than ${deadline} and was ended: train less, or raise spec.trainer.deadline`,
    );
  }
  if (code !== 0) {
    const how = code === null ? 'was ended by a signal' : `ended with code ${code}`;
    throw new WorkerError('TrainerFailed', `spec.trainer.command ${how}: ${lastLines(stderr) || 'it said nothing'}`);
  }
}
