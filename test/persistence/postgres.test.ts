import { systemClock } from '../../src/clock.ts'
import { addressOfUrl } from '../../src/persistence/databaseUrl.ts'
import { openPostgresStore } from '../../src/persistence/postgresStore.ts'
import { createDatabase } from '../support/database.ts'
import { storeContract } from './storeContract.ts'

storeContract('PostgreSQL', async () => {
  const { url, drop } = await createDatabase()
  const open = () => openPostgresStore({ address: addressOfUrl(url), clock: systemClock, retryForMs: 1_000 })
  const stores = [await open()]
  return {
    store: stores[0]!,
    async another() {
      const store = await open()
      stores.push(store)
      return store
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()))
      await drop()
    },
  }
})
