// Bluesky's own servers on free ports: a PDS, on which people write, and the AppView, which counts and is read.
// Prints their addresses as one line of JSON, and runs until SIGTERM.
// Needs DB_POSTGRES_URL and REDIS_HOST.
import { TestNetwork } from '@atproto/dev-env'

const network = await TestNetwork.create({ dbPostgresSchema: 'contract' })
process.once('SIGTERM', () => network.close().finally(() => process.exit()))
process.stdout.write(JSON.stringify({ pds: network.pds.url, appview: network.bsky.url }) + '\n')
