/** The thread's entry: nothing but the connection, so that it starts fast. */
import { type MessagePort, workerData } from 'node:worker_threads'
import { serve } from './body.js'

serve((workerData as { port: MessagePort }).port)
