// What the skeleton asks of the algebra: conditions, addresses, and which instructions with effects have none.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    /// <summary>Whether a condition is known to be zero or not.</summary>
    public bool TryConstantCondition(Value condition, out bool nonZero)
    {
        bool known = IsConst(condition, out long k);
        nonZero = k != 0;
        return known;
    }

    /// <summary>An i32 constant.</summary>
    public bool TryConstantIndex(Value value, out uint index)
    {
        bool known = IsConst(value, out long k);
        index = (uint)k;
        return known;
    }

    /// <summary>Whether a division cannot trap for any dividend, because of what it divides by. Then it may be moved like what is pure.</summary>
    public bool NeverTraps(in InstructionData data) => data.Opcode switch
    {
        Opcode.Udiv or Opcode.Urem => IsConst(data.Arg1, out long k) && k != 0,
        Opcode.Sdiv or Opcode.Srem => IsConst(data.Arg1, out long k) && k is not (0 or -1),
        _ => false,
    };

    /// <summary>Moves constants from an address into the offset of the access.</summary>
    public bool TryFoldAddress(ref Value address, ref long offset)
    {
        bool folded = false;
        while (_dfg.TypeOf(address) == IrType.I64 && IsWithConst(address, Opcode.Iadd, out Value pointer, out long k) && FitsOffset(offset, k))
        {
            offset += k;
            address = Hit(Rule.FoldOffset, pointer);
            folded = true;
        }

        if (Is(address, Opcode.StackAddr, out InstructionData slot) && slot.Offset != 0 && FitsOffset(offset, slot.Offset))
        {
            offset += slot.Offset;
            address = Hit(Rule.FoldStackOffset, _graph.Intern(slot with { C = 0 }));
            folded = true;
        }

        return folded;
    }

    private static bool FitsOffset(long offset, long k) => k is >= int.MinValue and <= int.MaxValue && offset + k is >= int.MinValue and <= int.MaxValue;
}
