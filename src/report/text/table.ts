import { shorten, widthOf, type Page } from './lines.ts'

export interface Column<Row> {
  title: string
  /** Numbers and times are aligned at their right. */
  align?: 'left' | 'right'
  cell: (row: Row) => string
}

const GAP = '  '

/**
 * Rows under titles, in aligned columns. Where they are wider than the page, the columns that do not fit follow in a further table, beside the
 * first column again: every line says whose it is, and no line is longer than the page.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], page: Page): string[] {
  const [key, ...others] = columns.map((column) => laidOut(column, rows, page.width))
  if (!key) return []
  return pages(key, others, page.width).flatMap((columnsHere, index) => {
    const titles = page.paint('dim', line(columnsHere.map(({ title }) => title)))
    return [...(index === 0 ? [] : ['']), titles, ...rows.map((_row, r) => line(columnsHere.map(({ cells }) => cells[r]!)))]
  })
}

const line = (cells: readonly string[]) => cells.join(GAP).trimEnd()

interface LaidOut {
  title: string
  cells: string[]
  width: number
}

function laidOut<Row>({ title, align = 'left', cell }: Column<Row>, rows: readonly Row[], pageWidth: number): LaidOut {
  const most = Math.floor((pageWidth - GAP.length) / 2)
  const texts = [title, ...rows.map(cell)].map((text) => shorten(text, most))
  const width = Math.max(...texts.map(widthOf))
  const [first, ...cells] = texts.map((text) => {
    const fill = ' '.repeat(width - widthOf(text))
    return align === 'left' ? text + fill : fill + text
  })
  return { title: first!, cells, width }
}

function pages(key: LaidOut, others: readonly LaidOut[], pageWidth: number): LaidOut[][] {
  const all: LaidOut[][] = [[key]]
  let used = key.width
  for (const column of others) {
    const last = all.at(-1)!
    if (used + GAP.length + column.width <= pageWidth || last.length === 1) {
      last.push(column)
      used += GAP.length + column.width
    } else {
      all.push([key, column])
      used = key.width + GAP.length + column.width
    }
  }
  return all
}
