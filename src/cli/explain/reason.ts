/** Why something is as it is: one word, and sentences with the evidence. */
export interface Reason {
  verdict: string;
  /** Whether that is what one hopes for. */
  tone?: 'good' | 'bad' | 'warn';
  because: string[];
}

/** What `retune explain` answers: an object with what holds for it, and for it in each place. */
export interface Explanation {
  about: string;
  reasons: (Reason & { where?: string })[];
  /** What happened to it, oldest first. */
  history?: { at: string; event: string; reason: string; message: string }[];
}
