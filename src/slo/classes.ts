/** The recommended objectives by type of service, and what may be promised on a measured baseline. */
import { sloByService } from '#plan/questions.js'
import { type ServiceType, serviceTypes } from '#plan/schema.js'
import { seconds, share } from '#plan/units.js'

export interface ServiceClass {
  readonly type: ServiceType
  readonly title: string
  readonly p95Ms: number
  readonly p99Ms: number
  /** 0..1 */
  readonly availability: number
}

const titles: Readonly<Record<ServiceType, string>> = {
  'user-facing-api': 'User-facing API',
  'internal-api': 'Internal API',
  database: 'Database query',
  'background-job': 'Background job',
  'real-time-api': 'Real-time API',
}

export const serviceClasses: readonly ServiceClass[] = serviceTypes.map((type) => {
  const { p95 = '', p99 = '', availability = '' } = sloByService[type]
  return {
    type,
    title: titles[type],
    p95Ms: seconds(p95) * 1000,
    p99Ms: seconds(p99) * 1000,
    availability: share(availability),
  }
})
