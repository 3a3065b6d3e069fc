/** The reports' languages. A new one is a file beside this and a line here. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import { en } from './en.js'
import { tr } from './tr.js'
import type { Words } from './types.js'

const languages: Readonly<Record<string, Words>> = { en, tr }

export const languageNames: readonly string[] = Object.keys(languages)

/** @throws PW_REPORT_LANGUAGE */
export function wordsOf(language: string): Words {
  const words = Object.hasOwn(languages, language) ? languages[language] : undefined
  if (words !== undefined) return words
  throw new PerfwrightError({
    code: 'PW_REPORT_LANGUAGE',
    message: `There are no reports in "${language}".`,
    where: '--lang',
    fix: `use one of ${languageNames.join(', ')}`,
    exitCode: ExitCode.usage,
  })
}
