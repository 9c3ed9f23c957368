// pbac: "AWS IAM Policy inspired and (mostly) compatible". It knows no accounts, so both policies are asked.
import PBAC from 'pbac'
import { serve } from './protocol.mjs'

const asList = (value) => (value === undefined || Array.isArray(value) ? value : [value])

function prepared(policy) {
  const statements = policy.Statement.map((statement) => {
    const changed = { ...statement, Action: asList(statement.Action) }
    if (statement.Resource) changed.Resource = asList(statement.Resource)
    if (statement.Principal) changed.Principal = { AWS: asList(statement.Principal.AWS) }
    return changed
  })
  return new PBAC([{ ...policy, Statement: statements }])
}

function compiled(question) {
  const identity = question.identityPolicies.map(prepared)
  const trust = prepared(question.resourcePolicy)
  const { principal, action, resource, context } = question.request
  const [, , , , account, session] = principal.split(':')
  const role = `arn:aws:iam::${account}:role/${session.split('/')[1]}`
  const nested = {}
  for (const [key, value] of Object.entries(context)) {
    const [prefix, name] = key.split(':')
    nested[prefix] = { ...nested[prefix], [name]: value }
  }
  return () =>
    identity.some((policy) => policy.evaluate({ action, resource, context: nested })) &&
    trust.evaluate({ action, resource, context: nested, principal: { AWS: [role] } })
}

await serve((question) => compiled(question)(), {
  compiled,
  'raw JSON': (question) => {
    const text = JSON.stringify(question)
    return () => compiled(JSON.parse(text))()
  },
})
