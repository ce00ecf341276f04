import { Worker } from 'node:worker_threads';
import type { EngineOptions } from '../api/candidate.ts';
import type { Tensor, TensorInfo } from '../engines/engine.ts';
import { moduleUrl } from '../runtime/modules.ts';
import { RequestError } from './protocol/request.ts';

export interface ThreadSetup {
  /** URL of the module that exports `engine`. */
  engineModule: string;
  model: Uint8Array;
  options: EngineOptions;
}

export interface ThreadRequest {
  id: number;
  feeds: Record<string, Tensor>;
}

export type ThreadReply =
  | { kind: 'Ready'; inputs: TensorInfo[]; outputs: TensorInfo[] }
  | { kind: 'Outputs'; id: number; outputs: Record<string, Tensor> }
  | { kind: 'Failed'; id?: number; message: string };

/** A model loaded in a thread of its own; requests are answered in the order they came. */
export interface LoadedModel {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  /** Throws RequestError: 400 what the engine refuses, 503 when too many wait. */
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  /** Requests that wait or run. */
  pending(): number;
  /** Ends the thread when what waits is answered. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(outputs: Record<string, Tensor>): void;
  reject(error: Error): void;
}

const mostPending = 2000;

/** Loads a model. Throws Error with a sentence when the engine refuses it. */
export async function loadModel(setup: ThreadSetup): Promise<LoadedModel> {
  const thread = new Worker(new URL(moduleUrl('./thread.ts', import.meta.url)), { workerData: setup });
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let idle: (() => void) | undefined;

  const ready = await new Promise<Extract<ThreadReply, { kind: 'Ready' }>>((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (reply: ThreadReply) => {
      if (reply.kind === 'Ready') resolve(reply);
      else
        reject(new Error(reply.kind === 'Failed' ? reply.message : 'the inference thread gave no account of itself'));
    });
  }).catch(async (error: unknown) => {
    await thread.terminate();
    throw error;
  });

  thread.on('message', (reply: ThreadReply) => {
    if (reply.kind === 'Ready' || reply.id === undefined) return;
    const request = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.kind === 'Outputs') request?.resolve(reply.outputs);
    else request?.reject(new RequestError(reply.message));
    if (waiting.size === 0) idle?.();
  });
  thread.on('error', (error) => {
    for (const request of waiting.values()) request.reject(error);
    waiting.clear();
    idle?.();
  });

  return {
    inputs: ready.inputs,
    outputs: ready.outputs,
    pending: () => waiting.size,
    run: (feeds) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= mostPending) {
          reject(new RequestError(`${mostPending} requests wait already: send fewer, or serve more replicas`, 503));
          return;
        }
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        const transfer = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
        thread.postMessage({ id, feeds } satisfies ThreadRequest, transfer);
      }),
    async close() {
      if (waiting.size > 0) await new Promise<void>((resolve) => (idle = resolve));
      await thread.terminate();
    },
  };
}
