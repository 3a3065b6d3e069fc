// All pairs of a fault and its healthy twin. A pair:
//   name      of the pair; --only takes parts of it
//   kind      what a diagnosis must find in the faulty run, above `info`
//   place     must match the finding's `where` (as JSON): function, statement, endpoint, resource or host
//   service   node, python or go: the program of that folder
//   fault     FAULT of the service in the faulty run; other ways to plant it:
//   partner   FAULT of the partner (lib/partner.mjs), whom the service calls
//   sql       what is done to the database before the faulty run
//   relay     { at: 'front' | 'database', ... } environment of lib/relay.mjs in the faulty run, by side:
//             between load and service, or between service and database; the healthy twin has the same relay, unhindered
//   load      of lib/loads.mjs; or { faulty, healthy } where the load itself is the fault
//   script    instead of a load: a script of its own, with { faulty, healthy } as its environment
//   uses      postgres, redis, partner: what the service is given
//   observe   those of them that the run is told to watch
//   also      kinds that the fault truly implies as well, each with the reason; anything else is a false alarm
//   core      part of the suite that always runs; the others need --all
import { behaviourPairs } from './pairs/behaviour.mjs'
import { codePairs } from './pairs/code.mjs'
import { databasePairs } from './pairs/database.mjs'
import { networkPairs } from './pairs/network.mjs'

export const pairs = [...codePairs, ...databasePairs, ...networkPairs, ...behaviourPairs]
