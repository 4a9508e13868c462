using System.Collections.Generic;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Codegen;

/// <summary>
/// An architecture with its settings: what a function is compiled for. Immutable and shared by threads; a backend's project
/// has the subclass (<c>X64Target</c>).
/// </summary>
public abstract class Target
{
    /// <summary>Describes a target.</summary>
    /// <param name="triple">Architecture, operating system, environment.</param>
    /// <param name="settings">The settings that all targets share.</param>
    protected Target(TargetTriple triple, SharedSettings settings)
    {
        Triple = triple;
        Settings = settings;
    }

    /// <summary>Architecture, operating system, environment.</summary>
    public TargetTriple Triple { get; }

    /// <summary>The settings that all targets share.</summary>
    public SharedSettings Settings { get; }

    /// <summary>The architecture's name as target lines write it.</summary>
    public string Name => Triple.ArchitectureName;

    /// <summary>The type of addresses.</summary>
    public IrType PointerType => IrType.Int(Triple.PointerBits);

    /// <summary>The calling convention of the operating system.</summary>
    public CallConv DefaultCallConv => Triple.DefaultCallConv;

    /// <summary>The convention of library calls that the compiler makes itself.</summary>
    public CallConv LibraryCallConv => Settings.LibcallCallConv switch
    {
        LibcallCallConv.Fast => CallConv.Fast,
        LibcallCallConv.SystemV => CallConv.SystemV,
        LibcallCallConv.WindowsFastcall => CallConv.WindowsFastcall,
        LibcallCallConv.AppleAarch64 => CallConv.AppleAarch64,
        LibcallCallConv.Probestack => CallConv.Probestack,
        LibcallCallConv.PreserveAll => CallConv.PreserveAll,
        _ => DefaultCallConv,
    };

    /// <summary>Whether code for this target runs on this processor; if not, why.</summary>
    /// <param name="reason">What is missing, for a message; empty if nothing.</param>
    public abstract bool RunsOnHost(out string reason);

    /// <summary>The code as text: one line per instruction, labels, relocations and traps as comments.</summary>
    public abstract IReadOnlyList<string> Disassemble(CompiledCode code);

    /// <summary>The mutable part of the backend, one per compile context.</summary>
    internal abstract IsaCompiler CreateCompiler();
}

/// <summary>A backend's half of a compile context: lowers one function at a time and emits it. Reused.</summary>
internal abstract class IsaCompiler
{
    /// <summary>Lowers a function.</summary>
    /// <returns>What is not supported, or null.</returns>
    public abstract string? Lower(Function function, System.ReadOnlySpan<Block> reversePostorder, LoopForest loops);

    /// <summary>The lowered function.</summary>
    public abstract VCode Code { get; }

    /// <summary>The registers to allocate from.</summary>
    public abstract MachineEnvironment Environment { get; }

    /// <summary>Emits the lowered and allocated function.</summary>
    public abstract void Emit(AllocationResult allocation, CompiledCode output);

    /// <summary>The lowered function as text, before allocation.</summary>
    public abstract void WriteVCode(System.Text.StringBuilder text);
}
