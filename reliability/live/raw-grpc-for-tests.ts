import { connect, type ClientHttp2Session } from 'node:http2';

const ANSWER_MS_MAX = 3_000;
/** What gRPC says when it came to no call: UNAVAILABLE. */
export const NO_CONNECTION = 14;
export const PERMISSION_DENIED = 7;
export const UNIMPLEMENTED = 12;

/** A certificate with its key, and whom its holder believes; all PEM. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface GrpcAnswer {
  /** The status of the call; 0 is OK. A stream that goes on after its first answer has none. */
  readonly code: number | undefined;
  readonly message: string;
  readonly body: Buffer;
}

/** A member of a message in protobuf: a text, bytes, another message, or a whole number. */
export const member = (number: number, value: string | Buffer | number): Buffer => {
  if (typeof value === 'number') return Buffer.from([number << 3, value]);
  const content = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
};

/** The first member with that number in a message, which has bytes or texts only before it. */
export function bytesOf(message: Buffer, number: number): Buffer | undefined {
  for (let at = 0; at < message.length;) {
    const tag = message[at++]! >> 3;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (tag === number) return message.subarray(at, at + size);
    at += size;
  }
  return undefined;
}

/** Calls methods of the program on a loopback port, as an attacker would: without a stub. */
export function grpcPeer(port: number, credential?: Credential, isTls = credential !== undefined) {
  const session: ClientHttp2Session = connect(`${isTls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    ...credential,
    rejectUnauthorized: credential !== undefined,
    checkServerIdentity: () => undefined,
  });
  let broken: Error | undefined;
  session.on('error', (error: Error) => (broken = error));

  return {
    /** Sends one message; with `isOpen` the stream goes on, and the first answer is the answer. */
    call: (
      path: string,
      message: Buffer,
      isOpen = false,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<GrpcAnswer> =>
      new Promise((resolve) => {
        const gone = (error?: Error): void =>
          resolve({
            code: NO_CONNECTION,
            message: String(error ?? broken ?? 'closed'),
            body: Buffer.alloc(0),
          });
        if (session.destroyed || session.closed) return gone();
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...headers,
        });
        const parts: Buffer[] = [];
        const told = (headers: Readonly<Record<string, string>>): void => {
          const status = headers['grpc-status'];
          if (status === undefined) return;
          const text = decodeURIComponent(headers['grpc-message'] ?? '');
          resolve({ code: Number(status), message: text, body: Buffer.concat(parts).subarray(5) });
        };
        stream.on('response', (headers) => told(headers as Record<string, string>));
        stream.on('trailers', (trailers) => told(trailers as Record<string, string>));
        stream.on('data', (part: Buffer) => {
          parts.push(part);
          if (!isOpen) return;
          resolve({ code: undefined, message: '', body: Buffer.concat(parts).subarray(5) });
        });
        stream.on('error', gone);
        stream.on('close', () => gone());
        stream.setTimeout(ANSWER_MS_MAX, () => stream.close());
        const frame = Buffer.alloc(5);
        frame.writeUInt32BE(message.length, 1);
        stream.write(Buffer.concat([frame, message]));
        if (!isOpen) stream.end();
      }),
    close: (): void => session.destroy(),
  };
}
