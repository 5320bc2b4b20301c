import type { RequestListener } from 'node:http';
import { problem } from '../../contracts/http/problems.ts';
import type { PublicApiConfig } from '../config.ts';
import type { Logger } from '../logger.ts';
import { listen, listenHost, sameToken, stopListening } from './http.ts';
import { protectAnswer } from './response-headers.ts';

/** How far the port for TLS is from the app's own when nothing else is said: 3000 and 3443. */
export const TLS_PORT_APART = 443;

/**
 * Listens for clients and for the sidecar of a public API. Without a certificate both come to
 * APP_PORT. With one, clients come by TLS to TLS_PORT, and APP_PORT answers only the sidecar, which
 * shows its token, and questions about health.
 * @returns stops both once every request that had arrived is answered.
 */
export async function listenPublic(
  app: RequestListener,
  config: PublicApiConfig,
  logger: Logger,
): Promise<() => Promise<void>> {
  const { APP_PORT, APP_API_TOKEN, TLS_CERT_FILE, TLS_KEY_FILE } = config;
  const connections = {
    total: config.CONNECTIONS_MAX,
    perAddress: config.CONNECTIONS_PER_ADDRESS_MAX,
  };
  if (TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined) {
    if (TLS_CERT_FILE !== TLS_KEY_FILE) throw new Error('TLS needs TLS_CERT_FILE and TLS_KEY_FILE');
    requireLoopback(listenHost());
    const server = await listen(app, APP_PORT, { connections });
    return () => stopListening(server);
  }
  const port = config.TLS_PORT ?? APP_PORT + TLS_PORT_APART;
  const asksForCertificate = config.TLS_CLIENT_CERTIFICATES === 'ask';
  const tls = { certFile: TLS_CERT_FILE, keyFile: TLS_KEY_FILE, asksForCertificate, logger };
  const servers = [
    await listen(forSidecar(app, APP_API_TOKEN, port), APP_PORT),
    await listen(app, port, { connections, tls }),
  ];
  logger.info('clients come by TLS', { port });
  return async () => void (await Promise.all(servers.map(stopListening)));
}

/** In production what comes without TLS is from this machine, where a proxy may have ended it. */
function requireLoopback(host: string): void {
  if (process.env['CORE_BANK_PRODUCTION'] !== 'yes' || /^(?:127\.|::1$|localhost$)/.test(host))
    return;
  throw new Error(
    `CORE_BANK_PRODUCTION asks for TLS on ${host}: set TLS_CERT_FILE and TLS_KEY_FILE, or listen ` +
      'on loopback, behind a proxy that ends TLS',
  );
}

/** Of what comes without TLS only the sidecar's requests and those about health. */
function forSidecar(app: RequestListener, token: string, port: number): RequestListener {
  return (request, response) => {
    const path = request.url ?? '/';
    const isOpen = path === '/healthz' || path.startsWith('/health/');
    if (isOpen || sameToken(token, request.headers['dapr-api-token']))
      return app(request, response);
    protectAnswer(request, response);
    const detail = `Clients come by TLS, to port ${port}.`;
    const document = problem('misdirected-request', path, { detail });
    response.writeHead(document.status, {
      'Content-Type': 'application/problem+json',
      Connection: 'close',
    });
    response.end(JSON.stringify(document));
  };
}
