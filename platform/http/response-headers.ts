import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import helmet, { type HelmetOptions } from 'helmet';

type Header = readonly [name: string, value: string];

/** A year; browsers then never come without TLS. */
const STRICT: Header = ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'];
const NOBODY = ["'none'"];

/** Of data: no browser shows it as a page, runs it, frames it or gives it to another origin. */
const ANSWERS = headersBy({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: NOBODY, frameAncestors: NOBODY },
  },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
  // These are about pages only.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/** Of the pages of the documentation: they load from here, and no other page frames them. */
const PAGES = headersBy({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      // Swagger UI writes styles into its elements.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: NOBODY,
      baseUri: NOBODY,
      formAction: ["'self'"],
      frameAncestors: NOBODY,
    },
  },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
});

/** The headers that helmet would set; asked once, because each of them costs it a function. */
function headersBy(options: HelmetOptions): readonly Header[] {
  const headers: Header[] = [];
  const response = {
    setHeader: (name: string, value: string) => headers.push([name, value]),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}

/**
 * Sets what every answer carries, whatever it says: no cache keeps it, because even a problem may
 * be about a person, and no browser gives it to a page of another origin.
 */
export function protectAnswer(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of ANSWERS) response.setHeader(name, value);
  if ((request.socket as Partial<TLSSocket>).encrypted === true) response.setHeader(...STRICT);
}

/** The same as lines, for an answer that is written without node's help. */
export const PROTECTED_LINES = [['Cache-Control', 'no-store'], ...ANSWERS]
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** Sets what a page of the documentation carries in place of that. */
export function protectPage(response: ServerResponse): void {
  for (const [name, value] of PAGES) response.setHeader(name, value);
}
