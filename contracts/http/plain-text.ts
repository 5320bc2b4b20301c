/** Most texts: letters, digits, punctuation and blanks of ASCII, with none at an end. */
const ASCII = /^[!-~](?:[ -~]*[!-~])?$/;
/** They break terminals and some databases, or have no UTF-8 form, so no log could keep them. */
const CONTROL_OR_SURROGATE = /[\p{Cc}\p{Cs}]/u;
/** They turn the writing around, end a line, or mean nothing that two readers would agree on. */
const MISLEADING = /[\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cn}\p{Co}\ufff9-\ufffb]/u;
/** What is not shown: a text that has it looks like another one. Joiners and variants are below. */
const INVISIBLE = /(?![\p{Join_Control}\p{Variation_Selector}])\p{Default_Ignorable_Code_Point}/u;

/** The scripts in whose words a joiner is a matter of spelling. */
const JOINING = [
  'Arab Syrc Mand Nkoo Mong Phag Adlm Rohg Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh',
  'Khmr Mymr Tibt Java',
]
  .flatMap((scripts) => scripts.split(' '))
  .map((script) => String.raw`\p{scx=${script}}`)
  .join('');
const IN_WORD = String.raw`(?<=(?=[\p{L}\p{M}])[${JOINING}])\p{Join_Control}`;
const PICTURE = String.raw`\p{Extended_Pictographic}`;
const IN_EMOJI = String.raw`(?<=${PICTURE}\ufe0f?|\p{Emoji_Modifier})\u200d(?=${PICTURE})`;
const SEEN = String.raw`(?<=(?!\p{Variation_Selector})[\p{L}\p{M}\p{N}\p{P}\p{S}])`;
const OF_IDEOGRAPH = String.raw`[\u{e0100}-\u{e01ef}]`;
/** One variant of what is seen before it; more in a row would carry bytes that nobody sees. */
const VARIANTS = [
  String.raw`${SEEN}(?!${OF_IDEOGRAPH})\p{Variation_Selector}`,
  String.raw`(?<=\p{Ideographic})${OF_IDEOGRAPH}`,
];
const AT_ITS_PLACE = new RegExp([IN_WORD, IN_EMOJI, ...VARIANTS].join('|'), 'gu');
const JOINER_OR_VARIANT = /[\p{Join_Control}\p{Variation_Selector}]/u;

const BLANK_END = /^\p{Zs}|\p{Zs}$/u;
/** U+2800 is the Braille cell without a dot: a symbol, and empty. */
const VISIBLE = /(?!\u2800)[\p{L}\p{N}\p{P}\p{S}]/u;

/** Whether a text has what no text of a client ever had: controls and lone surrogates. */
export const isStorable = (text: string): boolean => !CONTROL_OR_SURROGATE.test(text);

/**
 * What is wrong with a text that people will read, or undefined. Two texts that look alike shall be
 * alike, so nothing may be in it that is not seen, but for the joiners without which Persian, the
 * scripts of India and many emoji are not spelled right. Which code points are assigned is a matter
 * of the Unicode version of the runtime, so this is for what comes in, never for what was stored.
 */
export function unclear(text: string): string | undefined {
  if (ASCII.test(text)) return undefined;
  if (!isStorable(text)) return 'must not contain control characters or lone surrogates';
  if (BLANK_END.test(text)) return 'must not begin or end with a blank';
  const misleading = MISLEADING.exec(text) ?? INVISIBLE.exec(text) ?? misplaced(text);
  if (misleading !== null) return `must not contain ${nameOf(misleading[0])}, which is not seen`;
  return VISIBLE.test(text) ? undefined : 'must have a letter, digit or other visible character';
}

/** A joiner or a variant where the spelling needs none. */
const misplaced = (text: string): RegExpExecArray | null =>
  JOINER_OR_VARIANT.test(text) ? JOINER_OR_VARIANT.exec(text.replace(AT_ITS_PLACE, '')) : null;

const nameOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
