using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Backend.X64;

/// <summary>x86-64 with a set of ISA extensions.</summary>
public sealed class X64Target : Target
{
    /// <summary>Describes a target.</summary>
    /// <param name="triple">Its architecture must be x86-64.</param>
    /// <param name="settings">Shared settings.</param>
    /// <param name="isa">Extensions that the code may use; they must exist where it runs.</param>
    public X64Target(TargetTriple triple, SharedSettings settings, X64Settings isa)
        : base(triple, settings) => Isa = isa;

    /// <summary>Extensions that the code may use.</summary>
    public X64Settings Isa { get; }

    /// <summary>This machine, with everything its processor has.</summary>
    /// <param name="settings">Shared settings.</param>
    public static X64Target Host(SharedSettings settings) => new(TargetTriple.Host, settings, new X64Settings(X64Settings.HostFeatures));

    /// <inheritdoc/>
    public override bool RunsOnHost(out string reason)
    {
        bool isX64 = TargetTriple.Host.Architecture == TargetArchitecture.X64;
        reason = !isX64 ? $"this machine is {TargetTriple.Host.ArchitectureName}"
            : Isa.RunOnHost ? ""
            : $"this processor lacks {Isa.MissingOnHost()}";
        return reason.Length == 0;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Disassemble(CompiledCode code) => Disassembler.Format(code);

    internal override IsaCompiler CreateCompiler() => new X64Compiler(this);
}

/// <summary>Lowering and emission for one context.</summary>
internal sealed class X64Compiler(X64Target target) : IsaCompiler
{
    private readonly X64LowerContext _lowering = new(target.Settings, target.Isa, target.LibraryCallConv);
    private readonly X64Emitter _emitter = new();
    private readonly X64CodePrinter _printer = new();

    public override VCode Code => _lowering.Code;

    public override MachineEnvironment Environment => Abi.EnvironmentOf(_lowering.Function.Signature.CallConv, target.Settings);

    public override string? Lower(Function function, ReadOnlySpan<Block> reversePostorder, LoopForest loops)
    {
        if (!_lowering.Run(function, reversePostorder, loops))
        {
            return _lowering.Error;
        }

        AssertFeatures();
        return null;
    }

    public override void Emit(AllocationResult allocation, CompiledCode output)
    {
        SharedSettings settings = target.Settings;
        CallConv convention = _lowering.Function.Signature.CallConv;
        FrameLayout frame = _lowering.FrameFor(allocation);
        frame.CalleeSaves = allocation.Written & Abi.CalleeSaved(convention, settings);
        frame.FloatSaveSize = 16;
        frame.ProbeSymbol = settings.EnableProbestack && settings.ProbestackStrategy == ProbestackStrategy.Outline
            ? _lowering.Symbol(ExternalName.Library(LibCall.Probestack)) + 1
            : 0;
        frame.Compute();
        _emitter.Emit(Code, allocation, frame, _lowering.Constants, _lowering.JumpTables, _lowering.Symbols.Span, output);
    }

    public override void WriteVCode(StringBuilder text) => _printer.Write(Code, _lowering.Symbols.Span, text);

    // A processor that runs the tests usually has more than the target was told of, so running the code would not show it.
    [Conditional("DEBUG")]
    private void AssertFeatures()
    {
        foreach (ref readonly MachineInst inst in Code.Insts.Span)
        {
            X64Form form = (X64Form)inst.Form;
            Debug.Assert(!InstructionTable.IsEncoded(form) || (InstructionTable.Row(form).Needs & ~target.Isa.Features) == 0, $"{form} is beyond the target");
        }
    }
}
