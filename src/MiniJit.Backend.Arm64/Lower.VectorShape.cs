// Lowering rules: operations that move lanes, change their width or ask something of all of them; constants.
using System;
using System.Buffers.Binary;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // ---- scalars to vectors

    // splat (const)                                     => movi, or what else makes the constant
    // splat (extractlane x, n)     [x has 128 bits]     => dup d, x[n]
    // splat (load p)               [no offset, one use] => ld1r d, [p]
    // splat x                                           => dup d, x
    private VReg Splat(IrType type, Value x)
    {
        if (ScalarConstant(x, out ulong constant))
        {
            ulong pattern = Repeat(constant, type.LaneBits);
            return LoadVector(pattern, pattern);
        }

        Inst extraction = DefBy(x, Opcode.Extractlane);
        if (!extraction.IsNone && TypeOf(Arg(extraction, 0)).Bits == 128)
        {
            return Lanes(A64Form.DupElement, type, Put(Arg(extraction, 0)), Dfg[extraction].Imm8);
        }

        if (SinkableLoad(x, out Inst load) && Dfg[load].Opcode == Opcode.Load && Dfg[load].Offset == 0 && !IsForeign(load, type.LaneType))
        {
            Sink(load);
            VReg result = NewFloat();
            EmitLanes(A64Form.Ld1R, type, result, [Put(Arg(load, 0))]).Trap = TrapOf(load);
            return result;
        }

        return type.HasFloatLanes ? Lanes(A64Form.DupElement, type, Put(x)) : SplatInt(type, Put(x));
    }

    private VReg SplatInt(IrType type, VReg x) => Lanes(A64Form.DupGeneral, type, x);

    // scalar_to_vector (load)                           => ldr d, [p]         (clears what it does not load)
    // scalar_to_vector x                                => fmov d, x          (clears the upper bits, x extended to 32)
    private VReg ScalarToVector(IrType type, Value x)
    {
        if (SinkableLoad(x, out Inst load) && Dfg[load].Opcode == Opcode.Load && !IsForeign(load, type.LaneType))
        {
            Sink(load);
            return LoadFrom(VectorAccess(type.LaneType).Load, Address(load, Arg(load, 0), Dfg[load].Offset, type.LaneType.Bytes));
        }

        return type.HasFloatLanes
            ? Unary(A64Form.FmovReg, type.LaneType.Bytes, Put(x), RegClass.Float)
            : IntToVector(PutExtended(x, signed: false), WideSize(type.LaneType));
    }

    private bool IsForeign(Inst access, IrType accessed) => Dfg.MemFlagsOf(access).IsBig && accessed.Bytes > 1;

    /// <summary>The load and the store of the low bytes of a vector register.</summary>
    private static (MemoryAccess Load, MemoryAccess Store) VectorAccess(IrType type) => type.Bytes switch
    {
        1 => (MemoryAccess.LdrFB, MemoryAccess.StrFB),
        2 => (MemoryAccess.LdrFH, MemoryAccess.StrFH),
        4 => (MemoryAccess.LdrFS, MemoryAccess.StrFS),
        _ => (MemoryAccess.LdrFD, MemoryAccess.StrFD),
    };

    // extractlane x, 0             [float]              => x
    // extractlane x, n             [float]              => dup s, x[n]
    // extractlane x, 0             [≥ 32 bits]          => fmov d, x
    // extractlane x, n                                  => umov d, x[n]
    private VReg ExtractLane(IrType type, VReg x, int lane)
    {
        if (lane == 0 && type.LaneBits >= 32)
        {
            return type.HasFloatLanes ? x : VectorToInt(x, type.LaneType.Bytes);
        }

        VReg result = NewReg(type.HasFloatLanes ? RegClass.Float : RegClass.Int);
        A64Form form = type.HasFloatLanes ? A64Form.DupScalar : type.LaneBits == 64 ? A64Form.UmovX : A64Form.UmovW;
        EmitLanes(form, type, result, [x]).Imm = lane;
        return result;
    }

    private VReg ExtractSignedLane(IrType to, IrType type, VReg x, int lane)
    {
        VReg result = NewInt();
        EmitLanes(to == IrType.I64 ? A64Form.SmovX : A64Form.SmovW, type, result, [x]).Imm = lane;
        return result;
    }

    // insertlane x, (extractlane y, m), n               => mov x[n], y[m]
    // insertlane x, y, n           [float]              => mov x[n], y[0]
    // insertlane x, (load p), n    [no offset, one use] => ld1 x[n], [p]
    // insertlane x, y, n                                => mov x[n], y        (0: from the zero register)
    private VReg InsertLane(IrType type, VReg x, Value value, int lane)
    {
        Inst extraction = DefBy(value, Opcode.Extractlane);
        if (!extraction.IsNone)
        {
            return InsertElement(type, x, lane, Put(Arg(extraction, 0)), Dfg[extraction].Imm8);
        }

        VReg result = NewFloat();
        if (SinkableLoad(value, out Inst load) && Dfg[load].Opcode == Opcode.Load && Dfg[load].Offset == 0 && !IsForeign(load, type.LaneType))
        {
            Sink(load);
            ref MachineInst access = ref EmitLanes(A64Form.Ld1Lane, type, result, [x, Put(Arg(load, 0))]);
            access.Imm = lane;
            access.Trap = TrapOf(load);
            return result;
        }

        if (type.HasFloatLanes)
        {
            return InsertElement(type, x, lane, Put(value), 0);
        }

        EmitLanes(A64Form.InsGeneral, type, result, [x, Const(value, out long constant) && constant == 0 ? Zero : Put(value)]).Imm = lane;
        return result;
    }

    private VReg InsertElement(IrType type, VReg x, int lane, VReg y, int sourceLane)
    {
        VReg result = NewFloat();
        ref MachineInst inst = ref EmitLanes(A64Form.InsElement, type, result, [x, y]);
        inst.Imm = lane;
        inst.Aux = (byte)sourceLane;
        return result;
    }

    // store (extractlane x, 0)     [one use]            => str x, [p]
    // store (extractlane x, n)     [no offset, one use] => st1 x[n], [p]
    private bool TryStoreLane(Inst store, Value value, Value address)
    {
        Inst extraction = OnlyDefBy(value, Opcode.Extractlane);
        IrType lane = TypeOf(value);
        if (extraction.IsNone || !IsVector(TypeOf(Arg(extraction, 0))) || IsForeign(store, lane))
        {
            return false;
        }

        int number = Dfg[extraction].Imm8;
        if (number == 0)
        {
            VReg whole = Put(Arg(extraction, 0));
            StoreTo(VectorAccess(lane).Store, whole, Address(store, address, Dfg[store].Offset, lane.Bytes));
            return true;
        }

        if (Dfg[store].Offset != 0)
        {
            return false;
        }

        ref MachineInst access = ref EmitLanes(A64Form.St1Lane, TypeOf(Arg(extraction, 0)), Zero, [Put(Arg(extraction, 0)), Put(address)]);
        access.Imm = number;
        access.Trap = TrapOf(store);
        return true;
    }

    // ---- width of lanes

    // snarrow x, y                                      => sqxtn d, x; sqxtn2 d, y
    // snarrow x, y                 [≤ 64 bits]          => zip1 t, x, y; sqxtn d, t
    private VReg Narrow(Inst inst, IrType type, A64Form form)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        IrType narrow = type.HalfWidth().LaneType, half = narrow.By(64 / narrow.Bits), whole = narrow.By(128 / narrow.Bits);
        return type.Bits == 128
            ? Lanes(form, whole, Lanes(form, half, x), y)
            : Lanes(form, half, Lanes(A64Form.Zip1, IrType.Int(type.Bits).By(128 / type.Bits), x, y));
    }

    // swiden_low x                                      => sshll d, x, 0
    // swiden_high x                                     => sshll2 d, x, 0
    // swiden_high x                [≤ 64 bits]          => ext t, x, x, bytes / 2; sshll d, t, 0
    private VReg Widen(IrType type, VReg x, bool signed, bool high)
    {
        if (high && type.Bits < 128)
        {
            x = Lanes(A64Form.Ext, s_bits, x, x, type.Bytes / 2);
            high = false;
        }

        IrType lane = type.LaneType;
        return Lanes(signed ? A64Form.SshllVec : A64Form.UshllVec, lane.By((high ? 128 : 64) / lane.Bits), x);
    }

    // sload8x8 p                                        => ldr d, [p]; sshll d, d, 0
    private VReg WideningLoad(Inst inst, IrType from, bool signed) => Dfg.MemFlagsOf(inst).IsBig
        ? Unsupported(inst)
        : Widen(from, LoadFrom(MemoryAccess.LdrFD, Address(inst, Arg(inst, 0), Dfg[inst].Offset, 8)), signed, high: false);

    // ---- all lanes

    // vany_true x                                       => umaxp t, x, x; fmov r, t
    // vall_true x                                       => the same of cmeq x, 0: no lane may have any bit there
    /// <summary>A 64-bit register that is zero if and only if no lane of the value has a bit or, asked for what is missing, if all have one.</summary>
    private VReg PutLaneBits(Value value, bool missing)
    {
        IrType type = TypeOf(value);
        VReg x = Put(value);
        x = missing ? Lanes(A64Form.CmeqZeroVec, type, x) : x;
        x = type.Bits == 128 ? Lanes(A64Form.UmaxpVec, IrType.I32X4, x, x) : x;
        VReg bits = VectorToInt(x, type.Bits >= 64 ? 8 : 4);
        return type.Bits == 16 ? Extend(bits, IrType.I16, signed: false, 4) : bits;
    }

    // vhigh_bits x                 [64 bits]            => the sign bits of either half
    // vhigh_bits x                                      => addv of the signs, each as the bit of its lane
    // vhigh_bits x                 [i8x16]              => the same of pairs of a byte of either half
    private VReg HighBits(IrType type, VReg x)
    {
        if (type.LaneBits == 64)
        {
            VReg low = BinaryImm(A64Form.Ubfm, 8, VectorToInt(x, 8), 63, 63);
            VReg high = BinaryImm(A64Form.Ubfm, 8, ExtractLane(IrType.I64X2, x, 1), 63, 63);
            return Binary(A64Form.AddShifted, 8, low, new ShiftedReg(high, Shift.Lsl, 1));
        }

        Span<byte> weights = stackalloc byte[16];
        weights.Clear();
        int laneBytes = type.LaneType.Bytes;
        for (int lane = 0; lane < type.LaneCount; lane++)
        {
            weights[lane * laneBytes] = (byte)(1 << (lane & 7));
        }

        VReg bits = Lanes(A64Form.AndVec, s_bits, Lanes(A64Form.CmltZeroVec, type, x), LoadVector(weights));
        VReg sum;
        if (type == IrType.I8X16)
        {
            sum = Lanes(A64Form.Addv, IrType.I16X8, Lanes(A64Form.Zip1, type, bits, Lanes(A64Form.Ext, type, bits, bits, 8)));
        }
        else
        {
            bool isPair = type.Bits == 64 && type.LaneBits == 32;
            sum = isPair ? Lanes(A64Form.AddpVec, type, bits, bits) : Lanes(A64Form.Addv, type, bits);
        }

        return VectorToInt(sum, 4);
    }

    // ---- constants

    /// <summary>A register with the bytes, zeros above.</summary>
    private VReg LoadVector(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[16];
        whole.Clear();
        bytes.CopyTo(whole);
        return LoadVector(BinaryPrimitives.ReadUInt64LittleEndian(whole), BinaryPrimitives.ReadUInt64LittleEndian(whole[8..]));
    }

    // vconst                       [upper half 0]       => as a double
    // vconst                       [halves alike]       => movi, mvni or fmov with an immediate
    // vconst                                            => ldr q, literal
    private VReg LoadVector(ulong low, ulong high)
    {
        if (high == 0 && low != 0)
        {
            return LoadFloat(low, 8);
        }

        if (low == high && TryMoveImmediate(low, out A64Form form, out int lane, out VectorImm immediate))
        {
            VReg result = NewFloat();
            ref MachineInst inst = ref Emit(form, 16, result, []);
            inst.Scale = (byte)lane;
            inst.Imm = (long)immediate.Value;
            inst.Aux = immediate.Cmode;
            return result;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], high);
        return LoadFrom(MemoryAccess.LdrFQ, Mem.Constant(Constants.Add(bytes, 16)));
    }

    /// <summary>The form and immediate that make <paramref name="pattern"/> in both halves of a register.</summary>
    private static bool TryMoveImmediate(ulong pattern, out A64Form form, out int lane, out VectorImm immediate)
    {
        if (VectorImm.TryMove(pattern, out immediate))
        {
            bool isBytes = immediate.Cmode == 14;
            (form, lane) = isBytes ? immediate.Op == 0 ? (A64Form.MoviBytes, 0) : (A64Form.MoviDouble, 3) : (A64Form.MoviVec, ShiftedLane(immediate));
            return true;
        }

        if (VectorImm.TryMoveNot(pattern, out immediate))
        {
            (form, lane) = (A64Form.MvniVec, ShiftedLane(immediate));
            return true;
        }

        (form, lane) = (A64Form.FmovSingles, 2);
        if (VectorImm.TryFloat(pattern, 4, out immediate))
        {
            return true;
        }

        (form, lane) = (A64Form.FmovDoubles, 3);
        return VectorImm.TryFloat(pattern, 8, out immediate);
    }

    private static int ShiftedLane(VectorImm immediate) => (immediate.Cmode >> 1) is 4 or 5 ? 1 : 2;

    /// <summary>Bits repeated to fill 64.</summary>
    private static ulong Repeat(ulong lane, int bits)
    {
        ulong word = lane & (ulong.MaxValue >> (64 - bits));
        for (; bits < 64; bits *= 2)
        {
            word |= word << bits;
        }

        return word;
    }
}
