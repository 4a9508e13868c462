// The manual's Op/En column made precise: which operands a form has, in which order, under which constraints, and the
// instruction field of each. Register mode lists all operands; in memory mode the r/m operand is gone and the address
// registers (base, index) follow the ones listed. "=1" is a def that reuses the place of operand 1.
using System;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.X64;

/// <summary>Order and fields of operands; the comment gives register mode | memory mode.</summary>
internal enum OperandEncoding : byte
{
    /// <summary>No operands.</summary>
    ZO,

    /// <summary>def reg, use rm | def reg.</summary>
    RM,

    /// <summary>As RM, register only.</summary>
    RMReg,

    /// <summary>As RM, memory only.</summary>
    RMMem,

    /// <summary>As RM; vvvv repeats rm, or the zeroed destination if rm is no xmm register.</summary>
    RXM,

    /// <summary>- | def reg. Address only.</summary>
    Lea,

    /// <summary>def rm, use reg | use reg (a store).</summary>
    MR,

    /// <summary>- | use reg: stores and read-modify-write of memory.</summary>
    Store,

    /// <summary>- | nothing: immediate to memory.</summary>
    StoreImm,

    /// <summary>def reg=1, use reg, use rm | def reg=1, use reg.</summary>
    RRM,

    /// <summary>As RRM, register only.</summary>
    RRMReg,

    /// <summary>As RRM, memory only.</summary>
    RRMMem,

    /// <summary>As RRM, then use fixed xmm0.</summary>
    RRMXmm0,

    /// <summary>def rm=1, use rm | nothing: read-modify-write.</summary>
    M,

    /// <summary>As M, register only.</summary>
    MReg,

    /// <summary>def rm=1, use rm, use fixed rcx | use fixed rcx.</summary>
    MC,

    /// <summary>def rm=1, use rm, use reg | use reg.</summary>
    MRI,

    /// <summary>def rm=1, use rm, use reg, use fixed rcx | use reg, use fixed rcx.</summary>
    MRC,

    /// <summary>def rm | nothing (a store).</summary>
    DefM,

    /// <summary>def in the opcode.</summary>
    DefO,

    /// <summary>use in the opcode.</summary>
    UseO,

    /// <summary>def=1, use in the opcode.</summary>
    ReuseO,

    /// <summary>use reg, use rm | use reg: comparisons.</summary>
    UseRM,

    /// <summary>use rm, use reg | use reg: comparisons whose first operand is in memory.</summary>
    UseMR,

    /// <summary>As UseMR, register only.</summary>
    UseMRReg,

    /// <summary>use rm | nothing.</summary>
    UseM,

    /// <summary>def reg, use vvvv, use rm | def reg, use vvvv.</summary>
    RVM,

    /// <summary>As RVM, register only.</summary>
    RVMReg,

    /// <summary>As RVM, memory only.</summary>
    RVMMem,

    /// <summary>def reg, use vvvv, use rm, use is4 | def reg, use vvvv, use is4.</summary>
    RVMR,

    /// <summary>def reg, use rm, use vvvv | def reg, use vvvv.</summary>
    RMV,

    /// <summary>def vvvv, use rm | def vvvv.</summary>
    VM,

    /// <summary>As VM, register only.</summary>
    VMReg,

    /// <summary>def reg=1, use reg, use vvvv, use rm | def reg=1, use reg, use vvvv: fused multiply-add in the manual's operand order.</summary>
    RRVM,

    /// <summary>def fixed rax (low), def fixed rdx (high), use fixed rax, use rm | without rm.</summary>
    MulWide,

    /// <summary>def fixed rax (ax), use fixed rax, use rm | without rm.</summary>
    MulByte,

    /// <summary>def fixed rax (quotient), def fixed rdx (remainder), use fixed rax, use fixed rdx, use rm | without rm.</summary>
    DivWide,

    /// <summary>def fixed rax (al quotient, ah remainder), use fixed rax (ax), use rm | without rm.</summary>
    DivByte,

    /// <summary>def reg (high), def vvvv (low), use fixed rdx, use rm | without rm.</summary>
    Mulx,

    /// <summary>def fixed rax, use fixed rax.</summary>
    ExtendAx,

    /// <summary>def fixed rdx, use fixed rax.</summary>
    ExtendDx,

    /// <summary>- | def reg=1, use reg.</summary>
    Exchange,

    /// <summary>- | def fixed rax (old), use fixed rax (expected), use reg (new).</summary>
    Cmpxchg,

    /// <summary>- | def fixed rax, def fixed rdx (old), use fixed rax, use fixed rdx (expected), use fixed rbx, use fixed rcx (new).</summary>
    CmpxchgPair,
}

