using MiniJit.Codegen.Machine;

namespace MiniJit.Codegen.Lowering;

/// <summary>The virtual registers of a value: one, or two for a 128-bit integer (low half first).</summary>
internal readonly record struct ValueRegs(VReg Low, VReg High)
{
    public ValueRegs(VReg only)
        : this(only, default)
    {
    }

    public bool IsNone => Low.IsNone;

    public bool IsPair => !High.IsNone;

    public static implicit operator ValueRegs(VReg register) => new(register);
}
