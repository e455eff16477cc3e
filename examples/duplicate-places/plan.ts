import { definePlan } from 'troupe'

export default definePlan({
  name: 'duplicate-places',
  variants: { pairwise: './pairwise.ts', blocked: './blocked.ts' },
  input: { file: './places.csv' },
  sync: { mode: 'milestone' },
  synthesize: { module: './compare.ts' },
})
