/** Questions to the server. What it refuses is thrown with its reason. */
export async function ask<T>(path: string): Promise<T> {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return (await answer.json()) as T
}

export async function tell<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return (await answer.json()) as T
}
