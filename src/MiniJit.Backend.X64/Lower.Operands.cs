// The operand kinds that rules hand to instruction constructors.
using System;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.X64;

/// <summary>A memory operand over virtual registers.</summary>
internal readonly record struct Mem(AddressMode Mode, VReg Base, VReg Index, byte Scale, int Disp, int Data, byte Trap)
{
    public static Mem At(VReg address, int disp = 0, byte trap = 0) => new(AddressMode.Base, address, default, 0, disp, 0, trap);

    public static Mem Indexed(VReg address, VReg index, int scale, int disp) => new(AddressMode.BaseIndex, address, index, (byte)scale, disp, 0, 0);

    public static Mem StackSlot(int disp) => new(AddressMode.StackSlot, default, default, 0, disp, 0, 0);

    public static Mem Outgoing(int disp) => new(AddressMode.OutgoingArg, default, default, 0, disp, 0, 0);

    public static Mem Incoming(int disp) => new(AddressMode.IncomingArg, default, default, 0, disp, 0, 0);

    public static Mem Tail(int disp) => new(AddressMode.TailArg, default, default, 0, disp, 0, 0);

    public static Mem FramePointer(int disp) => new(AddressMode.FramePointer, default, default, 0, disp, 0, 0);

    public static Mem SymbolAddress(int symbol, int disp) => new(AddressMode.Symbol, default, default, 0, disp, symbol, 0);

    public static Mem Label(int block) => new(AddressMode.RipLabel, default, default, 0, 0, block, 0);

    public Mem Plus(int disp) => this with { Disp = Disp + disp };
}

/// <summary>A register or memory operand.</summary>
internal readonly record struct RegMem(VReg Reg, Mem Mem)
{
    public bool IsMem => Reg.IsNone;

    public static implicit operator RegMem(VReg register) => new(register, default);

    public static implicit operator RegMem(Mem memory) => new(default, memory);
}

/// <summary>A register, memory or 32-bit sign-extended immediate operand.</summary>
internal readonly record struct RegMemImm(RegMem RegMem, int Imm, bool IsImm)
{
    public static implicit operator RegMemImm(VReg register) => new(register, 0, false);

    public static implicit operator RegMemImm(RegMem operand) => new(operand, 0, false);

    public static implicit operator RegMemImm(int immediate) => new(default, immediate, true);
}

/// <summary>The two conditions of a float comparison that one flag test cannot express.</summary>
internal enum ConditionJoin : byte
{
    /// <summary>Only the first condition counts.</summary>
    One,

    /// <summary>True if either holds.</summary>
    Either,

    /// <summary>True if both hold.</summary>
    Both,
}

/// <summary>Which flags, after a comparison was emitted, mean "true".</summary>
internal readonly record struct FlagTest(ConditionJoin Join, Condition First, Condition Second)
{
    public static implicit operator FlagTest(Condition condition) => new(ConditionJoin.One, condition, condition);

    public FlagTest Negate() => new(
        Join switch
        {
            ConditionJoin.Either => ConditionJoin.Both,
            ConditionJoin.Both => ConditionJoin.Either,
            _ => ConditionJoin.One,
        },
        First.Negate(),
        Second.Negate());
}
