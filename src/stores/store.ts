/** What is known of an artifact when it is stored; stores that keep such things beside the bytes do. */
export interface About {
  /** Media type, such as `application/onnx`. */
  mediaType: string;
  /** By name in reverse domain notation, such as `dev.retune.candidate`. */
  annotations?: Record<string, string>;
}

/** An artifact as a store lists it. */
export interface Stored {
  digest: string;
  sizeBytes: number;
  /** When it was last put, in milliseconds since the epoch by the clock of the store. */
  modifiedMs: number;
}

/**
 * Artifacts by digest. Writes are atomic (a reader sees the whole object or none) and idempotent; reads are verified:
 * an object whose bytes do not hash to its name is an error, never data. Every method throws StoreError.
 */
export interface ArtifactStore {
  /**
   * Stores `bytes` and returns `sha256:<hex>`. One that is there already counts as put now (`modifiedMs`), so that
   * what was just asked for is not collected as garbage; within `freshMs` of the last time that may be left out.
   */
  put(bytes: Uint8Array, about?: About): Promise<string>;
  /** The bytes. Throws StoreError NotFound, or Corrupt when they do not hash to `digest`. */
  get(digest: string): Promise<Uint8Array>;
  has(digest: string): Promise<boolean>;
  /** The URI under which a server on any node that mounts or reaches this store can load the artifact. */
  uri(digest: string): string;
  /** Every artifact of this store and nothing else that lies there. */
  list(): AsyncIterable<Stored>;
  /** Removes an artifact unless it was put after `notAfterMs`. Returns whether it is gone now because of this call. */
  remove(digest: string, notAfterMs: number): Promise<boolean>;
  /** Adds to what is told of an artifact; only where a store can. One that is not there is NotFound. */
  annotate?(digest: string, annotations: Record<string, string>): Promise<void>;
}

/** An artifact that was put no longer ago than this need not be marked as put again. */
export const freshMs = 10 * 60_000;

/** Why a store failed, and whether the same may pass on another try, without anyone changing anything. */
const reasons = {
  /** The store has no such artifact. */
  NotFound: true,
  /** The stored bytes are not those of the digest. */
  Corrupt: false,
  /** No answer, or one that says that the store is down. */
  Unreachable: true,
  /** Credentials that ran out: whoever mounts or hands them out renews them. */
  Expired: true,
  /** No credentials, wrong ones, or too few rights. */
  Denied: false,
  /** Clocks differ too much for signed requests or certificates; another node may have a better one. */
  ClockSkew: true,
  /** No space or quota is left. */
  Full: false,
  /** The store can't be written. */
  ReadOnly: false,
  /** The URI, or what it names, is not a store. */
  Invalid: false,
} as const;

export class StoreError extends Error {
  readonly reason: keyof typeof reasons;

  constructor(reason: StoreError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.reason = reason;
  }

  get retryable(): boolean {
    return reasons[this.reason];
  }
}
