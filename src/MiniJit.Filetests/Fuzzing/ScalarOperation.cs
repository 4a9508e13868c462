// The computing opcodes of the opcode table, one entry per combination of operand types. Which of them a target compiles is
// found out by compiling them, so a rule that is added to a backend is fuzzed without further ado.
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Building;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>An opcode without effects on memory or control flow (traps aside), with the types of its operands.</summary>
/// <param name="Opcode">The opcode.</param>
/// <param name="Type">Its controlling type.</param>
/// <param name="Operands">The types of its operands.</param>
internal sealed record ScalarOperation(Opcode Opcode, IrType Type, IrType[] Operands)
{
    private static readonly IrType[] s_narrow = [IrType.I8, IrType.I16, IrType.I32, IrType.I64, IrType.F32, IrType.F64];
    private static readonly IrType[] s_wide = [IrType.I8, IrType.I16, IrType.I32, IrType.I64, IrType.I128, IrType.F32, IrType.F64];

    /// <summary>Whether it may trap.</summary>
    public bool CanTrap => Opcode.Info().Has(OpcodeTraits.CanTrap);

    /// <summary>Whether it may answer with any NaN, so that the bits of the result are not determined.</summary>
    public bool MakesNaN => Opcode is Opcode.Fadd or Opcode.Fsub or Opcode.Fmul or Opcode.Fdiv or Opcode.Fma or Opcode.Sqrt or Opcode.Fmin or Opcode.Fmax
        or Opcode.Ceil or Opcode.Floor or Opcode.Trunc or Opcode.Nearest or Opcode.Fpromote or Opcode.Fdemote;

    /// <summary>Whether the result is the same for all NaN operands.</summary>
    public bool TakesAnyNaN => MakesNaN || Opcode is Opcode.Fcmp or Opcode.FcvtToSint or Opcode.FcvtToUint or Opcode.FcvtToSintSat or Opcode.FcvtToUintSat;

    /// <summary>The types of operands, integers first.</summary>
    /// <param name="wide">Whether 128-bit integers are among them.</param>
    public static IrType[] Types(bool wide) => wide ? s_wide : s_narrow;

    /// <summary>All operations on scalars of up to 64 bits, grouped by opcode. A target that does not compile one of them has a gap.</summary>
    public static ScalarOperation[][] UpTo64Bits() => All(s_narrow, static _ => true);

    /// <summary>All operations on scalars that <paramref name="target"/> compiles, grouped by opcode.</summary>
    public static ScalarOperation[][] SupportedBy(Target target, CompileContext compiler) => All(s_wide, operation => operation.Compiles(target, compiler));

    private static ScalarOperation[][] All(IrType[] types, Predicate<ScalarOperation> isWanted)
    {
        List<ScalarOperation[]> groups = [];
        List<ScalarOperation> group = [];
        foreach (OpcodeInfo info in OpcodeTable.Rows)
        {
            group.Clear();
            foreach (IrType type in info.IsPolymorphic ? types : [default])
            {
                if (IsComputation(info) && (!info.IsPolymorphic || info.AllowsControlling(type)))
                {
                    AddCombinations(info, types, type, new IrType[info.Operands.Length], 0, group);
                }
            }

            group.RemoveAll(operation => !operation.HasResultsAmong(types) || !isWanted(operation));
            if (group.Count > 0)
            {
                groups.Add([.. group]);
            }
        }

        return [.. groups];
    }

    /// <summary>The instruction, with random conditions and trap codes.</summary>
    public InstructionData Make(DataFlowGraph dfg, ReadOnlySpan<Value> args, SplitMix64 random) => Opcode.Info().Format switch
    {
        InstructionFormat.Unary => InstructionData.Unary(Opcode, Type, args[0]),
        InstructionFormat.LoadNoOffset => InstructionData.Load(Opcode, Type, dfg.InternMemFlags(MemFlags.Default), args[0], 0),
        InstructionFormat.Binary => InstructionData.Binary(Opcode, Type, args[0], args[1]),
        InstructionFormat.Ternary => InstructionData.Ternary(Opcode, Type, args[0], args[1], args[2]),
        InstructionFormat.IntCompare => InstructionData.IntCompare(Opcode, Type, (IntCC)random.Below(10), args[0], args[1]),
        InstructionFormat.FloatCompare => InstructionData.FloatCompare(Opcode, Type, (FloatCC)(1 + random.Below(14)), args[0], args[1]),
        InstructionFormat.IntAddTrap => InstructionData.Trap(Opcode, Type, TrapCode.User(1 + random.Below(5)), args[0], args[1]),
        _ => throw new InvalidOperationException($"{Opcode} is not a computation"),
    };

    // Some opcodes are one machine's, and blendv selects lanes: no backend is asked for them on scalars.
    private static bool IsComputation(OpcodeInfo info) =>
        info.Opcode != Opcode.Blendv && !info.Name.StartsWith("x86_", StringComparison.Ordinal)
        && (info.Traits & (OpcodeTraits.Terminator | OpcodeTraits.Call | OpcodeTraits.ReadsMemory | OpcodeTraits.WritesMemory | OpcodeTraits.OtherSideEffect)) == 0
        && (info.Format is InstructionFormat.Unary or InstructionFormat.Binary or InstructionFormat.Ternary or InstructionFormat.IntCompare
            or InstructionFormat.FloatCompare or InstructionFormat.IntAddTrap || info.Opcode == Opcode.Bitcast);

    private static void AddCombinations(OpcodeInfo info, IrType[] types, IrType type, IrType[] operands, int index, List<ScalarOperation> output)
    {
        if (index == operands.Length)
        {
            if (info.Opcode != Opcode.Bitcast || operands[0].Bits == type.Bits)
            {
                output.Add(new(info.Opcode, type, [.. operands]));
            }

            return;
        }

        foreach (IrType operand in types)
        {
            if (TypeRules.Allows(info.Operands[index], type, operand))
            {
                operands[index] = operand;
                AddCombinations(info, types, type, operands, index + 1, output);
            }
        }
    }

    private bool HasResultsAmong(IrType[] types)
    {
        foreach (TypeRule rule in Opcode.Info().Results)
        {
            if (Array.IndexOf(types, TypeRules.Resolve(rule, Type)) < 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool Compiles(Target target, CompileContext compiler)
    {
        Function function = new(ExternalName.Symbol("probe"), CallConv.Tail);
        foreach (IrType operand in Operands)
        {
            function.Signature.Params.Add(new(operand));
        }

        foreach (TypeRule rule in Opcode.Info().Results)
        {
            function.Signature.Returns.Add(new(TypeRules.Resolve(rule, Type)));
        }

        FunctionBuilder builder = new(function);
        Block entry = builder.CreateEntry();
        SplitMix64 random = new(0);
        Inst inst = builder.Emit(Make(function.Dfg, function.Dfg.Params(entry), random));
        builder.Return(function.Dfg.Results(inst));
        builder.Finish();
        return compiler.Compile(function, target) is not null;
    }
}
