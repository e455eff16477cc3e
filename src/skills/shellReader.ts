type Frame = 'program' | 'single' | 'double' | 'arithmetic' | 'expansion' | 'list' | 'backticks'

/** What a place in a shell's text would be read as, where that is a program and no word. */
export type Danger = 'arithmetic' | 'a test of variables' | 'the name or index of a variable'

/** Stands for a place in the words that are read. */
const HERE = '\u0001'

const NAMING = new Set(['let', 'unset', 'read', 'getopts', 'mapfile', 'readarray'])
const DECLARING = new Set(['declare', 'typeset', 'local', 'export', 'readonly'])
/** Words after which a command begins. */
const BEFORE_COMMAND = /^(!|\{|then|else|elif|do|if|while|until|time|command|builtin|[A-Za-z_]\w*\+?=.*)$/s
const PLAIN_EXPANSION = /^#?(\w+|[@*#?$!-])(:?[-+=?]|##?|%%?|\/|\^|,)/
/** A place that may bring options with it. */
const OPTION = new RegExp(`^[-+]?\\w*${HERE}`)
const ASSIGNED = /^[A-Za-z_]\w*\+?=/

/**
 * Reads a shell's text as bash does, so far as to say what stands where: `/bin/sh` is bash on many systems. There a value in arithmetic, in a test of
 * variables or as the name of one is evaluated once more, also when it comes from an environment variable: `a[$(touch x)]` runs `touch x`.
 */
export class ShellReader {
  readonly #frames: { kind: Frame; words: string[]; word: string; parens: number }[] = [newFrame('program')]
  #blind = ''

  /** In what quotes the end of the text stands. Within `$(…)` they begin anew; in a comment there are none. */
  get quote(): 'none' | 'single' | 'double' {
    const around = this.#frames.findLast(({ kind }) => kind !== 'expansion' && kind !== 'arithmetic')!.kind
    return around === 'single' || around === 'double' ? around : 'none'
  }

  /** Reads a place. @returns `null` where it is a word or a part of one. */
  place(): Danger | null {
    const danger = this.#danger()
    this.#words.word += HERE
    return danger
  }

  read(text: string) {
    this.#blind += text
    for (let i = 0; i < text.length; i++) i = this.#step(text, i)
  }

  get #frame() {
    return this.#frames.at(-1)!
  }

  /** The command that is being read: quotes belong to its words. */
  get #words() {
    return this.#frames.findLast(({ kind }) => kind !== 'single' && kind !== 'double')!
  }

  #step(text: string, i: number): number {
    const character = text[i]!
    const frame = this.#frame
    if (frame.kind === 'single') {
      if (character === "'") this.#frames.pop()
      else this.#words.word += character
      return i
    }
    if (character === '\\') {
      if (text[i + 1] !== '\n') this.#words.word += text[i + 1] ?? ''
      return i + 1
    }
    if (character === '"') {
      if (frame.kind === 'double') this.#frames.pop()
      else this.#frames.push(newFrame('double'))
      return i
    }
    if (character === '$' && text.startsWith('((', i + 1)) return this.#push('arithmetic', i + 2)
    if (character === '$' && text[i + 1] === '[') return this.#push('arithmetic', i + 1)
    if (character === '$' && text[i + 1] === '(') return this.#push('program', i + 1)
    if (character === '$' && text[i + 1] === '{') return this.#push('expansion', i + 1)
    if (character === '`') return this.#backtick(i)
    if (frame.kind === 'double') {
      this.#words.word += character
      return i
    }
    if (frame.kind === 'expansion' && character === '}') return this.#pop(i)
    if (frame.kind === 'arithmetic') return this.#inArithmetic(text, i)
    if (character === "'" && this.quote === 'none') {
      this.#frames.push(newFrame('single'))
      return i
    }
    if (frame.kind === 'expansion') frame.word += character
    else return this.#inProgram(text, i)
    return i
  }

  #backtick(at: number): number {
    const open = this.#frames.findLastIndex(({ kind }) => kind === 'backticks')
    if (open < 0) return this.#push('backticks', at)
    this.#frames.length = open
    return at
  }

  #inArithmetic(text: string, i: number): number {
    const frame = this.#frame
    if (text[i] === '(' || text[i] === '[') frame.parens++
    else if (text[i] === ')' || text[i] === ']') {
      if (frame.parens > 0) frame.parens--
      else return this.#pop(text.startsWith('))', i) ? i + 1 : i)
    }
    return i
  }

  #inProgram(text: string, i: number): number {
    const character = text[i]!
    const frame = this.#frame
    if (character === '#' && frame.word === '') {
      const end = text.indexOf('\n', i)
      return end < 0 ? text.length : end - 1
    }
    if (character === '(') {
      if (text[i + 1] === '(' && frame.word === '' && (frame.words.length === 0 || frame.words.at(-1) === 'for'))
        return this.#push('arithmetic', i + 1)
      return this.#push(frame.word.endsWith('=') ? 'list' : 'program', i)
    }
    if (character === ')') return this.#frames.length > 1 ? this.#pop(i) : i
    if (/[;&|\n]/.test(character)) {
      frame.word = ''
      frame.words = []
    } else if (/\s/.test(character)) this.#endWord()
    else frame.word += character
    return i
  }

  #endWord() {
    const { words, word } = this.#frame
    if (word !== '' && (words.length > 0 || !BEFORE_COMMAND.test(word))) words.push(word)
    this.#frame.word = ''
  }

  #push(kind: Frame, at: number): number {
    this.#words.word += '$'
    this.#frames.push(newFrame(kind))
    return at
  }

  #pop(at: number): number {
    this.#frames.pop()
    return at
  }

  #danger(): Danger | null {
    if (this.#frames.some(({ kind }) => kind === 'arithmetic') || isOpen(this.#blind)) return 'arithmetic'
    const { kind, words, word } = this.#words
    if (kind === 'expansion') return PLAIN_EXPANSION.test(word) ? null : 'the name or index of a variable'
    if (kind === 'list') return word.startsWith('[') && !word.includes(']') ? 'the name or index of a variable' : null
    const [command = '', ...others] = words
    const last = others.at(-1) ?? ''
    if (command === '[[') return 'a test of variables'
    if ((command === '[' || command === 'test') && (/^-[vR]$/.test(last) || last.includes(HERE))) return 'a test of variables'
    if (command === 'let') return 'arithmetic'
    if (NAMING.has(command)) return 'the name or index of a variable'
    if (command === 'printf' && (last === '-v' || word.startsWith('-v'))) return 'the name or index of a variable'
    if (DECLARING.has(command) && (!ASSIGNED.test(word) || others.some((each) => /^[-+]\w*[aAin]/.test(each) || OPTION.test(each))))
      return 'the name or index of a variable'
    return command === '' && /^[A-Za-z_]\w*\[[^\]]*$/.test(word) ? 'the name or index of a variable' : null
  }
}

/** Whether arithmetic is open at the end, whatever the quotes seem to be: those of a text that is read on (`<<`) are easily misread. */
function isOpen(text: string): boolean {
  const from = text.lastIndexOf('$((')
  return from >= 0 && !text.includes('))', from)
}

const newFrame = (kind: Frame) => ({ kind, words: [] as string[], word: '', parens: 0 })
