/** Of a plan or a skill in TypeScript or ESM where package.json names no type of module. It works all the same, and its user has nothing to do. */
const NEEDLESS: ReadonlySet<unknown> = new Set(['MODULE_TYPELESS_PACKAGE_JSON'])

/** Keeps what is of no use to a user from being printed. All other warnings are printed as before, also those of plans and skills. */
export function leaveOutNeedlessWarnings(): void {
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  for (const listener of listeners) {
    process.on('warning', (warning) => {
      if (!NEEDLESS.has((warning as NodeJS.ErrnoException).code)) listener(warning)
    })
  }
}
