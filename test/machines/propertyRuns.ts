/** How often each property is tried; more with TROUPE_PROPERTY_RUNS. A failure prints its seed and its path. */
export const propertyRuns = (): number => Number(process.env.TROUPE_PROPERTY_RUNS ?? 200)
