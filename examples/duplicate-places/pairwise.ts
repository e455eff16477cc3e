import { search, type Context, type Place } from './search.ts'

/** Compares every place of the batch with every place of the scenario. */
export default (places: Place[], context: Context) => search(places, context, () => places.keys())
