// @cloud-copilot/iam-simulate. Its validated entry point explains as it goes, so there is no rate without explanation.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { loadPolicy } from '@cloud-copilot/iam-policy'
import { serve } from './protocol.mjs'

// The core isn't exported: it is loaded by its file.
const entry = createRequire(import.meta.url).resolve('@cloud-copilot/iam-simulate')
const inside = (path) => import(join(dirname(entry), '..', 'esm', path))
const { authorize } = await inside('core_engine/CoreSimulatorEngine.js')
const { AwsRequestImpl } = await inside('request/request.js')
const { RequestContextImpl } = await inside('requestContext.js')
const { DiscoveryContextKeyConstraints } = await inside('context_keys/discoveryContextKeyConstraints.js')

function simulationOf(question) {
  const { principal, action, resource, resourceAccount, context } = question.request
  return {
    request: {
      principal,
      action,
      resource: { resource, accountId: resourceAccount },
      contextVariables: context,
    },
    identityPolicies: question.identityPolicies.map((policy, index) => ({ name: `identity${index}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: question.resourcePolicy,
  }
}

async function raw(text) {
  const response = await runSimulation(simulationOf(JSON.parse(text)), {})
  if (response.resultType !== 'single') throw new Error(JSON.stringify(response))
  return response.overallResult
}

function compiled(question) {
  const { principal, action, resource, resourceAccount, context } = question.request
  const identityPolicies = question.identityPolicies.map((policy) => loadPolicy(policy, { name: 'identity' }))
  const resourcePolicy = loadPolicy(question.resourcePolicy, { name: 'trust' })
  const simulationParameters = {
    simulationMode: 'Strict',
    discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
  }
  return () =>
    authorize({
      request: new AwsRequestImpl(
        principal,
        { resource, accountId: resourceAccount },
        action,
        new RequestContextImpl(context),
        false,
      ),
      identityPolicies,
      resourcePolicy,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      simulationParameters,
      serviceSettings: { s3: {} },
    }).result
}

await serve(async (question) => (await raw(JSON.stringify(question))) === 'Allowed', {
  compiled,
  'raw JSON': (question) => {
    const text = JSON.stringify(question)
    return () => raw(text)
  },
})
