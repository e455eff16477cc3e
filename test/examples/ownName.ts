import { answerToOurName } from '../../src/itself.ts'

// An example imports `troupe`, which a project that it was copied to has installed; here it is the source.
answerToOurName()
