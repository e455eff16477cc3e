import { stripVTControlCharacters, styleText } from 'node:util'
import { printable } from '../../printable.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Where text goes to. `width`: columns, 40 to 200. */
export interface Page {
  width: number
  paint(style: Style, text: string): string
  /** In lines of the page, each in the style. */
  wrapped(text: string, style?: Style, indents?: { first?: string; indent?: string }): string[]
}

const NARROWEST = 40
const WIDEST = 200

export function page({ width = 80, colour = false }: { width?: number; colour?: boolean } = {}): Page {
  const columns = Math.min(WIDEST, Math.max(NARROWEST, Math.floor(width)))
  const paint = (style: Style, text: string) => (colour && text !== '' ? styleText(style, text, { validateStream: false }) : text)
  return {
    width: columns,
    paint,
    wrapped(text, style, indents) {
      const lines = wrap(text, { width: columns, ...indents })
      return style ? lines.map((line) => paint(style, line)) : lines
    },
  }
}

/** In columns: marks and combined characters count once, wide ones (CJK, emoji) twice. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** Breaks at spaces, and words that are longer than a line wherever it ends. What follows the first line is indented by `indent`. */
export function wrap(text: string, { width, first = '', indent = '' }: { width: number; first?: string; indent?: string }): string[] {
  const lines: string[] = []
  const room = width - Math.max(widthOf(first), widthOf(indent))
  for (const paragraph of plain(text).split('\n')) {
    let line = lines.length === 0 ? first : indent
    let empty = true
    for (const word of paragraph.split(' ').flatMap((each) => cut(each, room))) {
      if (!empty && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line)
        line = indent + word
        continue
      }
      line += empty ? word : ` ${word}`
      empty = false
    }
    lines.push(line)
  }
  return lines
}

/** At most `width` columns of it, with a mark where something is missing. */
export function shorten(text: string, width: number): string {
  const flat = plain(text).replaceAll(/\s+/g, ' ').trim()
  if (widthOf(flat) <= width) return flat
  return `${cut(flat, width - 1)[0] ?? ''}…`
}

/** Texts of skills may hold anything. Tabs would break the columns. */
const plain = (text: string) => printable(text).replaceAll('\t', ' ')

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u

function cut(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word]
  const pieces: string[] = []
  let piece = ''
  for (const { segment } of graphemes.segment(word)) {
    if (widthOf(piece + segment) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += segment
  }
  return [...pieces, piece]
}
