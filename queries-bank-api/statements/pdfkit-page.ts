import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as fontkit from 'fontkit';
import type { Font } from 'fontkit';
import PDFDocument from 'pdfkit';

/** Points, 72 to the inch; A4 is 595.28 x 841.89. */
export const MARGIN = 48;
export const WIDTH = 595.28 - 2 * MARGIN;
export const BOTTOM = 841.89 - 64;
const INK = '#1b2430';
const GREY = '#66707d';
const RULE = '#d5dae0';
const SHADE = '#f3f5f8';

/** Where a page begins. */
export const TOP = 44;

type Weight = 'regular' | 'bold';
export interface Style {
  readonly size: number;
  readonly weight?: Weight;
  readonly colour?: string;
  readonly align?: 'left' | 'right';
}

export const NOTE: Style = { size: 7.5, colour: GREY };
export const HEADER: Style = { size: 7, colour: GREY };

const SIZE_MIN = 5;
const SIZE_STEP = 0.5;
/** Shown for a character that the font does not have or that cannot be set right. */
export const UNKNOWN = '\u25a1';
const SHAPELESS = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** Written from the right: the library would set their words in the wrong order. */
const FROM_THE_RIGHT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Nko}]/u;

// PDF's own fonts know only Western European letters, so DejaVu is embedded, as far as it is used.
function opened(name: string): Font {
  const found = createRequire(path.resolve('package.json')).resolve(
    'dejavu-fonts-ttf/package.json',
  );
  return fontkit.create(readFileSync(path.join(path.dirname(found), 'ttf', name))) as Font;
}
const FONT_FILES = {
  regular: 'DejaVuSansCondensed.ttf',
  bold: 'DejaVuSansCondensed-Bold.ttf',
} as const;
const fonts = new Map<Weight, Font>();
/** Read and parsed once: that costs more than a short statement. */
function fontOf(weight: Weight): Font {
  const font = fonts.get(weight) ?? opened(FONT_FILES[weight]);
  fonts.set(weight, font);
  return font;
}

/** A PDF document with the few things that a statement draws. */
export class Pages {
  readonly document: PDFKit.PDFDocument;
  /** Whether a character had to be shown as UNKNOWN. */
  hasUnknown = false;
  private readonly chunks: Buffer[] = [];

  constructor(info: PDFKit.DocumentInfo) {
    // Without a first font: one that equals a registered one would be prepared at every use.
    const first = null as unknown as string;
    const options = { size: 'A4', margin: 0, bufferPages: true, pdfVersion: '1.7', info } as const;
    this.document = new PDFDocument({ ...options, lang: 'en', font: first });
    // The library takes a parsed font too, which its types do not know.
    this.document.registerFont('regular', fontOf('regular') as never);
    this.document.registerFont('bold', fontOf('bold') as never);
    this.document.on('data', (chunk: Buffer) => this.chunks.push(chunk));
  }

  /** Writes text into a column and gives its height. */
  write(text: string, x: number, y: number, width: number, style: Style): number {
    const shown = this.styled(text, style);
    const options = { width, align: style.align ?? 'left', lineGap: 1 } as const;
    this.document.text(shown, x, y, options);
    return this.document.y - y;
  }

  height(text: string, width: number, style: Style): number {
    return this.document.heightOfString(this.styled(text, style), { width, lineGap: 1 });
  }

  /** Writes one line to the right, smaller where it would not fit. */
  figure(text: string, x: number, y: number, width: number, style: Style): void {
    let { size } = style;
    for (; size > SIZE_MIN; size -= SIZE_STEP) {
      const shown = this.styled(text, { ...style, size });
      if (this.document.widthOfString(shown) <= width) break;
    }
    const shown = this.styled(text, { ...style, size });
    const drop = (style.size - size) * 0.8;
    const left = style.align === 'left' ? x : x + width - this.document.widthOfString(shown);
    this.document.text(shown, left, y + drop, { lineBreak: false });
  }

  rule(y: number, colour = RULE, width = 0.5): void {
    this.document.moveTo(MARGIN, y).lineTo(MARGIN + WIDTH, y);
    this.document.lineWidth(width).strokeColor(colour).stroke();
  }

  box(y: number, height: number): void {
    this.document.rect(MARGIN, y, WIDTH, height).fill(SHADE);
  }

  /** Draws on every page, when their number is known; gives the file. */
  async finished(onEach: (page: number, pages: number) => void): Promise<Buffer> {
    const { count } = this.document.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      this.document.switchToPage(page);
      onEach(page + 1, count);
    }
    const ended = new Promise((resolve) => this.document.once('end', resolve));
    this.document.end();
    await ended;
    return Buffer.concat(this.chunks);
  }

  private styled(text: string, { size, weight = 'regular', colour = INK }: Style): string {
    this.document.font(weight).fontSize(size).fillColor(colour);
    const font = fontOf(weight);
    const shown = [...text].map((character) => {
      const isKnown = font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
      const isFit = !SHAPELESS.test(character) && !FROM_THE_RIGHT.test(character);
      return isKnown && isFit ? character : UNKNOWN;
    });
    if (shown.includes(UNKNOWN) && !text.includes(UNKNOWN)) this.hasUnknown = true;
    return shown.join('');
  }
}
