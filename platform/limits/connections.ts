import type net from 'node:net';

/** How many connections a listener takes. */
export interface ConnectionBounds {
  readonly total: number;
  /** From one address that is not this machine's own: on it, sidecars and clients share one. */
  readonly perAddress: number;
}

/** Of the listeners that sidecars alone use. */
export const SIDECAR_CONNECTIONS: ConnectionBounds = { total: 1_024, perAddress: 1_024 };

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** Closes at once what comes beyond the bounds. */
export function boundConnections(
  server: net.Server,
  { total, perAddress }: ConnectionBounds,
): void {
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    if (LOOPBACK.test(address)) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > perAddress) socket.destroy();
  });
}
