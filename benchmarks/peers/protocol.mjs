// The same protocol as protocol.py, for engines from npm.
import { createInterface } from 'node:readline'

async function rate(work, seconds) {
  await work()
  const first = performance.now()
  await work()
  const atOnce = Math.max(1, Math.min(1000, Math.floor(20 / Math.max(performance.now() - first, 1e-4))))
  let done = 0
  const began = performance.now()
  let spent = 0
  while (spent < seconds * 1000) {
    for (let turn = 0; turn < atOnce; turn++) {
      const result = work()
      if (result instanceof Promise) await result
    }
    done += atOnce
    spent = performance.now() - began
  }
  return (done / spent) * 1000
}

export async function serve(allows, ways) {
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line)
    let answer
    try {
      if (message.do === 'ways') answer = { ways: Object.keys(ways) }
      else if (message.do === 'answer') answer = { allowed: await allows(message.question) }
      else answer = { rate: await rate(ways[message.way](message.question), message.seconds) }
    } catch (error) {
      answer = { error: String(error) }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}
