/** `perfwright profile ...`: takes profiles of running programs; shows and converts those of any origin. */
import { ExitCode } from '#base/errors.js'
import { profileKinds } from '#profile/take/index.js'
import { profileFormats } from '#profile/write/index.js'
import type { Command } from '../../command.js'
import { diff } from './diff.js'
import { dump } from './dump.js'
import { convert, show } from './files.js'
import { leak, snapshot } from './snapshot.js'
import { take } from './take.js'
import { top } from './top.js'

export const profileCommand: Command = {
  name: 'profile',
  summary: 'profile a running Node, Python or Go program; show and convert profiles',
  async run(argv, io) {
    const [first, ...rest] = argv
    if (first === undefined || first === '--help' || first === '-h' || rest.includes('--help')) {
      io.stdout.write(HELP)
      return ExitCode.ok
    }
    if (first === 'show') return show(rest, io)
    if (first === 'convert') return convert(rest, io)
    if (first === 'diff') return diff(rest, io)
    if (first === 'top') return top(rest, io)
    if (first === 'snapshot') return snapshot(rest, io)
    if (first === 'leak') return leak(rest, io)
    if (first === 'dump') return dump(rest, io)
    return take(argv, io)
  },
}

const HELP = `Profiles a running program, and shows and converts profiles.

Usage: perfwright profile --pid PID [flags]
       perfwright profile --url URL [flags]
       perfwright profile [flags] -- COMMAND ...
       perfwright profile top --pid PID [--kind cpu|wall|lock] [--every 2s] [--duration TIME]
       perfwright profile dump --pid PID [--json]
       perfwright profile snapshot --pid PID [-o FILE]
       perfwright profile leak BEFORE.heapsnapshot AFTER.heapsnapshot [-n ROWS] [--json]
       perfwright profile show FILE [-n ROWS] [--value TYPE] [--json] [--open]
       perfwright profile convert FILE OUT [--to FORMAT] [--value TYPE]
       perfwright profile diff BEFORE AFTER [-n ROWS] [--json] [--fail-on regressed]
       perfwright profile diff --before A --before B ... --after C --after D ...

Takes a profile without a change to the program: of Node by the inspector (opened by SIGUSR1, closed again), of Python by
py-spy (pip install py-spy), of Go by its net/http/pprof.

Flags:
      --pid PID         the process
      --url URL         its inspector (http://127.0.0.1:9229) or its pprof (http://127.0.0.1:6060)
      --kind KIND       ${profileKinds.join(', ')} (default cpu)
      --duration TIME   30s, 2m (default 30s)
      --rate HZ         samples a second (default 100)
      --py-spy PATH     where py-spy is (default: on the PATH)
      --native          Python: the stacks of C extensions too; dearer
  -o, --out DIR         where the profile goes (default .perfwright/profiles/<time>-<kind>)
  -n, --limit N         rows of the table (default 30)
      --json            the table as JSON
  -h, --help            this text
Flags of convert:
      --to FORMAT       ${profileFormats.join(', ')} (default: by the name of OUT)

show --open shows the flame graph in a browser: one page that needs no network. FILE may be a folder that perfwright
wrote, a pprof file (Go, Pyroscope, py-spy), a .cpuprofile or .heapprofile of V8, a speedscope file, collapsed
stacks (py-spy record -f raw, async-profiler, stackcollapse), what cProfile wrote (python -m cProfile -o FILE), or
the text of perf script: told apart by its content.
The line in the table stands below the fewest functions that hold 80 % of the resource.

diff compares what each function costs a request (or a second), by a permutation test over the profiles of each side,
corrected for the number of functions; it takes at least 4 a side, each from a fresh start, and says so when there are fewer.

Exit codes: 0; 30 --fail-on regressed found one; 32 it could not tell; 2 usage; 34 the program cannot be profiled; 35 it ended or was stopped before the time was up (what was
taken is kept).

Examples:
  perfwright profile --pid 4242 --duration 10s
  perfwright profile top --pid 4242
  perfwright profile dump --pid 4242
  perfwright profile --kind heap -- node server.js
  perfwright profile show CPU.20261122.cpuprofile
  perfwright profile convert cpu.pb.gz cpu.speedscope.json
  perfwright profile convert cpu.pb.gz flame.html
`
