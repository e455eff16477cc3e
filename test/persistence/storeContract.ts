import { afterAll, beforeAll, describe } from 'vitest'
import { forkContract } from './contract/fork.ts'
import { historyContract } from './contract/history.ts'
import { journalContract } from './contract/journal.ts'
import { requestsContract } from './contract/requests.ts'
import { restoreContract } from './contract/restore.ts'
import { runsContract } from './contract/runs.ts'
import { unconfirmedContract } from './contract/unconfirmed.ts'
import type { Contract, Subject } from './contract/subject.ts'

const PARTS = {
  runs: runsContract,
  journal: journalContract,
  restore: restoreContract,
  unconfirmed: unconfirmedContract,
  fork: forkContract,
  history: historyContract,
  requests: requestsContract,
}

/**
 * What every store must do, whatever it keeps its data in.
 * `open` is called once: each test makes runs of its own, so that a database may be used for all of them.
 */
export function storeContract(name: string, open: () => Promise<Subject>): void {
  describe(`${name} store`, () => {
    let subject: Subject
    let another: ReturnType<Subject['another']> | undefined
    beforeAll(async () => {
      subject = await open()
    })
    afterAll(() => subject.close())

    const contract: Contract = {
      get store() {
        return subject.store
      },
      another: () => (another ??= subject.another()),
    }
    describe.each(Object.entries(PARTS))('%s', (_part, contractOf) => {
      contractOf(contract)
    })
  })
}
