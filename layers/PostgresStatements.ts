/** The tables of a session store in PostgreSQL, and every question that is put to them: one statement each, so each is atomic. */

/** Of a kind that needs no quotes anywhere. */
export const isSchemaName = (name: string): boolean => /^[a-z_][a-z0-9_]{0,62}$/.test(name)

/** In this order, by the one who holds the lock. `COLLATE "C"`: byte by byte, as the driver's contract has it. */
export const definitions = (schema: string): ReadonlyArray<string> => [
  `CREATE SCHEMA IF NOT EXISTS ${schema}`,
  `CREATE TABLE IF NOT EXISTS ${schema}.run (
    run text COLLATE "C" PRIMARY KEY, sequence integer NOT NULL, status text COLLATE "C" NOT NULL,
    finished boolean NOT NULL, sort text COLLATE "C" NOT NULL UNIQUE, head text NOT NULL
  )`,
  `CREATE INDEX IF NOT EXISTS run_by_status ON ${schema}.run (status, sort)`,
  `CREATE INDEX IF NOT EXISTS run_unfinished ON ${schema}.run (sort) WHERE NOT finished`,
  `CREATE TABLE IF NOT EXISTS ${schema}.entry (
    run text COLLATE "C", sequence integer, line text NOT NULL, PRIMARY KEY (run, sequence)
  )`,
  `CREATE TABLE IF NOT EXISTS ${schema}.session (
    run text COLLATE "C", phase text COLLATE "C", record text NOT NULL, PRIMARY KEY (run, phase)
  )`,
  `CREATE TABLE IF NOT EXISTS ${schema}.transcript (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run text COLLATE "C" NOT NULL,
    phase text COLLATE "C" NOT NULL, attempt integer NOT NULL, line text NOT NULL
  )`,
  `CREATE INDEX IF NOT EXISTS transcript_by_attempt ON ${schema}.transcript (run, phase, attempt, id)`
]

const ROW = "run, sequence, status, finished, sort, head"

/** `$1` run, `$2` the sequence that is expected, `$3` to `$7` the rest of the row, `$8` the lines. Answers nothing on a conflict. */
const appending = (schema: string, head: string) => `
  WITH head AS (${head} RETURNING run),
  added AS (
    INSERT INTO ${schema}.entry (run, sequence, line)
    SELECT head.run, $2::integer + added.number, added.line
    FROM head, unnest($8::text[]) WITH ORDINALITY AS added (line, number)
    RETURNING 1
  )
  SELECT count(*) FROM added HAVING count(*) > 0
`

export const statements = (schema: string) => ({
  begin: appending(
    schema,
    `INSERT INTO ${schema}.run (${ROW}) SELECT $1, $3, $4, $5, $6, $7 WHERE $2::integer = 0 ON CONFLICT (run) DO NOTHING`
  ),
  goOn: appending(
    schema,
    `UPDATE ${schema}.run SET sequence = $3, status = $4, finished = $5, sort = $6, head = $7
     WHERE run = $1 AND sequence = $2::integer`
  ),
  read: `
    SELECT entry.line AS text
    FROM ${schema}.run LEFT JOIN ${schema}.entry ON entry.run = run.run AND entry.sequence > $2
    WHERE run.run = $1 ORDER BY entry.sequence
  `,
  row: `SELECT ${ROW} FROM ${schema}.run WHERE run = $1`,
  page: `SELECT ${ROW} FROM ${schema}.run WHERE $1::text IS NULL OR sort < $1 ORDER BY sort DESC LIMIT $2`,
  /** Of each status its newest, so that a rare one is found as quickly as a common one. */
  pageOf: `
    SELECT page.* FROM unnest($3::text[]) AS wanted (status), LATERAL (
      SELECT ${ROW} FROM ${schema}.run
      WHERE status = wanted.status AND ($1::text IS NULL OR sort < $1) ORDER BY sort DESC LIMIT $2
    ) AS page ORDER BY page.sort DESC LIMIT $2
  `,
  unfinished: `SELECT ${ROW} FROM ${schema}.run WHERE NOT finished ORDER BY sort DESC`,
  putSession: `
    INSERT INTO ${schema}.session (run, phase, record) VALUES ($1, $2, $3)
    ON CONFLICT (run, phase) DO UPDATE SET record = excluded.record
  `,
  session: `SELECT record AS text FROM ${schema}.session WHERE run = $1 AND phase = $2`,
  appendTranscript: `
    INSERT INTO ${schema}.transcript (run, phase, attempt, line)
    SELECT $1, $2, $3, line FROM unnest($4::text[]) WITH ORDINALITY AS added (line, number) ORDER BY number
  `,
  transcript: `
    SELECT line AS text FROM ${schema}.transcript WHERE run = $1 AND phase = $2 AND attempt = $3 ORDER BY id
  `,
  remove: `
    WITH entries AS (DELETE FROM ${schema}.entry WHERE run = $1),
    sessions AS (DELETE FROM ${schema}.session WHERE run = $1),
    transcripts AS (DELETE FROM ${schema}.transcript WHERE run = $1)
    DELETE FROM ${schema}.run WHERE run = $1
  `
})
