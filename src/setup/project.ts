/** The files of a new project: a first script with its types, and what keeps records out of the repository. */
export interface ProjectOptions {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Milliseconds and a share of failures, as the type of service has them. */
  readonly p95Ms: number
  readonly failed: number
  /**
   * Folder of `@types/k6`, relative to the project's; undefined where an editor finds it by itself, in a `node_modules` above.
   */
  readonly typesAt: string | undefined
}

/** Name in the project's folder -> text. */
export function projectFiles({ url, p95Ms, failed, typesAt }: ProjectOptions): Readonly<Record<string, string>> {
  return {
    'smoke.ts': `// Does it work at all, and is one user served in time? Add the requests that matter, each with a check.
//   perfwright run smoke.ts
//   perfwright run smoke.ts -e BASE_URL=https://staging.example.com
import { check, sleep } from 'k6'
import http from 'k6/http'
import type { Options } from 'k6/options'

const baseUrl = __ENV.BASE_URL || ${JSON.stringify(url)}

export const options: Options = {
  vus: 1,
  duration: '10s',
  thresholds: {
    http_req_duration: ['p(95)<${p95Ms}'],
    http_req_failed: ['rate<${failed}'],
    checks: ['rate==1'],
  },
}

export default function smoke() {
  const response = http.get(\`\${baseUrl}/\`, { tags: { name: 'GET /' } })
  check(response, { 'status is 200': (r) => r.status === 200 })
  sleep(0.5)
}
`,
    'tsconfig.json': `${JSON.stringify(
      {
        compilerOptions: {
          target: 'es2022',
          module: 'esnext',
          moduleResolution: 'bundler',
          lib: ['es2022'],
          types: typesAt === undefined ? ['k6'] : [typesAt],
          ...(typesAt === undefined ? {} : { paths: { k6: [typesAt], 'k6/*': [`${typesAt}/*`] } }),
          strict: true,
          noEmit: true,
          skipLibCheck: true,
        },
      },
      null,
      2,
    )}\n`,
  }
}

/** @returns the text with the line, or undefined when it is there already */
export function withIgnored(gitignore: string, line: string): string | undefined {
  if (gitignore.split(/\r?\n/).some((one) => one.trim().replace(/^\/|\/$/g, '') === line.replace(/^\/|\/$/g, '')))
    return undefined
  return `${gitignore === '' || gitignore.endsWith('\n') ? gitignore : `${gitignore}\n`}${line}\n`
}
