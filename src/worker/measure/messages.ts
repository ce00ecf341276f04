import type { EngineOptions } from '../../api/candidate.ts';
import type { Challenge } from '../../api/challenge.ts';
import type { FileRef } from '../../api/common.ts';
import type { Failure } from '../../api/task.ts';
import type { RowsOfNumbers } from '../judge/record.ts';
import type { Modules } from '../modules.ts';

/** What a runner is started with, as JSON in its first argument. */
export interface RunnerSetup {
  modules: Modules;
  /** The artifact store and the artifact in it. */
  store: string;
  digest: string;
  options: EngineOptions;
  inputs: FileRef;
  batchSize: number;
}

export type RunnerRequest =
  | { kind: 'Run'; count: number }
  | { kind: 'Outputs'; rows: number; output?: string }
  | { kind: 'Challenge' };

/** Times of some runs in milliseconds, and what kept the processor from them meanwhile. */
export interface Block {
  runsMs: Float64Array;
  /** For how long the thread that runs the model was ready and had no processor. */
  waitedMs: number;
  /** For how long the pod stood at its CPU limit, where the kernel tells. */
  throttledMs: number;
}

/** Of what is fed to each input. */
export type Shapes = Record<string, number[]>;

export type RunnerReply =
  | { kind: 'Ready'; engine: string; shapes: Shapes }
  | ({ kind: 'Block'; peakMemoryBytes: number } & Block)
  | ({ kind: 'Outputs' } & RowsOfNumbers)
  | { kind: 'Challenge'; challenge?: Challenge }
  | Failure;
