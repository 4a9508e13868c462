// `enable_nan_canonicalization`: after every instruction that can make a NaN, the result is replaced by the positive canonical NaN of
// its lane type if it is one. The instruction gets a new result and the selection takes over the old one, so no use changes.
using System;
using System.Buffers.Binary;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

/// <summary>Makes the bits of NaNs the same on every machine.</summary>
internal sealed class NanCanonicalization
{
    private const int MaxBytes = 64;

    private Function _function = null!;
    private DataFlowGraph _dfg = null!;

    public void Run(Function function)
    {
        _function = function;
        _dfg = function.Dfg;
        Layout layout = function.Layout;
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            for (Inst inst = layout.FirstInst(block), next; !inst.IsNone; inst = next)
            {
                next = layout.Next(inst);
                if (MakesNaNs(_dfg[inst].Opcode) && !_dfg.TypeOf(_dfg.FirstResult(inst)).IsDynamicVector)
                {
                    Canonicalize(inst, next);
                }
            }
        }
    }

    private static bool MakesNaNs(Opcode opcode) => opcode is Opcode.Fadd or Opcode.Fsub or Opcode.Fmul or Opcode.Fdiv or Opcode.Fmin or Opcode.Fmax
        or Opcode.Fma or Opcode.Sqrt or Opcode.Ceil or Opcode.Floor or Opcode.Trunc or Opcode.Nearest or Opcode.Fpromote or Opcode.Fdemote
        or Opcode.FvpromoteLow or Opcode.Fvdemote;

    // x = op …          becomes      y = op …; x = select (fcmp ne y, y), NaN, y
    // of vectors                     y = op …; x = bitselect (bitcast (fcmp ne y, y)), NaN, y
    private void Canonicalize(Inst inst, Inst next)
    {
        Value result = _dfg.FirstResult(inst);
        IrType type = _dfg.TypeOf(result);
        _dfg.ClearResults(inst);
        Value raw = _dfg.AppendResult(inst, type);
        Value isNaN = Insert(InstructionData.FloatCompare(Opcode.Fcmp, type, FloatCC.NotEqual, raw, raw), type.AsTruthy(), inst, next);
        Value canonical = Insert(CanonicalNaN(type), type, inst, next);
        if (type.IsVector)
        {
            ushort flags = _dfg.InternMemFlags(MemFlags.Default);
            isNaN = Insert(InstructionData.Load(Opcode.Bitcast, type, flags, isNaN, 0), type, inst, next);
        }

        Inst choice = InsertInst(InstructionData.Ternary(type.IsVector ? Opcode.Bitselect : Opcode.Select, type, isNaN, canonical, raw), inst, next);
        _dfg.AttachResult(choice, result, type);
    }

    private InstructionData CanonicalNaN(IrType type)
    {
        int lane = type.LaneBits;
        int fraction = lane switch { 16 => 10, 32 => 23, 64 => 52, _ => 112 };
        UInt128 bits = (UInt128.MaxValue >> (128 - (lane - fraction))) << (fraction - 1);
        if (type.IsScalar && lane <= 64)
        {
            Opcode opcode = lane switch { 16 => Opcode.F16const, 32 => Opcode.F32const, _ => Opcode.F64const };
            return InstructionData.UnaryImm(opcode, default, (long)(ulong)bits);
        }

        Span<byte> word = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(word, bits);
        Span<byte> bytes = stackalloc byte[MaxBytes];
        bytes = type.Bytes <= MaxBytes ? bytes[..type.Bytes] : new byte[type.Bytes];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = word[i % (lane / 8)];
        }

        Constant constant = _function.AddConstant(bytes);
        return InstructionData.UnaryEntity(type.IsScalar ? Opcode.F128const : Opcode.Vconst, type.IsScalar ? default : type, constant.Raw);
    }

    private Value Insert(in InstructionData data, IrType type, Inst after, Inst next) => _dfg.AppendResult(InsertInst(data, after, next), type);

    private Inst InsertInst(in InstructionData data, Inst after, Inst next)
    {
        Inst inst = _dfg.MakeInst(data);
        if (_function.TryGetSourceLoc(after, out uint location))
        {
            _function.SetSourceLoc(inst, location);
        }

        _function.Layout.InsertBefore(inst, next);
        return inst;
    }
}
