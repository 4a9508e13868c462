#!/usr/bin/env bash
# An AArch64 Linux host: the tool and the runtime's trap tests, built for linux-arm64 and run there, or under qemu on another machine. Compiled
# code is called natively: publication with its cache maintenance, entry, signals and traps are those of src/MiniJit.Runtime on AArch64.
#
#   tests/arm64-host.sh              the filetests, aarch64 natively (x86_64 is skipped by name)
#   tests/arm64-host.sh ARGUMENTS    minijit test filetests ARGUMENTS
#
# The last line is "N passed, N failed". Exit code 77 if there is neither an AArch64 machine nor qemu and a C library for it
# (apt-get install --no-install-recommends qemu-user libc6-arm64-cross libstdc++6-arm64-cross).
set -u
cd "$(dirname "$0")/.."
root=/usr/aarch64-linux-gnu
run=()
if [ "$(uname -m)" != aarch64 ]; then
    command -v qemu-aarch64 > /dev/null || { echo "skipped: qemu-aarch64 is missing"; exit 77; }
    [ -e "$root/lib/libstdc++.so.6" ] || { echo "skipped: libstdc++6-arm64-cross is missing"; exit 77; }
    run=(qemu-aarch64 -L "$root")
    export MINIJIT_LAUNCHER="${run[*]}"                          # worker processes are started in the same way
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
passed=0 failed=0

publish() { dotnet publish "$1" -c Release -r linux-arm64 --self-contained -p:PublishReadyToRun=true -o "$out/$2" -v quiet || { echo "0 passed, 1 failed"; exit 1; }; }
minijit() { timeout 240 "${run[@]}" "$out/cli/minijit" "$@" > "$out/log" 2>&1; }
check() { if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "passed: $2"; else failed=$((failed + 1)); echo "failed: $2"; tail -n 30 "$out/log"; fi; }
count() {
    read -r p f <<< "$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' "$out/log" | tail -n 1)"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
}

publish src/MiniJit.Cli cli
minijit doctor
check $? doctor
grep -E '^(architecture|code memory|synchronising|cache lines|coherence)' "$out/log"

minijit test filetests "$@"
tail -n 12 "$out/log"
count

minijit fuzz --engine native --target aarch64 --seed 1 --count 100
check $? fuzz

minijit stress --seconds 5
check $? "stress, the whole protocol"
grep -E '^(calls|functions|wrong)' "$out/log"

# Without its last step the protocol is wrong everywhere. The child may get wrong results, trap or die, and that is its parent's report; the parent ends with
# 0 or 1.
minijit stress --protocol no-wait --unsafe --seconds 3 --threads 4 --publishers 2
code=$?
[ "$code" -le 1 ] && grep -q '^protocol  *no-wait\|^The process that ran it' "$out/log"
check $? "stress, contained, without waiting"
grep -E '^(calls|wrong|FAILED|good|The process)' "$out/log" | cut -c 1-120 | head -n 4

# The test framework does not start here (it wants OpenSSL); the test program has another way in.
publish tests/MiniJit.Runtime.Tests tests
timeout 240 "${run[@]}" "$out/tests/MiniJit.Runtime.Tests" @plain TrapTests > "$out/log" 2>&1
grep -v '^passed' "$out/log" | tail -n 12
count

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
