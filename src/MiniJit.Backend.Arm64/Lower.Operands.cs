// The operand kinds that rules hand to instruction constructors.
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

/// <summary>A memory operand over virtual registers.</summary>
internal readonly record struct Mem(AddressMode Mode, VReg Base, VReg Index, Extend Extend, byte Scale, int Disp, int Data, byte Trap)
{
    public static Mem At(VReg address, int disp = 0, byte trap = 0) => new(AddressMode.Base, address, default, default, 0, disp, 0, trap);

    public static Mem Indexed(VReg address, VReg index, Extend extend, int scale) =>
        new(AddressMode.BaseIndex, address, index, extend, (byte)scale, 0, 0, 0);

    public static Mem StackSlot(int disp) => new(AddressMode.StackSlot, default, default, default, 0, disp, 0, 0);

    public static Mem Outgoing(int disp) => new(AddressMode.OutgoingArg, default, default, default, 0, disp, 0, 0);

    public static Mem Incoming(int disp) => new(AddressMode.IncomingArg, default, default, default, 0, disp, 0, 0);

    public static Mem Tail(int disp) => new(AddressMode.TailArg, default, default, default, 0, disp, 0, 0);

    public static Mem FramePointer(int disp) => new(AddressMode.FramePointer, default, default, default, 0, disp, 0, 0);

    public static Mem Constant(int handle) => new(AddressMode.Constant, default, default, default, 0, 0, handle, 0);

    public Mem Plus(int disp) => this with { Disp = Disp + disp };
}

/// <summary>A register, shifted by a constant.</summary>
internal readonly record struct ShiftedReg(VReg Reg, Shift Shift, int Amount)
{
    public static implicit operator ShiftedReg(VReg register) => new(register, Shift.Lsl, 0);
}

/// <summary>A register, extended and then shifted left by 0 to 4.</summary>
internal readonly record struct ExtendedReg(VReg Reg, Extend Extend, int Amount);

/// <summary>The two conditions of a float comparison that one condition code cannot express.</summary>
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
