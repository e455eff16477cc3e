import { readFile } from 'node:fs/promises'

const text = await readFile(new URL('gpl-3.0.txt', import.meta.url), 'utf8')

/** The lines of the text that are not empty. */
export default text.split('\n').filter((line) => line.trim() !== '')
