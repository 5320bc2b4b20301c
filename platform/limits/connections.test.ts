import { EventEmitter } from 'node:events';
import type net from 'node:net';
import { boundConnections } from './connections.ts';

const server = (bounds: { total: number; perAddress: number }) => {
  const made = new EventEmitter() as EventEmitter & { maxConnections?: number };
  boundConnections(made as unknown as net.Server, bounds);
  const connect = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      destroyed: false,
      destroy(): void {
        socket.destroyed = true;
        socket.emit('close');
      },
    });
    made.emit('connection', socket);
    return socket;
  };
  return { made, connect };
};

test('given more connections from an address than may be, the newest are closed', () => {
  const { made, connect } = server({ total: 9, perAddress: 2 });
  expect(made.maxConnections).toBe(9);
  const [first, second, third] = [connect('10.0.0.1'), connect('10.0.0.1'), connect('10.0.0.1')];
  expect([first.destroyed, second.destroyed, third.destroyed]).toEqual([false, false, true]);
  expect(connect('10.0.0.2').destroyed).toBe(false);
  first.destroy();
  expect(connect('10.0.0.1').destroyed).toBe(false);
});

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])(
  'given %s, whom sidecar and clients share, the bound of an address is not for it',
  (address) => {
    const { connect } = server({ total: 9, perAddress: 1 });
    expect([connect(address), connect(address)].map(({ destroyed }) => destroyed)).toEqual([
      false,
      false,
    ]);
  },
);
