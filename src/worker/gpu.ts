import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { GpuFacts } from '../api/hardware-profile.ts';
import {
  type ClockState,
  clockState,
  counterFields,
  gpuFacts,
  gpuFields,
  maskFields,
  smiArguments,
} from '../core/hardware/nvidia-smi.ts';

const run = promisify(execFile);

/** What nvidia-smi prints; nothing where there is none, or it knows no such field. Some 25 ms. */
async function ask(fields: readonly string[]): Promise<string> {
  try {
    return (await run('nvidia-smi', smiArguments(fields), { timeout: 5000 })).stdout;
  } catch {
    return '';
  }
}

/** The GPU that this container was given; undefined where there is none, or nothing that tells. */
export const gpu = async (): Promise<GpuFacts | undefined> => gpuFacts(await ask(gpuFields));

/** How its clocks stand now; undefined where nothing tells. The GPU should be idle: asking is not free. */
export const clocks = async (): Promise<ClockState | undefined> =>
  clockState(await ask(counterFields)) ?? clockState(await ask(maskFields));
