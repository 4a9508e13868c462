#!/usr/bin/env bash
# Windows without Windows: the tool and the runtime's tests, built for win-x64 and run under Wine. Memory, publication, traps
# and the windows_fastcall convention are those of src/MiniJit.Runtime on Windows; only the system beneath is not.
#
#   tests/wine.sh                    all filetests (functions without a convention are windows_fastcall there)
#   tests/wine.sh ARGUMENTS          minijit test filetests ARGUMENTS
#
# The last line is "N passed, N failed". Exit code 77 if there is no Wine (apt-get install --no-install-recommends wine64 wine).
set -u
cd "$(dirname "$0")/.."
command -v wine > /dev/null || { echo "skipped: wine is missing"; exit 77; }
out=$(mktemp -d)
export WINEPREFIX=$out/prefix WINEDEBUG=-all DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
trap 'wineserver -k 2> /dev/null; rm -rf "$out"' EXIT
passed=0 failed=0

# The CLR maps its own code twice as well, and under Wine it dies when it frees dynamic methods (which reflection makes) in that mode.
export DOTNET_EnableWriteXorExecute=0

# An exception that passes through native frames of the CLR leaves Wine's list of exception frames with one that is gone, and the next
# structured exception of that thread (the CLR's compiler uses them) jumps into the void. Reflection has such frames unless it emits its calls; tests
# are called by reflection, and a test that is skipped throws.
emit_invoke() { sed -i 's/"configProperties": {/&\n      "Switch.System.Reflection.ForceEmitInvoke": true,/' "$1"; }

publish() { dotnet publish "$1" -c Release -r win-x64 --self-contained -o "$out/$2" -v quiet || { echo "0 passed, 1 failed"; exit 1; }; }
check() { if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $2"; tail -n 30 "$out/log"; fi; }
minijit() { timeout 120 wine "$out/cli/minijit.exe" "$@" > "$out/log" 2>&1; }

publish src/MiniJit.Cli cli
minijit doctor
check $? doctor
minijit stress --threads 2 --seconds 2
check $? stress
grep -E '^(calls|functions|wrong)' "$out/log"

minijit test filetests "$@"
tail -n 20 "$out/log"
read -r p f <<< "$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' "$out/log" | tail -n 1)"
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))

publish tests/MiniJit.Runtime.Tests tests
emit_invoke "$out/tests/MiniJit.Runtime.Tests.runtimeconfig.json"
timeout 300 wine "$out/tests/MiniJit.Runtime.Tests.exe" --no-progress --no-ansi > "$out/log" 2>&1
code=$?
grep -a -A 12 '^failed' "$out/log"
grep -a -A 1 '^skipped' "$out/log" | sed -n 's/^  /skipped: /p' | sort | uniq -c
tail -n 6 "$out/log"
count() { sed -n "s/^ *$1: *\([0-9][0-9]*\).*/\1/p" "$out/log" | tail -n 1; }
p=$(count succeeded) f=$(count failed)
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
[ $code = 0 ] || [ "${f:-0}" != 0 ] || failed=$((failed + 1))

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
