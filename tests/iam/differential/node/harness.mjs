// Answers cases with @cloud-copilot/iam-simulate: a JSON line in, a JSON line out, in order.
// A case is written as `xsfn decide` takes it, except that a role session's role may have a path.
import { createInterface } from 'node:readline'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const named = (prefix, policies) => policies.map((policy, index) => ({ name: `${prefix}${index}`, policy }))

// This engine takes one session policy; several grant what their statements grant together.
const joined = (policies) => ({
  ...policies[0],
  Statement: policies.flatMap((policy) => policy.Statement),
})

function simulationOf(question) {
  const { principal, action, resource, resourceAccount, context } = question.request
  const simulation = {
    request: {
      principal: principal === '*' ? anonymousPrincipal : principal,
      action,
      resource: { resource, accountId: resourceAccount },
      contextVariables: context,
    },
    identityPolicies: named('identity', question.identityPolicies),
    serviceControlPolicies: question.serviceControlPolicies.map((level, index) => ({
      orgIdentifier: `level${index}`,
      policies: named(`scp${index}-`, level),
    })),
    resourceControlPolicies: [],
  }
  if (question.resourcePolicy) simulation.resourcePolicy = question.resourcePolicy
  if (question.permissionBoundaries.length)
    simulation.permissionBoundaryPolicies = named('boundary', question.permissionBoundaries)
  if (question.sessionPolicies.length) simulation.sessionPolicy = joined(question.sessionPolicies)
  return simulation
}

const namesEveryone = (statement) =>
  !statement.isPrincipalStatement() || statement.principals().some((principal) => principal.isWildcardPrincipal())

function answerOf(response, isRole) {
  if (response.resultType === 'error') return { error: JSON.stringify(response.errors) }
  if (response.resultType === 'wildcard') return { error: 'taken for a question about several resources' }
  const { analysis, ignoredContextKeys } = response.result
  const allows = analysis.resourceAnalysis?.allowStatements ?? []
  return {
    outcome: response.overallResult,
    ignored: ignoredContextKeys,
    direct: allows.some((allow) => allow.principalMatch === 'Match' && (!isRole || namesEveryone(allow.statement))),
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const question = JSON.parse(line)
    answer = answerOf(await runSimulation(simulationOf(question), {}), question.request.principal.includes(':role/'))
  } catch (error) {
    answer = { error: String(error) }
  }
  if (!process.stdout.write(JSON.stringify(answer) + '\n'))
    await new Promise((resolve) => process.stdout.once('drain', resolve))
}
