// The names of the operand column, each a register with field, role and view, or something else that an instruction has one of. Rows
// are text, like the diagrams beside them: the six hundred lists cost far less to read than their code costs to compile at start-up.
using System;
using static MiniJit.Backend.Arm64.OperandSpec;
using static MiniJit.Backend.Arm64.RegisterField;
using static MiniJit.Backend.Arm64.RegisterView;

namespace MiniJit.Backend.Arm64;

internal static class OperandNames
{
    private static readonly (string Name, OperandSpec Operand)[] s_names =
    [
        // By field, width by the form's size unless the name says otherwise.
        ("Rd", Def(Rd, General)), ("RdSp", Def(Rd, GeneralSp)), ("RdTied", Tied(Rd, General)), ("Rt", Use(Rd, General)), ("Rn", Use(Rn, General)),
        ("RnSp", Use(Rn, GeneralSp)), ("Rm", Use(Rm, General)), ("Ra", Use(Ra, General)), ("Wd", Def(Rd, W)), ("Wn", Use(Rn, W)), ("Wm", Use(Rm, W)),
        ("Xd", Def(Rd, X)), ("Xn", Use(Rn, X)), ("Xm", Use(Rm, X)), ("Xa", Use(Ra, X)), ("XtUse", Use(Rd, X)), ("RdLane", Def(Rd, GeneralByLane)),
        ("RnLane", Use(Rn, GeneralByLane)), ("RtLane", Use(Rd, GeneralByLane)), ("Rt2Lane", Use(Ra, GeneralByLane)),
        ("Rt2LaneDef", Def(Ra, GeneralByLane)), ("RsLane", Use(Rm, GeneralByLane)), ("RsLaneTied", Tied(Rm, GeneralByLane)),
        ("Status", Register(Rm, RegisterRole.EarlyDef, W)), ("Transfer", Register(Rd, RegisterRole.ByAccess, X)), ("Transfer2", Register(Ra, RegisterRole.ByAccess, X)),
        ("Fd", Def(Rd, Float)), ("Fn", Use(Rn, Float)), ("Fm", Use(Rm, Float)), ("Fa", Use(Ra, Float)), ("Hd", Def(Rd, H)), ("Sd", Def(Rd, S)),
        ("Dd", Def(Rd, D)), ("VdHigh", Tied(Rd, HighHalf)), ("VnHigh", Use(Rn, HighHalf)),

        // Vectors (V), and their elements as scalars (E).
        ("Vd", Def(Rd, Vector)), ("VdTied", Tied(Rd, Vector)), ("VdUpper", Register(Rd, RegisterRole.TiedIfUpper, Vector)),
        ("VdNarrowUpper", Register(Rd, RegisterRole.TiedIfUpper, VectorNarrow)), ("VdFull", Def(Rd, VectorFull)), ("VdWide", Def(Rd, VectorWide)),
        ("VdWideTied", Tied(Rd, VectorWide)), ("VdPairwise", Def(Rd, VectorPairwise)), ("VdPairwiseTied", Tied(Rd, VectorPairwise)),
        ("VdBytes", Def(Rd, VectorBytes)), ("VdBytesTied", Tied(Rd, VectorBytes)), ("VdElem", Tied(Rd, VectorElement)), ("Vn", Use(Rn, Vector)),
        ("VnFull", Use(Rn, VectorFull)), ("VnWide", Use(Rn, VectorWide)), ("VnNarrow", Use(Rn, VectorNarrow)), ("VnBytes", Use(Rn, VectorBytes)),
        ("VnTwo", Use(Rn, VectorTwo)), ("VnElem", Use(Rn, VectorElement)), ("VnElemSource", Use(Rn, VectorElementSource)), ("Vm", Use(Rm, Vector)),
        ("VmWide", Use(Rm, VectorWide)), ("VmBytes", Use(Rm, VectorBytes)), ("VmElem", Use(Rm, VectorElement)),
        ("VmBytesElem", Use(Rm, VectorBytesElement)), ("Ed", Def(Rd, ScalarByLane)), ("EdTied", Tied(Rd, ScalarByLane)),
        ("EdWide", Def(Rd, ScalarByLaneWide)), ("EdWideTied", Tied(Rd, ScalarByLaneWide)), ("En", Use(Rn, ScalarByLane)),
        ("EnWide", Use(Rn, ScalarByLaneWide)), ("Em", Use(Rm, ScalarByLane)), ("Dn", Use(Rn, D)),

        // Lists of as many registers as stand in parentheses.
        ("LoadList", List(Rd, RegisterRole.Def, Vector)), ("StoreList", List(Rd, RegisterRole.Use, Vector)), ("LoadElems", List(Rd, RegisterRole.Tied, VectorElement)),
        ("StoreElems", List(Rd, RegisterRole.Use, VectorElement)), ("TableList", List(Rn, RegisterRole.Use, VectorBytesFull)),

        // Everything else.
        ("Imm12", A64OperandKind.Imm12), ("Bitmask", A64OperandKind.BitmaskImm), ("Imm16Shifted", A64OperandKind.Imm16Shifted),
        ("Imm16", A64OperandKind.Imm16), ("Bitfield", A64OperandKind.Bitfield), ("Lsb", A64OperandKind.ExtractLsb),
        ("Shifted", A64OperandKind.Shifted), ("Rotated", A64OperandKind.Rotated), ("Extended", A64OperandKind.Extended),
        ("Imm5", A64OperandKind.Imm5), ("FloatImm8", A64OperandKind.FloatImm8), ("Nzcv", A64OperandKind.Nzcv), ("Cond", A64OperandKind.Condition),
        ("Address", A64OperandKind.AddressBase), ("PostBytes", A64OperandKind.AddressPostBytes), ("PostRegister", A64OperandKind.AddressPostRegister),
        ("Zero", A64OperandKind.IntZero), ("Left", A64OperandKind.ShiftLeft), ("Right", A64OperandKind.ShiftRight),
        ("ByLane", A64OperandKind.ShiftByLane), ("MoveImm", A64OperandKind.VectorMoveImm), ("LogicalImm", A64OperandKind.VectorLogicalImm),
        ("PlainImm", A64OperandKind.VectorFixedImm), ("AddressPair", A64OperandKind.AddressPair), ("AddressPairPost", A64OperandKind.AddressPairPost),
        ("AddressPairPre", A64OperandKind.AddressPairPre), ("AddressPost", A64OperandKind.AddressPost), ("AddressPre", A64OperandKind.AddressPre),
        ("AddressRegister", A64OperandKind.AddressRegister), ("AddressUnscaled", A64OperandKind.AddressUnscaled),
        ("AddressUnsigned", A64OperandKind.AddressUnsigned), ("BarrierOption", A64OperandKind.BarrierOption), ("BitNumber", A64OperandKind.BitNumber),
        ("ByteIndex", A64OperandKind.ByteIndex), ("FloatZero", A64OperandKind.FloatZero), ("FractionBits", A64OperandKind.FractionBits),
        ("HintNumber", A64OperandKind.HintNumber), ("Label14", A64OperandKind.Label14), ("Label19", A64OperandKind.Label19),
        ("Label26", A64OperandKind.Label26), ("PcRelative", A64OperandKind.PcRelative), ("PcRelativePage", A64OperandKind.PcRelativePage),
        ("SystemOperation", A64OperandKind.SystemOperation), ("SystemRegister", A64OperandKind.SystemRegister),
    ];

