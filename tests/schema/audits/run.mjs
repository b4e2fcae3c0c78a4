// Runs every server audit against the address given and prints one JSON object: which passed, and why the others did not.
import { serverAudits } from 'graphql-http'

const passed = []
const others = {}
for (const audit of serverAudits({ url: process.argv[2], fetchFn: fetch })) {
  const { status, reason } = await audit.fn()
  if (status === 'ok') passed.push(audit.id)
  else others[audit.id] = `${audit.name}: ${reason}`
}
console.log(JSON.stringify({ passed, others }))
