/** An element, or nothing: what is not there leaves no trace. */
export type Xml = string;

type Attributes = Readonly<Record<string, string>>;

/** An element with elements in it; one without any is left out, because ISO 20022 has none. */
export function element(name: string, children: readonly Xml[], attributes: Attributes = {}): Xml {
  const content = children.join('');
  return content === '' ? '' : tagged(name, content, attributes);
}

/** An element with text in it; without text it is left out. */
export function text(name: string, value: string | undefined, attributes: Attributes = {}): Xml {
  return value === undefined || value === '' ? '' : tagged(name, escaped(value), attributes);
}

function tagged(name: string, content: string, attributes: Attributes): Xml {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return `<${name}${written.join('')}>${content}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 (chapter 2.2) does not allow at all, not even escaped, or discourages. */
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

const escaped = (value: string): string =>
  value
    .replaceAll(FORBIDDEN, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
