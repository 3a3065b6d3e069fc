/** A profile in the format of another tool. A new format is a function here and a line in the table. */
import { ExitCode, PerfwrightError } from '#base/errors.js'
import type { Profile } from '../model.js'
import { renderPage } from '../page/render.js'
import { writePprof } from './pprof.js'
import { writeCollapsed, writeSpeedscope } from './text.js'

const formats: Readonly<
  Record<
    string,
    { readonly ends: RegExp; write(profile: Profile, name: string, value: number): Promise<Uint8Array> | string }
  >
> = {
  pprof: { ends: /\.(pb\.gz|pb|pprof|prof)$/, write: writePprof },
  speedscope: { ends: /\.json$/, write: writeSpeedscope },
  collapsed: { ends: /\.(txt|collapsed|folded|raw)$/, write: (profile, _, value) => writeCollapsed(profile, value) },
  html: { ends: /\.html?$/, write: (profile, name) => renderPage(profile, name) },
}

export const profileFormats: readonly string[] = Object.keys(formats)

/** @throws PW_PROFILE_FORMAT when neither `to` nor the name of the file says which */
export async function writeProfile(
  profile: Profile,
  options: { readonly title: string; readonly out: string; readonly to: string | undefined; readonly value: number },
): Promise<Uint8Array | string> {
  const { title, out, to, value } = options
  const format = to === undefined ? Object.values(formats).find(({ ends }) => ends.test(out)) : formats[to]
  if (format === undefined) {
    throw new PerfwrightError({
      code: 'PW_PROFILE_FORMAT',
      message:
        to === undefined ? `The name "${out}" does not say which format to write.` : `There is no format "${to}".`,
      fix: `use --to ${profileFormats.join(', ')}`,
      exitCode: ExitCode.usage,
    })
  }
  return format.write(profile, title, value)
}
