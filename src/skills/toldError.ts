/** The error that somebody tells of in JSON: a text, or an object with `message` and, where it says so, `class`, `code` and `retryAfterMs`. */
export function toldError(told: unknown): Error {
  if (told instanceof Error) return told
  if (typeof told !== 'object' || told === null) return new Error(typeof told === 'string' ? told : JSON.stringify(told))
  const { message, class: errorClass, code, status, retryAfterMs } = told as Record<string, unknown>
  const error = new Error(typeof message === 'string' ? message : JSON.stringify(told))
  // What class it is of, if it says so; and when to try again. `classify` decides as for any other error.
  return Object.assign(error, { class: errorClass, code, retryAfterMs, ...(status !== undefined && { status }) })
}
