import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bits, ED25519, element, integer, pem, sequence } from '../../runtime/mesh/der.ts';
import { trustAnchorsFile } from '../../runtime/mesh/identities.ts';
import {
  bytesOf,
  grpcPeer,
  member,
  type Credential,
  type GrpcAnswer,
} from './raw-grpc-for-tests.ts';

const JWKS_VALIDATOR = 3;

/** A request for a certificate (RFC 2986) that names nobody: sentry decides on the name. */
function certificateRequest() {
  const made = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const asked = sequence(integer(Buffer.from([0])), sequence(), made.publicKey, element(0xa0));
  const signature = sign(null, asked, createPrivateKey(made.privateKey));
  const request = sequence(asked, ED25519, bits(signature));
  return { key: made.privateKey, request: pem('CERTIFICATE REQUEST', request) };
}

/** What somebody who reaches sentry asks for. */
export interface Claim {
  readonly id: string;
  readonly namespace: string;
  readonly token?: string;
  /** Of dapr.proto.sentry.v1; the one for tokens when unset. */
  readonly validator?: number;
}

/** Asks sentry for a certificate; gives its answer and, when it gave one, the credential. */
export async function askSentry(
  port: number,
  dataDir: string,
  { id, namespace, token = '', validator = JWKS_VALIDATOR }: Claim,
): Promise<{ readonly answer: GrpcAnswer; readonly credential: Credential }> {
  const { key, request } = certificateRequest();
  const sentry = grpcPeer(port, undefined, true);
  const answer = await sentry.call(
    '/dapr.proto.sentry.v1.CA/SignCertificate',
    Buffer.concat([
      member(1, id),
      member(2, token),
      member(4, namespace),
      member(5, request),
      member(6, validator),
    ]),
  );
  sentry.close();
  const ca = readFileSync(trustAnchorsFile(dataDir), 'utf8');
  const cert = bytesOf(answer.body, 1)?.toString() ?? '';
  return { answer, credential: { cert, key, ca } };
}
