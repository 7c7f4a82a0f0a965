import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** The same for a TLS socket and for the plain one below it. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/**
 * Follows the connections that have not asked anything yet: browsers and proxies open some in advance. Node does not
 * count them as idle, so each would hold up a shutdown until its time for headers is over. Returns what ends them.
 */
export const followUntouched = (server: Server): (() => void) => {
  const untouched = new Map<string, Socket>();
  const touch = ({ socket }: IncomingMessage): void => {
    untouched.delete(keyOf(socket));
  };
  server.on('connection', (socket) => {
    const key = keyOf(socket);
    untouched.set(key, socket);
    socket.once('close', () => untouched.delete(key));
  });
  server.on('request', touch).on('upgrade', touch);
  return () => {
    for (const socket of untouched.values()) socket.destroy();
  };
};
