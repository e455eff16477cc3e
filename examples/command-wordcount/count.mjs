import { createInterface } from 'node:readline'

// A batch is a line, and so is its answer.
for await (const line of createInterface({ input: process.stdin })) {
  const { id, items } = JSON.parse(line)
  console.log(JSON.stringify({ id, results: items.map(countWords) }))
}

/** Words are made of letters and apostrophes. Of several that are longest, the first. */
function countWords(text) {
  const words = text.toLowerCase().match(/[a-z']+/g) ?? []
  return { words: words.length, longest: words.reduce((longest, word) => (word.length > longest.length ? word : longest), '') }
}
