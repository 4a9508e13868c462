// Conversions between floats and integers that x86-64 has no instruction for: unsigned 64-bit sources, and results
// that trap or saturate. Branches are internal; NaN and out-of-range take the cold side.
using System;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

internal sealed partial class X64Emitter
{
    // Above 2^63 the source is halved with its lowest bit kept sticky, so that the one rounding comes out the same,
    // converted as signed, and doubled, which is exact.
    private void CvtUint64ToFloat(PReg to, PReg from, int size)
    {
        X64Form convert = size == 4 ? X64Form.Cvtsi2ss : X64Form.Cvtsi2sd;
        Label big = _buffer.NewLabel(), even = _buffer.NewLabel(), done = _buffer.NewLabel();
        Put(X64Form.Xorps, 16, to, to);
        Put(X64Form.TestMr, 8, from, from);
        BranchEncoder.EmitShortBranch(_buffer, Condition.Sign, big);
        Put(convert, 8, to, from);
        BranchEncoder.EmitShortJump(_buffer, done);
        _buffer.BindHere(big);
        Put(X64Form.MovRm, 8, R11, from);
        PutImm(X64Form.ShrMi, 8, R11, 1);
        BranchEncoder.EmitShortBranch(_buffer, Condition.AboveEqual, even);
        PutImm(X64Form.OrMi, 8, R11, 1);
        _buffer.BindHere(even);
        Put(convert, 8, to, R11);
        Put(size == 4 ? X64Form.Addss : X64Form.Addsd, size, to, to);
        _buffer.BindHere(done);
    }

    // cvttss2si gives the most negative integer for NaN and everything out of range; only then is there more to find out.
    private void CvtToSint(PReg to, PReg from, in MachineInst inst, bool traps)
    {
        int bits = inst.Size * 8, size = inst.Size, floatSize = inst.Aux;
        Label done = _buffer.NewLabel();
        Put(Truncate(floatSize), size, to, from);
        PutImm(X64Form.CmpMi, size, to, 1);
        BranchEncoder.EmitShortBranch(_buffer, Condition.NotOverflow, done);
        Put(Compare(floatSize), floatSize, from, from);
        if (traps)
        {
            TrapWhen(Condition.Parity, TrapCode.BadConversionToInteger);

            // The result may be right: −2^(bits−1), and for an i32 from f64 also what truncates to it.
            bool isOpen = floatSize == 8 && bits == 32;
            double lowest = isOpen ? -2147483649.0 : -Math.ScaleB(1, bits - 1);
            Put(Compare(floatSize), floatSize, from, FloatConstant(FloatBits(lowest, floatSize), floatSize));
            TrapWhen(isOpen ? Condition.BelowEqual : Condition.Below, TrapCode.IntegerOverflow);
            Put(X64Form.Xorps, 16, FloatScratch, FloatScratch);
            Put(Compare(floatSize), floatSize, from, FloatScratch);
            TrapWhen(Condition.Above, TrapCode.IntegerOverflow);
        }
        else
        {
            // NaN: 0. Too large: the result minus one, which wraps from the most negative to the most positive.
            Label ordered = _buffer.NewLabel();
            BranchEncoder.EmitShortBranch(_buffer, Condition.NotParity, ordered);
            Put(X64Form.XorRm, 4, to, to);
            BranchEncoder.EmitShortJump(_buffer, done);
            _buffer.BindHere(ordered);
            Put(X64Form.Xorps, 16, FloatScratch, FloatScratch);
            Put(Compare(floatSize), floatSize, from, FloatScratch);
            BranchEncoder.EmitShortBranch(_buffer, Condition.BelowEqual, done);
            PutImm(X64Form.SubMi, size, to, 1);
        }

        _buffer.BindHere(done);
    }

    private void CvtToUint(PReg to, PReg from, in MachineInst inst, bool traps)
    {
        int floatSize = inst.Aux;
        Label done = _buffer.NewLabel(), bad = _buffer.NewLabel();
        Put(Truncate(floatSize), 8, to, from);
        if (inst.Size <= 4)
        {
            // The 64-bit result is right if its upper half is zero.
            Put(X64Form.MovRm, 8, R11, to);
            PutImm(X64Form.ShrMi, 8, R11, 32);
            BranchEncoder.EmitShortBranch(_buffer, Condition.Equal, done);
        }
        else
        {
            // Below 2^63 (or NaN) the signed result is right unless negative; above, that of from − 2^63 is, plus 2^63.
            Put(X64Form.TestMr, 8, to, to);
            BranchEncoder.EmitShortBranch(_buffer, Condition.NotSign, done);
            Rm limit = FloatConstant(FloatBits(Math.ScaleB(1, 63), floatSize), floatSize);
            Put(Compare(floatSize), floatSize, from, limit);
            BranchEncoder.EmitShortBranch(_buffer, Condition.Below, bad);
            Put(X64Form.Movaps, 16, FloatScratch, from);
            Put(floatSize == 4 ? X64Form.Subss : X64Form.Subsd, floatSize, FloatScratch, limit);
            Put(Truncate(floatSize), 8, to, FloatScratch);
            PutImm(X64Form.MovRi64, 8, R11, long.MinValue);
            Put(X64Form.AddRm, 8, to, R11);
            BranchEncoder.EmitShortBranch(_buffer, Condition.Sign, done);
        }

        _buffer.BindHere(bad);
        if (traps)
        {
            Put(Compare(floatSize), floatSize, from, from);
            TrapWhen(Condition.Parity, TrapCode.BadConversionToInteger);
            _branches.EmitJump(_buffer, _buffer.TrapLabel(TrapCode.IntegerOverflow.Raw));
        }
        else
        {
            // NaN and negative: 0. Too large: all ones.
            Put(X64Form.XorRm, 4, to, to);
            Put(X64Form.Xorps, 16, FloatScratch, FloatScratch);
            Put(Compare(floatSize), floatSize, from, FloatScratch);
            BranchEncoder.EmitShortBranch(_buffer, Condition.BelowEqual, done);
            PutImm(X64Form.SubMi, inst.Size <= 4 ? 4 : 8, to, 1);
        }

        _buffer.BindHere(done);
    }

    private void TrapWhen(Condition condition, TrapCode code) =>
        _branches.EmitBranch(_buffer, (uint)condition, _buffer.TrapLabel(code.Raw));

    private static X64Form Truncate(int floatSize) => floatSize == 4 ? X64Form.Cvttss2si : X64Form.Cvttsd2si;

    private static X64Form Compare(int floatSize) => floatSize == 4 ? X64Form.Ucomiss : X64Form.Ucomisd;

    private static long FloatBits(double value, int floatSize) =>
        floatSize == 4 ? BitConverter.SingleToInt32Bits((float)value) : BitConverter.DoubleToInt64Bits(value);
}
