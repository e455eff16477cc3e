/** The module whose `openInput` opens a scenario's input where a skill runs. Sources run as they are, a built package from the root of `dist`. */
export const ITEMS_MODULE = new URL(import.meta.url.endsWith('.ts') ? '../input/input.ts' : './input/input.js', import.meta.url).href
