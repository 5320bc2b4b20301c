import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { sameToken } from './http/http.ts';

/** A call on its way: what to send, and how to read the answer. */
export interface SentCall {
  readonly body: string;
  /** The JSON of the answer; undefined when it is not that of the one who was called. */
  read(answer: string): string | undefined;
}
/** A call that was taken: what it asks, and how to answer. */
export interface TakenCall {
  readonly json: string;
  /** The number of this call, which no other has. */
  readonly nonce: string;
  answer(json: string): string;
}
export type AuthenticCalls = ReturnType<typeof authenticCalls>;

const MAC_CHARACTERS = 43;
const NONCE_BYTES = 12;
const NONCE_CHARACTERS = 16;
const OPEN = '{"mac":"';
const MAC_END = OPEN.length + MAC_CHARACTERS;
const NONCE = '","nonce":"';
const NONCE_END = MAC_END + NONCE.length + NONCE_CHARACTERS;
const CALL = '","call":';
const ANSWER = '","answer":';

const macIn = (text: string): string => text.slice(OPEN.length, MAC_END);

/**
 * Calls between two programs that share a key and do not trust those that carry them: each call and
 * each answer has a message authentication code (HMAC-SHA256). That of a call covers who is called
 * (`target`) and a number that is used once; that of an answer covers the one of its call, so it is
 * an answer to this call and to no other. A carrier may repeat a call: who takes it
 * remembers its number, or what it asks bears that.
 *
 * While a key is replaced there are two, separated by a comma: calls are made with the first one,
 * and taken with either.
 * @example
 * const { body, read } = authenticCalls(key).send('Actor/1/execute', '{"groups":[]}');
 * const json = read(await carry(body)); // undefined: somebody else answered
 */
export function authenticCalls(keys: string) {
  const secrets = keys.split(',').map((key) => createSecretKey(Buffer.from(key)));
  const own = secrets[0]!;
  const macOf = (secret: KeyObject, ...parts: readonly string[]): string => {
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(part).update('\n');
    return hmac.digest('base64url');
  };
  const ofCall = (secret: KeyObject, target: string, nonce: string, json: string): string =>
    macOf(secret, 'call', target, nonce, json);
  const ofAnswer = (secret: KeyObject, call: string, json: string): string =>
    macOf(secret, 'answer', call, json);

  return {
    send(target: string, json: string): SentCall {
      const nonce = randomBytes(NONCE_BYTES).toString('base64url');
      const call = ofCall(own, target, nonce, json);
      return {
        body: `${OPEN}${call}${NONCE}${nonce}${CALL}${json}}`,
        read(answer) {
          if (!answer.startsWith(ANSWER, MAC_END)) return undefined;
          const answered = answer.slice(MAC_END + ANSWER.length, -1);
          return sameToken(ofAnswer(own, call, answered), macIn(answer)) ? answered : undefined;
        },
      };
    },
    /** Undefined for what the other one did not send to this target. */
    take(target: string, body: string): TakenCall | undefined {
      if (!body.startsWith(NONCE, MAC_END) || !body.startsWith(CALL, NONCE_END)) return undefined;
      const nonce = body.slice(NONCE_END - NONCE_CHARACTERS, NONCE_END);
      const json = body.slice(NONCE_END + CALL.length, -1);
      for (const secret of secrets) {
        const call = ofCall(secret, target, nonce, json);
        if (!sameToken(call, macIn(body))) continue;
        return {
          json,
          nonce,
          answer: (text) => `${OPEN}${ofAnswer(secret, call, text)}${ANSWER}${text}}`,
        };
      }
      return undefined;
    },
  };
}
