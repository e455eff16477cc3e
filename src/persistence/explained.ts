import { DatabaseFailedError, DatabaseLostError, DatabaseRightsError, TroupeError } from '../errors.ts'
import { classifyDatabaseError, codeOf } from './connection.ts'

/**
 * Whatever the database says reaches the caller as an error of ours, which says what to do.
 *
 * @param gone The directory in which the data were, where it is there no more.
 */
export function explained<T extends object>(gone: () => string | null, store: T): T {
  const wrapped = Object.entries(store).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value]
    const call = (...args: unknown[]) => {
      const answer: unknown = value(...args)
      return answer instanceof Promise ? answer.catch((error: unknown) => Promise.reject(explain(error, gone()))) : answer
    }
    return [name, call]
  })
  return Object.fromEntries(wrapped) as T
}

function explain(error: unknown, gone: string | null): unknown {
  const code = codeOf(error)
  if (error instanceof TroupeError || !(error instanceof Error)) return error
  if (code === '42501') {
    const hint = 'Let the owner of the schema grant it to the role of the URL: docs/database.md has the statements'
    return new DatabaseRightsError(`The database does not allow it: ${error.message}`, hint, error)
  }
  const kind = classifyDatabaseError(error)
  if (kind === 'connection' || (gone !== null && kind !== 'data')) return new DatabaseLostError(null, error, gone)
  return kind !== 'other' || /^[0-9A-Z]{5}$/.test(code) ? new DatabaseFailedError(error) : error
}
