/**
 * Artifacts by digest. Writes are atomic (a reader sees the whole object or none) and idempotent; reads are verified:
 * an object whose bytes do not hash to its name is an error, never data.
 */
export interface ArtifactStore {
  /** Stores `bytes` and returns `sha256:<hex>`. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes. Throws StoreError NotFound, or Corrupt when they do not hash to `digest`. */
  get(digest: string): Promise<Uint8Array>;
  has(digest: string): Promise<boolean>;
  /** The URI under which a server on any node that mounts this store can load the artifact. */
  uri(digest: string): string;
}

export class StoreError extends Error {
  readonly reason: 'NotFound' | 'Corrupt' | 'Unreachable';

  constructor(reason: StoreError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.reason = reason;
  }
}
