/** One element of DER (ITU-T X.690): its tag, its length and its content. */
export const element = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
export const oid = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));
export const integer = (bytes: Buffer): Buffer => element(0x02, bytes);
export const bits = (bytes: Buffer, unused = 0): Buffer =>
  element(0x03, Buffer.from([unused]), bytes);
export const text = (tag: number, value: string): Buffer => element(tag, Buffer.from(value));
export const TRUE = element(0x01, Buffer.from([0xff]));

/** The algorithm of keys and of signatures (RFC 8410). */
export const ED25519 = sequence(oid('2b6570'));

/** DER as text (RFC 7468). */
export const pem = (label: string, der: Buffer): string => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};
