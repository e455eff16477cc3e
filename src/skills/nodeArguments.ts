/** Node's options that say how modules are found and loaded: a skill's process needs them as its host does. */
const ABOUT_LOADING = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C', '--env-file'])

/**
 * Node's own arguments for a skill's process.
 *
 * @param hostArguments What the host was started with (`process.execArgv`).
 * @param memoryLimitMb Of resident memory, MB. The heap gets less: the rest is Node itself and young objects, and a heap that may fill all of it
 *   would be collected too late. `null`: as much as Node allows.
 */
export function nodeArguments(hostArguments: readonly string[], memoryLimitMb: number | null): string[] {
  // A skill in a directory without a type of module in its package.json works as it is: the host does not warn of it either.
  const kept = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON']
  for (let i = 0; i < hostArguments.length; i++) {
    const argument = hostArguments[i]!
    if (ABOUT_LOADING.has(argument)) kept.push(argument, hostArguments[++i] ?? '')
    else if (ABOUT_LOADING.has(argument.split('=', 1)[0]!)) kept.push(argument)
  }
  if (memoryLimitMb !== null) kept.push(`--max-old-space-size=${Math.max(Math.floor(memoryLimitMb / 2), memoryLimitMb - 96)}`)
  return kept
}
