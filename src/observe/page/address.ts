/** Where the page listens. */
export interface PageAddress {
  host: string;
  port: number;
  /** Whether only this machine, or this pod, gets there: then nobody is asked who they are. */
  local: boolean;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * `127.0.0.1:9091`, `0.0.0.0:8080`, `[::]:8080` or `9091`, which is on this machine alone; undefined for `off`. Throws
 * Error with a sentence.
 */
export function pageAddress(text: string): PageAddress | undefined {
  if (text === 'off') return undefined;
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+)):)?(\d{1,5})$/i.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain ?? '127.0.0.1', Number(digits)];
  if (digits === '' || port > 65_535) {
    throw new Error(`--page takes an address such as 127.0.0.1:9091 or 0.0.0.0:8080, or off, not "${text}"`);
  }
  return { host, port, local: loopback.test(host) };
}

/** Whether a request's Host names this machine: a page of another site whose name resolves to it does not. */
export function namesThisMachine(host: string | undefined): boolean {
  return loopback.test((host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}
