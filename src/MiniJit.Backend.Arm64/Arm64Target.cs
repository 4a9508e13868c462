using System.Collections.Generic;
using System.Text;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Backend.Arm64;

/// <summary>AArch64 with a set of ISA extensions.</summary>
public sealed class Arm64Target : Target
{
    /// <summary>Describes a target.</summary>
    /// <param name="triple">Its architecture must be AArch64.</param>
    /// <param name="settings">Shared settings.</param>
    /// <param name="isa">Extensions that the code may use, and its shape; the extensions must exist where it runs.</param>
    public Arm64Target(TargetTriple triple, SharedSettings settings, Arm64Settings isa)
        : base(triple, settings) => Isa = isa;

    /// <summary>Extensions that the code may use, and its shape.</summary>
    public Arm64Settings Isa { get; }

    /// <inheritdoc/>
    public override bool RunsOnHost(out string reason)
    {
        bool isArm64 = TargetTriple.Host.Architecture == TargetArchitecture.Arm64;
        reason = !isArm64 ? $"this machine is {TargetTriple.Host.ArchitectureName}"
            : Isa.RunOnHost ? ""
            : $"this processor lacks {Isa.MissingOnHost()}";
        return reason.Length == 0;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Disassemble(CompiledCode code) => Disassembler.Format(code);

    internal override IsaCompiler CreateCompiler() => new Arm64Compiler(this);
}

/// <summary>Lowering and emission for one context.</summary>
internal sealed class Arm64Compiler(Arm64Target target) : IsaCompiler
{
    private readonly Arm64LowerContext _lowering = new(target.Settings, target.Isa, target.LibraryCallConv);
    private readonly Arm64Emitter _emitter = new(target.Isa);
    private readonly Arm64CodePrinter _printer = new();

    public override VCode Code => _lowering.Code;

    public override MachineEnvironment Environment => Abi.EnvironmentOf(target.Settings, wide: Code.FloatSpillWords > 1);

    public override string? Lower(Function function, System.ReadOnlySpan<Block> reversePostorder, LoopForest loops) =>
        _lowering.Run(function, reversePostorder, loops) ? null : _lowering.Error;

    public override void Emit(AllocationResult allocation, CompiledCode output)
    {
        CallConv convention = _lowering.Function.Signature.CallConv;
        FrameLayout frame = _lowering.FrameFor(allocation);
        frame.CalleeSaves = Abi.ToSave(convention, target.Settings, allocation.Written, _lowering.HasReturningCalls);
        frame.FloatSaveSize = Abi.FloatSaveSize(convention);
        frame.BlockPadding = (frame.BlockPadding + 3) & -4;    // instructions stay aligned
        frame.Compute();
        frame.IsFrameless = frame.IsEmpty && frame.ArgArea == 0 && !_lowering.HasReturningCalls && !_lowering.UsesFramePointer
            && !target.Settings.PreserveFramePointers;
        _emitter.Emit(Code, allocation, frame, _lowering.Constants, _lowering.JumpTables, _lowering.Symbols.Span, output);
    }

    public override void WriteVCode(StringBuilder text) => _printer.Write(Code, _lowering.Symbols.Span, text);
}
