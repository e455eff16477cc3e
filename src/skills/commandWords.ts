/** Stands for what is put in at a place. No file has it in its name. */
const PLACE = '\0'

/** Words of a command line that may name files, about as a shell tells them apart. What output is sent to is left out. */
export function shellWords(parts: readonly unknown[]): string[] {
  const text = parts.map((part) => (typeof part === 'string' ? part : PLACE)).join('')
  const words: string[] = []
  let isTarget = false
  for (const [token] of text.matchAll(/(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s;|&()<>`'"\\])+|>+|<+|[;|&()`'"\\]/gs)) {
    if (token.startsWith('>')) isTarget = true
    else if (isTarget) isTarget = token === '|'
    else words.push(token.replaceAll(/\\(.)|'([^']*)'|"((?:\\.|[^"\\])*)"/gs, '$1$2$3'))
  }
  return inputs(words).filter((word) => word !== '' && !word.includes(PLACE))
}

/** Without what a command is told to write to: that changes with each call. */
export const inputs = (words: readonly string[]) => words.filter((word, i) => !OUTPUT.test(words[i - 1] ?? '') && !OUTPUT_IS.test(word))

const OUTPUT = /^(-o|--?(out|output|log)(-?file)?|tee)$/
const OUTPUT_IS = /^--?(out|output|log)(-?file)?=/

/** What a word may name besides itself: the value of an option or a variable, or what it holds as a command line of its own. */
export function withinWord(word: string): string[] {
  const [, value] = /^[\w-]+=(.+)$/s.exec(word) ?? []
  const words = /[\s;|&()<>`]/.test(word) ? shellWords([word]) : []
  return [...(value === undefined ? [] : [value]), ...words]
}