/// <summary>The instruction field of an operand.</summary>
internal enum OperandField : byte
{
    /// <summary>Implied by the opcode.</summary>
    Implied,
    Reg,
    Rm,
    Vvvv,
    Is4,

    /// <summary>Low three bits of the opcode byte.</summary>
    Opcode,
}

/// <summary>What lowering adds to the operand list for one register of an instruction, and where encoding puts it.</summary>
internal readonly record struct OperandTemplate(OperandKind Kind, Constraint Constraint, OperandField Field)
{
    public Operand With(VReg register) =>
        new(register, Kind, Kind == OperandKind.Def ? OperandPos.Late : OperandPos.Early, Constraint);
}

/// <summary>Operand index of each field in one mode, or −1; <see cref="Count"/> operands precede the address registers.</summary>
internal readonly struct FieldMap
{
    public readonly sbyte Reg = -1, Rm = -1, Vvvv = -1, Is4 = -1;
    public readonly byte Count;

    public FieldMap(ReadOnlySpan<OperandTemplate> operands)
    {
        Count = (byte)operands.Length;
        for (sbyte i = 0; i < operands.Length; i++)
        {
            switch (operands[i].Field)
            {
                case OperandField.Reg:
                    Reg = i;
                    break;
                case OperandField.Rm or OperandField.Opcode:
                    Rm = i;
                    break;
                case OperandField.Vvvv:
                    Vvvv = i;
                    break;
                case OperandField.Is4:
                    Is4 = i;
                    break;
            }
        }
    }
}

/// <summary>Both modes of an <see cref="OperandEncoding"/>.</summary>
internal sealed class OperandEncodingRow
{
    private readonly OperandTemplate[] _register, _registerNoSlot, _memory;

    public OperandEncodingRow(OperandEncoding encoding, OperandTemplate[]? register, OperandTemplate[]? memory)
    {
        Encoding = encoding;
        HasRegisterMode = register != null;
        HasMemoryMode = memory != null;
        _register = register ?? [];
        _memory = memory ?? [];
        RegisterFields = new FieldMap(_register);
        MemoryFields = new FieldMap(_memory);
        _registerNoSlot = (OperandTemplate[])_register.Clone();
        foreach (ref OperandTemplate template in _registerNoSlot.AsSpan())
        {
            if (template.Constraint.Kind == ConstraintKind.Any)
            {
                template = template with { Constraint = Constraint.Reg };
            }
        }
    }

    public OperandEncoding Encoding { get; }

    public bool HasRegisterMode { get; }

    public bool HasMemoryMode { get; }

    public FieldMap RegisterFields { get; }

    public FieldMap MemoryFields { get; }

    public ReadOnlySpan<OperandTemplate> Register(bool spillSlot) => spillSlot ? _register : _registerNoSlot;

    public ReadOnlySpan<OperandTemplate> Memory => _memory;
}

/// <summary>The rows, in enum order.</summary>
internal static class OperandEncodings
{
    private static readonly PReg s_rax = PReg.Int(0), s_rcx = PReg.Int(1), s_rdx = PReg.Int(2), s_rbx = PReg.Int(3);

    private static readonly OperandTemplate
        DefReg = Def(Constraint.Reg, OperandField.Reg), DefReg1 = Def(Constraint.Reuse(1), OperandField.Reg),
        DefRm = Def(Constraint.Reg, OperandField.Rm), DefRm1 = Def(Constraint.Reuse(1), OperandField.Rm),
        DefV = Def(Constraint.Reg, OperandField.Vvvv),
        DefOp = Def(Constraint.Reg, OperandField.Opcode), DefOp1 = Def(Constraint.Reuse(1), OperandField.Opcode), UseOp = Use(Constraint.Reg, OperandField.Opcode),
        DefRax = Def(Constraint.Fixed(s_rax)), DefRdx = Def(Constraint.Fixed(s_rdx)),
        Tied = Use(Constraint.Reg), UseReg = Use(Constraint.Reg, OperandField.Reg),
        UseRm = Use(Constraint.Any, OperandField.Rm), UseRmReg = Use(Constraint.Reg, OperandField.Rm),
        UseV = Use(Constraint.Reg, OperandField.Vvvv), UseIs4 = Use(Constraint.Reg, OperandField.Is4),
        UseRax = Use(Constraint.Fixed(s_rax)), UseRcx = Use(Constraint.Fixed(s_rcx)), UseRdx = Use(Constraint.Fixed(s_rdx)),
        UseRbx = Use(Constraint.Fixed(s_rbx)), UseXmm0 = Use(Constraint.Fixed(PReg.Float(0)));

