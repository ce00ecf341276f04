/** What an API server answers when it refuses; the names are those of Kubernetes' `Status.reason`. */
export type ApiErrorReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Forbidden'
  | 'TooManyRequests'
  | 'Unavailable'
  | 'Unknown';

export class ApiError extends Error {
  readonly reason: ApiErrorReason;

  constructor(reason: ApiErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.reason = reason;
  }
}

export function isApiError(error: unknown, reason: ApiErrorReason): error is ApiError {
  return error instanceof ApiError && error.reason === reason;
}
