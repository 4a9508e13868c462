using System;

namespace MiniJit.IR.Interpretation;

/// <summary>
/// Everything about an instruction that its value semantics depend on besides the values of its operands.
/// </summary>
/// <param name="Opcode">The opcode.</param>
/// <param name="Type">Type of the result, or of the first of two. For opcodes without a result, of the first operand.</param>
/// <param name="Source">
/// Type of the operand that tells the shape of the input: what is converted, extended, compared, narrowed, taken a lane from.
/// The same as <paramref name="Type"/> for plain lane-wise arithmetic.
/// </param>
/// <param name="Immediate">Condition code or lane number.</param>
/// <param name="Mask">Of shuffle: 16 bytes, byte 0 least significant.</param>
/// <param name="Trap">Trap code of uadd_overflow_trap.</param>
internal readonly record struct Operation(Opcode Opcode, IrType Type, IrType Source, byte Immediate = 0, UInt128 Mask = default, TrapCode Trap = default)
{
    /// <summary>Lane-wise arithmetic in one type.</summary>
    public static Operation Simple(Opcode opcode, IrType type) => new(opcode, type, type);

    /// <summary>The operation of an instruction whose operands and results are values.</summary>
    public static Operation Of(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        ref InstructionData data = ref dfg[inst];
        ReadOnlySpan<Value> args = dfg.Args(inst);
        IrType source = args.IsEmpty ? default : Fixed(dfg.TypeOf(args[SourceOperand(data.Opcode)]));
        Value result = dfg.FirstResult(inst);
        IrType type = result.IsNone ? source : Fixed(dfg.TypeOf(result));
        return data.Format switch
        {
            InstructionFormat.IntCompare or InstructionFormat.FloatCompare or InstructionFormat.BinaryImm8 or InstructionFormat.TernaryImm8 =>
                new(data.Opcode, type, source, (byte)data.Aux),
            InstructionFormat.Shuffle => new(data.Opcode, type, source, Mask: function.ImmediateBits(data.Mask)),
            InstructionFormat.IntAddTrap => new(data.Opcode, type, source, Trap: data.TrapCode),
            _ => new(data.Opcode, type, source),
        };
    }

    /// <summary>Dynamic vectors have scale 1 everywhere but in name: the type itself, or a dynamic vector's base.</summary>
    public static IrType Fixed(IrType type) => type.IsDynamicVector ? type.DynamicToVector() : type;

    // The operand after a condition; otherwise the first one.
    private static int SourceOperand(Opcode opcode) => opcode is Opcode.Select or Opcode.SelectSpectreGuard ? 1 : 0;
}