    private static readonly OperandEncodingRow[] s_rows =
    [
        new(OperandEncoding.ZO,          [],                                        null),
        new(OperandEncoding.RM,          [DefReg, UseRm],                           [DefReg]),
        new(OperandEncoding.RMReg,       [DefReg, UseRmReg],                        null),
        new(OperandEncoding.RMMem,       null,                                      [DefReg]),
        new(OperandEncoding.RXM,         [DefReg, UseRm],                           [DefReg]),
        new(OperandEncoding.Lea,         null,                                      [DefReg]),
        new(OperandEncoding.MR,          [DefRm, UseReg],                           [UseReg]),
        new(OperandEncoding.Store,       null,                                      [UseReg]),
        new(OperandEncoding.StoreImm,    null,                                      []),
        new(OperandEncoding.RRM,         [DefReg1, Tied, UseRm],                    [DefReg1, Tied]),
        new(OperandEncoding.RRMReg,      [DefReg1, Tied, UseRmReg],                 null),
        new(OperandEncoding.RRMMem,      null,                                      [DefReg1, Tied]),
        new(OperandEncoding.RRMXmm0,     [DefReg1, Tied, UseRm, UseXmm0],           [DefReg1, Tied, UseXmm0]),
        new(OperandEncoding.M,           [DefRm1, Tied],                            []),
        new(OperandEncoding.MReg,        [DefRm1, Tied],                            null),
        new(OperandEncoding.MC,          [DefRm1, Tied, UseRcx],                    [UseRcx]),
        new(OperandEncoding.MRI,         [DefRm1, Tied, UseReg],                    [UseReg]),
        new(OperandEncoding.MRC,         [DefRm1, Tied, UseReg, UseRcx],            [UseReg, UseRcx]),
        new(OperandEncoding.DefM,        [DefRm],                                   []),
        new(OperandEncoding.DefO,        [DefOp],                                   null),
        new(OperandEncoding.UseO,        [UseOp],                                   null),
        new(OperandEncoding.ReuseO,      [DefOp1, Tied],                            null),
        new(OperandEncoding.UseRM,       [UseReg, UseRm],                           [UseReg]),
        new(OperandEncoding.UseMR,       [UseRm, UseReg],                           [UseReg]),
        new(OperandEncoding.UseMRReg,    [UseRmReg, UseReg],                        null),
        new(OperandEncoding.UseM,        [UseRm],                                   []),
        new(OperandEncoding.RVM,         [DefReg, UseV, UseRm],                     [DefReg, UseV]),
        new(OperandEncoding.RVMReg,      [DefReg, UseV, UseRmReg],                  null),
        new(OperandEncoding.RVMMem,      null,                                      [DefReg, UseV]),
        new(OperandEncoding.RVMR,        [DefReg, UseV, UseRm, UseIs4],             [DefReg, UseV, UseIs4]),
        new(OperandEncoding.RMV,         [DefReg, UseRm, UseV],                     [DefReg, UseV]),
        new(OperandEncoding.VM,          [DefV, UseRm],                             [DefV]),
        new(OperandEncoding.VMReg,       [DefV, UseRmReg],                          null),
        new(OperandEncoding.RRVM,        [DefReg1, Tied, UseV, UseRm],              [DefReg1, Tied, UseV]),
        new(OperandEncoding.MulWide,     [DefRax, DefRdx, UseRax, UseRm],           [DefRax, DefRdx, UseRax]),
        new(OperandEncoding.MulByte,     [DefRax, UseRax, UseRm],                   [DefRax, UseRax]),
        new(OperandEncoding.DivWide,     [DefRax, DefRdx, UseRax, UseRdx, UseRm],   [DefRax, DefRdx, UseRax, UseRdx]),
        new(OperandEncoding.DivByte,     [DefRax, UseRax, UseRm],                   [DefRax, UseRax]),
        new(OperandEncoding.Mulx,        [DefReg, DefV, UseRdx, UseRm],             [DefReg, DefV, UseRdx]),
        new(OperandEncoding.ExtendAx,    [DefRax, UseRax],                          null),
        new(OperandEncoding.ExtendDx,    [DefRdx, UseRax],                          null),
        new(OperandEncoding.Exchange,    null,                                      [DefReg1, Tied]),
        new(OperandEncoding.Cmpxchg,     null,                                      [DefRax, UseRax, UseReg]),
        new(OperandEncoding.CmpxchgPair, null,                                      [DefRax, DefRdx, UseRax, UseRdx, UseRbx, UseRcx]),
    ];

    public static OperandEncodingRow Row(this OperandEncoding encoding) => s_rows[(int)encoding];

    private static OperandTemplate Def(Constraint constraint, OperandField field = OperandField.Implied) =>
        new(OperandKind.Def, constraint, field);

    private static OperandTemplate Use(Constraint constraint, OperandField field = OperandField.Implied) =>
        new(OperandKind.Use, constraint, field);
}
