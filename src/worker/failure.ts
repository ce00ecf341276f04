import type { Failure, FailureReason } from '../api/task.ts';
import { ModelError } from '../core/onnx/model.ts';
import { EngineError } from '../engines/engine.ts';
import { StoreError } from '../stores/store.ts';

/** Why a task could not be done: a sentence for the user, and whether another try may pass. */
export class WorkerError extends Error {
  readonly reason: FailureReason;
  readonly retryable: boolean;

  constructor(reason: FailureReason, message: string, options: ErrorOptions & { retryable?: boolean } = {}) {
    super(message, options);
    this.name = 'WorkerError';
    this.reason = reason;
    this.retryable = options.retryable ?? false;
  }
}

function classify(error: unknown): [FailureReason, retryable: boolean] {
  if (error instanceof WorkerError) return [error.reason, error.retryable];
  if (error instanceof ModelError) return ['ModelInvalid', false];
  if (error instanceof StoreError) return ['StoreFailed', error.retryable];
  if (!(error instanceof EngineError)) return ['Internal', true];
  if (error.reason === 'InputMismatch') return ['DataInvalid', false];
  return error.reason === 'EngineFailed' ? ['EngineFailed', true] : [error.reason, false];
}

/** Any error as the result of a task. */
export function failureOf(error: unknown): Failure {
  const [reason, retryable] = classify(error);
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'Failure', reason, message: message.slice(0, 1024), retryable };
}
