// The allocator's whole view of a machine instruction: its operands. The model is that of regalloc2
// (see the design notes in its documentation): early/late positions and a constraint per operand.
using System.Diagnostics;

namespace MiniJit.Codegen.Machine;

/// <summary>Whether the instruction reads or writes the register.</summary>
internal enum OperandKind : byte
{
    Use,
    Def,
}

/// <summary>
/// When, within the instruction: <see cref="Early"/> is before it acts, <see cref="Late"/> after. A use is normally
/// early and a def late, so the two may share a register; a late use or an early def is live through the whole instruction.
/// </summary>
internal enum OperandPos : byte
{
    Early,
    Late,
}

internal enum ConstraintKind : byte
{
    /// <summary>A register or a spill slot, whichever is cheaper (the encoder copes with both).</summary>
    Any,

    /// <summary>Any register of the class.</summary>
    Reg,

    /// <summary>One physical register.</summary>
    Fixed,

    /// <summary>A def that must be in the register of the input operand with this index (two-address code).</summary>
    Reuse,
}

/// <summary>Where an operand may live.</summary>
internal readonly record struct Constraint(ConstraintKind Kind, byte Payload)
{
    public static Constraint Any => new(ConstraintKind.Any, 0);

    public static Constraint Reg => new(ConstraintKind.Reg, 0);

    public static Constraint Fixed(PReg register) => new(ConstraintKind.Fixed, register.Number);

    public static Constraint Reuse(int input) => new(ConstraintKind.Reuse, (byte)input);

    public PReg Register
    {
        get
        {
            Debug.Assert(Kind == ConstraintKind.Fixed);
            return new PReg(Payload);
        }
    }

    /// <summary>Index of the reused input among the operands of the same instruction.</summary>
    public int ReusedInput
    {
        get
        {
            Debug.Assert(Kind == ConstraintKind.Reuse);
            return Payload;
        }
    }
}

/// <summary>One register mention of one machine instruction: all the allocator ever knows about it. 8 bytes.</summary>
internal readonly record struct Operand(VReg Reg, OperandKind Kind, OperandPos Pos, Constraint Constraint)
{
    public static Operand Use(VReg v) => new(v, OperandKind.Use, OperandPos.Early, Constraint.Reg);

    public static Operand UseAny(VReg v) => new(v, OperandKind.Use, OperandPos.Early, Constraint.Any);

    public static Operand UseLate(VReg v) => new(v, OperandKind.Use, OperandPos.Late, Constraint.Reg);

    public static Operand UseFixed(VReg v, PReg p) => new(v, OperandKind.Use, OperandPos.Early, Constraint.Fixed(p));

    public static Operand Def(VReg v) => new(v, OperandKind.Def, OperandPos.Late, Constraint.Reg);

    public static Operand DefAny(VReg v) => new(v, OperandKind.Def, OperandPos.Late, Constraint.Any);

    public static Operand DefEarly(VReg v) => new(v, OperandKind.Def, OperandPos.Early, Constraint.Reg);

    public static Operand DefFixed(VReg v, PReg p) => new(v, OperandKind.Def, OperandPos.Late, Constraint.Fixed(p));

    public static Operand DefReusing(VReg v, int input) => new(v, OperandKind.Def, OperandPos.Late, Constraint.Reuse(input));

    public override string ToString() => Constraint.Kind switch
    {
        ConstraintKind.Fixed => $"{Kind} {Reg}@{Constraint.Register} {Pos}",
        ConstraintKind.Reuse => $"{Kind} {Reg} reuse({Constraint.ReusedInput}) {Pos}",
        _ => $"{Kind} {Reg} {Constraint.Kind} {Pos}",
    };
}
