import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A command in a page, and the lines that the page shows of its output, without those that stand for others. */
export interface Shown {
  page: string
  command: string
  lines: string[]
}

/** Every `$ command` in the text blocks of a page, in order. */
export async function transcriptsOf(page: string): Promise<Shown[]> {
  const text = await readFile(join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(/^```text\n([\s\S]*?)^```/gm)].map(([, block]) => block!)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command, ...lines] = part.split('\n')
        return { page, command: command!, lines: lines.filter((line) => line.trim() !== '' && !/^…$|^\[.*\]$/.test(line.trim())) }
      }),
  )
}

const DURATION = /\d+(\.\d+)? ?(µs|ms|s|min|h)\b( \d+ (s|min|h)\b)?/g

/** A line without what differs from run to run: ids, instants, durations, numbers, the machine, and how wide a column is. */
export function shapeOf(line: string): string {
  return line
    .replace(/(?<=[a-z]-)[0-9a-z]{8}\b/g, 'ID')
    .replace(/\d\d:\d\d:\d\d/g, 'TIME')
    .replace(/process \d+ on \S+/g, 'process N on HOST')
    .replace(/\S*\/\.troupe/g, 'DIR/.troupe')
    .replace(DURATION, 'DURATION')
    .replace(/\d+(\.\d+)?/g, 'N')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Lines that the page shows and no output has, in the words of the page. */
export function missingIn(output: string, lines: readonly string[]): string[] {
  const said = output.split('\n').map(shapeOf)
  return lines.filter((line) => {
    const [start, end] = shapeOf(line).split('…')
    return !said.some((each) => (end === undefined ? each === start : each.startsWith(start!) && each.endsWith(end)))
  })
}
