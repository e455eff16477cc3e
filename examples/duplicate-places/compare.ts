interface Claim {
  variant: string
  scenario: string
  items: number
  quality: Record<string, number> | null
}

/** A line per claim: places of which exactly the duplicates were found, duplicates that were missed, rows that were taken for one and are none. */
export default (claims: Claim[]) => claims.map((claim) => `${claim.variant}/${claim.scenario}: ${inWords(claim)}`)

function inWords({ items, quality }: Claim): string {
  if (!quality) return 'nothing was judged'
  const count = (name: string) => Math.round((quality[name] ?? 0) * items)
  return `${count('accuracy')} of ${items} right, ${count('missed')} missed, ${count('wrong')} wrong`
}
