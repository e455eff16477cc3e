/** A command of ours as it can be pasted into a shell: ids, paths and addresses are quoted where they must be. */
export const troupeCommand = (...words: string[]): string => ['troupe', ...words.map(shellWord)].join(' ')

/** One word of a command. A POSIX shell reads it as the text that it is, whatever the text holds. */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text
  // A terminal shows control characters escaped, so they must be written so.
  if (CONTROL.test(text)) return `$'${text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll(CONTROLS, escaped)}'`
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

const CONTROL = /\p{Cc}/u
const CONTROLS = /\p{Cc}/gu
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