    /// <summary>Reads a list of names, separated by commas.</summary>
    /// <exception cref="FormatException">There is no such name.</exception>
    public static OperandSpec[] Parse(string text)
    {
        int count = text.Length == 0 ? 0 : text.AsSpan().Count(',') + 1;
        OperandSpec[] operands = new OperandSpec[count];
        ReadOnlySpan<char> rest = text;
        for (int i = 0; i < count; i++)
        {
            int comma = rest.IndexOf(',');
            ReadOnlySpan<char> name = comma < 0 ? rest : rest[..comma];
            byte registers = 1;
            if (name[^1] == ')')
            {
                registers = (byte)(name[^2] - '0');
                name = name[..^3];
            }

            operands[i] = Find(name) with { Count = registers };
            rest = comma < 0 ? [] : rest[(comma + 2)..];
        }

        return operands;
    }

    private static OperandSpec Find(ReadOnlySpan<char> name)
    {
        foreach ((string known, OperandSpec operand) in s_names)
        {
            if (name.SequenceEqual(known))
            {
                return operand;
            }
        }

        throw new FormatException($"There is no operand '{name}'.");
    }

    private static OperandSpec Register(RegisterField field, RegisterRole role, RegisterView view) => new(A64OperandKind.Register, field, role, view);

    private static OperandSpec List(RegisterField field, RegisterRole role, RegisterView view) => new(A64OperandKind.RegisterList, field, role, view);
}
