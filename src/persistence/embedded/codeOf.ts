/** The code of an error of Node: `ENOENT`, `EACCES`. */
export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
