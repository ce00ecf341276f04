import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that takes requests and answers none. */
export async function silence(address: string): Promise<{ url: string; close(): void }> {
  const server = createServer(() => undefined);
  await new Promise<void>((listening) => server.listen(0, address, listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
