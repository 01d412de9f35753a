#!/usr/bin/env bash
# The short forms of all bars, one after the other; each prints rows of JSON. About twenty minutes in all.
# Nothing else should run meanwhile: figures from a busy machine tell of the machine.
set -uo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$(readlink -f "$0")")/../scripts/setup.sh"
setup requirements-dev.txt
cd "$repo" || exit 1

status=0
bench() {
    echo "# bench/$*" >&2
    local script=$1
    shift
    "$python" "bench/$script" "$@" || status=1
}

bench timetags.py
bench encode.py
bench patterns.py
bench parallel.py 400 1600
bench dispatch.py
bench render.py
bench hour.py --minutes 5
bench start.py 3
bench load.py 10
bench reload.py 50
bench onsets.py --seconds 20 --settle 20
bench peers.py --seconds 20 --settle 20
bench protocol.py --rounds 5
bench floods.py
bench offsets.py --probes 2000
bench gossip.py --seeds 200
bench tls.py --rounds 3
bench grid.py --settle 20 --seconds 20 --only undelayed
bench lateness.py --seconds 15
bench back.py --kills 2
bench band.py --seconds 20
bench clock_step.py --after 5
bench soak.py --seconds 120 --warm 40
bench main_job.py --seconds 30
bench shell.py
bench generators.py start gateway forty
bench rehearsals.py 16
bench history.py 200000
bench jobs.py --short
bench scores.py
bench score_fuzz.py 5000
bench score_live.py --rounds 10 --edits 5
bench attack.py 15
bench monkey.py --actions 2000
exit "$status"
