import { clientTexts, storedTexts } from './scalars.ts';
import { unclear } from './plain-text.ts';

const named = (character: string): [string, string] => [
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
  character,
];

describe('a text that people read', () => {
  test.each([
    'Jana Nováková',
    "Seán O'Brien-Smith",
    'Łukasz Żółć, č. 5/7',
    'Ελένη Παπαδοπούλου',
    'Дмитрий Иванович',
    'محمد الفارسی',
    // Persian, with a ZWNJ inside words.
    'علی‌رضا می‌خواهد',
    'خانه‌ها',
    // Devanagari, Bengali, Sinhala and Malayalam with joiners.
    'क्‍ष पाण्डेय',
    'র‍্যাব',
    'ශ්‍රී ලංකා',
    'അവന്‍',
    '山田 太郎',
    // A variant of an ideograph, as in Japanese family names.
    '葛\u{e0100}城 花子',
    '김민준',
    'สมชาย',
    'שרה לוי',
    'Nguyễn Thị Ánh',
    // Without a composed form.
    'J̌ana',
    'Rent 🏠 👨‍👩‍👧‍👦 👩🏽‍⚕️ 🏳️‍🌈 ❤️‍🔥 1️⃣ 🇨🇿',
    '☃︎',
    '€ 5 – „quoted“ «x» a\u00a0b',
    '0',
    '.',
  ])('may be %s', (text) => {
    expect(unclear(text)).toBeUndefined();
  });

  const HIDDEN =
    '\u202e\u2066\u2069\u200e\u200f\u061c\u2028\u2029\u200b\u2060\ufeff\u00ad\u034f' +
    '\u115f\u3164\ufdd0\ufffe\u{1ffff}\u{10ffff}\u0378\ue000\u{f0000}\u{e0001}' +
    '\u{e0041}\u{e007f}\u2063\ufff9' +
    // Joiners and variants that belong to no spelling.
    '\u200c\u200d\ufe0f\u{e0101}';
  test.each(Array.from(HIDDEN, named))('must not hide %s', (name, hidden) => {
    for (const text of [`a ${hidden}b`, `🏠 ${hidden}x`, `Ελ ${hidden}ε`]) {
      expect(unclear(text)).toContain(name);
    }
  });

  test.each(['a\u200db', '🏠\u200d', 'a\u200cb', 'علی‌‌رضا', '🏠\ufe0f\ufe0e', 'a\u{e0100}'])(
    'must not have a joiner or variant out of its place: %j',
    (text) => {
      expect(unclear(text)).toMatch(/^must not contain U\+/);
    },
  );

  test.each([' ', '   ', '\u00a0', '\u2003\u3000', '\u2800', '\u2800 \u2800', '\u0301'])(
    'must not be only blank: %j',
    (text) => {
      expect(unclear(text)).toBeDefined();
    },
  );

  test.each([' a', 'a ', '\u00a0é', 'é\u3000'])(
    'must not begin or end with a blank: %j',
    (text) => {
      expect(unclear(text)).toBe('must not begin or end with a blank');
    },
  );

  test.each(['a\u0000b', 'a\nb', 'a\u009bb', 'a\u0085b', '\ud800', 'a\udc00b'])(
    'must not have a control character or half a character: %j',
    (text) => {
      expect(unclear(text)).toBe('must not contain control characters or lone surrogates');
    },
  );
});

test('given every way in, each of these texts is refused, and what is stored is still read', () => {
  const { name, description, reference, metadata, email } = clientTexts;
  for (const text of ['x\u202ey', '\u2067', ' ', 'x\ufdd0']) {
    for (const schema of [name, description, reference]) {
      expect(schema.safeParse(text).success).toBe(false);
    }
    expect(metadata.safeParse({ key: text }).success).toBe(false);
    expect(email.safeParse(`a${text}@b.example`).success).toBe(false);
    expect(storedTexts.description.parse(text)).toBe(text);
  }
});
