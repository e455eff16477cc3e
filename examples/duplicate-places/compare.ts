interface Claim {
  kind: 'result' | 'diagnostic'
  variant: string
  scenario: string
  items: number
  quality: Record<string, number> | null
}

/** What the variants found, side by side for each size: places of which exactly the duplicates were found, duplicates missed, rows that are none. */
export default function compare(claims: Claim[]) {
  const scenarios = [...new Set(claims.map(({ scenario }) => scenario))]
  return Object.fromEntries(
    scenarios.map((scenario) => {
      const claimed = claims.filter((claim) => claim.scenario === scenario)
      return [scenario, Object.fromEntries(claimed.map((claim) => [claim.variant, inWords(claim)]))]
    }),
  )
}

function inWords({ items, quality }: Claim): string {
  if (!quality) return 'nothing'
  const count = (name: string) => Math.round((quality[name] ?? 0) * items)
  return `${count('accuracy')} of ${items} right, ${count('missed')} missed, ${count('wrong')} wrong`
}
