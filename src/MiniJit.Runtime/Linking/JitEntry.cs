// How a function is replaced while threads execute it. No published instruction is ever changed: callers jump to a stub that never
// changes, the stub loads an address from a slot in data memory and jumps there, and the slot is what is swapped, by one release store.
//
//   1. the new version is published like any other code: its memory, this machine's plan, all cores synchronised;
//   2. the slot is swapped. From here on every call goes to the new version; calls that loaded the slot before are on their way into the old one;
//   3. the old version is freed by its module: its memory is given to others when every thread that was inside of compiled code has left it.
// Step 2 is the last of step 1's plan if the module publishes and replaces at once (JitModule.TryPublish).
using System;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Linking;

/// <summary>
/// A function whose code can be replaced while it is being called: an address that stays, behind which one version after the
/// other stands. Thread-safe; replacements of one entry are ordered by who comes last.
/// </summary>
public sealed class JitEntry
{
    private readonly CodeHeap _heap;
    private readonly JitData _slot;
    private JitFunction? _target;

    internal JitEntry(CodeHeap heap, JitFunction stub, JitData slot, JitFunction? target)
    {
        _heap = heap;
        Function = stub;
        _slot = slot;
        _target = target;
    }

    /// <summary>What is called: a jump to whatever version is current. It has an address once its module is published, and keeps it.</summary>
    public JitFunction Function { get; }

    /// <summary>The current version; null if the entry leads to an address that was imported.</summary>
    public JitFunction? Target => Volatile.Read(ref _target);

    /// <summary>Lets calls go to another function from now on.</summary>
    /// <param name="target">A published function of the same signature.</param>
    /// <returns>The version before: free it through its module, which waits for the threads that are inside.</returns>
    /// <exception cref="InvalidOperationException">One of the two is not published.</exception>
    public JitFunction? Redirect(JitFunction target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return Swap(target, target.Address);
    }

    internal JitFunction? Swap(JitFunction target, nint address)
    {
        lock (_slot)
        {
            JitFunction? before = _target;
            Volatile.Write(ref _target, target);
            _heap.Memory.StoreRelease(Function.Block!.Arena.Mapping, (ulong)_slot.Address, (ulong)address);
            return before;
        }
    }

    /// <summary>The stub: a jump through the slot of this name.</summary>
    internal static CompiledCode WriteStub(MachineTraits machine, ExternalName slot)
    {
        CompiledCode code = new() { CodeSize = machine.EntryStub.Length };
        code.Buffer.AddRange(machine.EntryStub);
        foreach ((int offset, RelocationKind kind, long addend) in machine.EntryRelocations)
        {
            code.RelocationTable.Add(new(offset, kind, slot, addend));
        }

        return code;
    }
}

/// <summary>A version that takes the place of the one before.</summary>
/// <param name="Entry">A published entry.</param>
/// <param name="Function">A function that the module is about to publish.</param>
public readonly record struct EntryReplacement(JitEntry Entry, JitFunction Function);
