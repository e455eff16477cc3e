import type { RunFigures } from './figures.ts'
export type Report = RunFigures
export const makeReport = (figures: RunFigures): Report => figures
