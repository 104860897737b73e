// Answers policy cases (docs/policy-cases.md) with @cloud-copilot/iam-simulate, which
// the user installed; this file uses its documented interface only.
//   node driver.mjs DIR [free]   cases on stdin, one a line; one answer a line on stdout
// DIR holds node_modules. With "free" the request is taken as it stands; without, the
// evaluator validates the policies and leaves out keys that the action does not have.
//   node driver.mjs DIR bench    times two decisions, in Go's benchmark format
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'

const [dir, mode] = process.argv.slice(2)
const evaluator = createRequire(join(resolve(dir), 'driver.js'))('@cloud-copilot/iam-simulate')

const named = (list, prefix) => (list ?? []).map((policy, i) => ({ name: `${prefix}${i}`, policy }))
const levels = (list) => (list ?? []).map((docs, i) => ({ orgIdentifier: `level-${i}`, policies: named(docs, `p${i}-`) }))

// The evaluator adds RCPFullAWSAccess to every level by itself and refuses it as input.
const isFullAccess = (doc) => doc.Statement?.length === 1 && doc.Statement[0].Effect === 'Allow' && doc.Statement[0].Action === '*'
const denies = (list) => (list ?? []).map((docs) => docs.filter((d) => !isFullAccess(d)))

// simulation turns a case into the evaluator's input.
function simulation(c) {
  const s = {
    request: {
      principal: c.request.principal,
      action: c.request.action,
      resource: { resource: c.request.resource.arn, accountId: c.request.resource.accountId },
      contextVariables: c.request.context ?? {},
    },
    identityPolicies: named(c.identityPolicies, 'identity-'),
    serviceControlPolicies: levels(c.scps),
    resourceControlPolicies: levels(denies(c.rcps)),
  }
  if (c.request.resource.policy) s.resourcePolicy = c.request.resource.policy
  if (c.permissionBoundary) s.permissionBoundaryPolicies = [{ name: 'boundary', policy: c.permissionBoundary }]
  if (c.sessionPolicy) s.sessionPolicy = c.sessionPolicy
  if (c.vpcEndpointPolicies?.length > 0) s.vpcEndpointPolicies = named(c.vpcEndpointPolicies, 'endpoint-')
  if (c.request.s3BlockPublicAccess) s.additionalSettings = { s3: { blockPublicAccess: true } }
  return s
}

async function answer(line) {
  try {
    const s = simulation(JSON.parse(line))
    if (mode === 'free') return { answer: evaluator.runUnsafeSimulation(s, {}) }
    const r = await evaluator.runSimulation(s, {})
    if (r.resultType === 'error') return { error: JSON.stringify(r.errors) }
    return { answer: r.overallResult }
  } catch (e) {
    return { error: String(e) }
  }
}

if (mode === 'bench') {
  for (const line of readFileSync(0, 'utf8').split('\n').filter((l) => l !== '')) {
    const c = JSON.parse(line)
    const s = simulation(c)
    const once = () => evaluator.runUnsafeSimulation(s, {})
    if (once() !== c.expected) throw new Error(`${c.id}: got ${once()}, want ${c.expected}`)
    for (let i = 0; i < 200; i++) once()
    let count = 0
    const start = process.hrtime.bigint()
    let spent = 0n
    while (spent < 300_000_000n) {
      for (let i = 0; i < 20; i++) once()
      count += 20
      spent = process.hrtime.bigint() - start
    }
    console.log(`BenchmarkParseDecide${c.id}-${availableParallelism()} ${count} ${Number(spent) / count} ns/op`)
  }
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(line)) + '\n')
  }
}
