/** The HTML report of a record. */
import type { RunRecord } from '#record/index.js'
import { wordsOf } from '../words/index.js'
import { collectPage } from './collect.js'
import { renderReportPage } from './render.js'

/** @throws PW_REPORT_LANGUAGE */
export async function* htmlReport(
  record: RunRecord,
  { language }: { readonly language: string },
): AsyncIterable<string> {
  const words = wordsOf(language)
  yield renderReportPage(await collectPage(record, language, words))
}
