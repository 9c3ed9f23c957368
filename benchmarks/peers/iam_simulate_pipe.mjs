// @cloud-copilot/iam-simulate as a program for a pipe: a JSON line in, a JSON line with its explanation out.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

let answers = []
const flush = () => {
  process.stdout.write(answers.join(''))
  answers = []
}
for await (const line of createInterface({ input: process.stdin })) {
  const { request, identityPolicies, resourcePolicy } = JSON.parse(line)
  const { principal, action, resource, resourceAccount, context } = request
  const response = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: resourceAccount },
        contextVariables: context,
      },
      identityPolicies: identityPolicies.map((policy, index) => ({ name: `identity${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy,
    },
    {},
  )
  answers.push(JSON.stringify({ outcome: response.overallResult, explanation: response.result.analysis }) + '\n')
  if (answers.length >= 100) flush()
}
flush()
