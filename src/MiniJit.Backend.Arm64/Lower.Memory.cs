// Lowering rules: addresses, loads, stores, symbols. Emission finds the encoding for an offset (scaled, unscaled, through the scratch
// register), so a rule folds any constant that fits 32 bits.
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    /// <summary>Whether the function looks at its frame, which must exist then.</summary>
    public bool UsesFramePointer { get; private set; }

    protected override void BeginFunction() => UsesFramePointer = false;

    // ---- addresses

    /// <summary>The memory operand of an access of <paramref name="bytes"/> at <paramref name="address"/> + <paramref name="offset"/>, with its trap code.</summary>
    private Mem Address(Inst access, Value address, int offset, int bytes) =>
        AddressOf(address, offset, BitOperations.Log2((uint)bytes)) with { Trap = TrapOf(access) };

    private Mem AddressOf(Value address, int offset, int scale)
    {
        // iadd p, iconst k         [p + k + offset fits 32 bits]    => [p + k]
        // A constant may stand on either side; offsets accumulate through chains.
        while (DefBy(address, Opcode.Iadd) is { IsNone: false } add)
        {
            (Value x, Value y) = (Arg(add, 0), Arg(add, 1));
            (x, y) = Const(x, out _) ? (y, x) : (x, y);
            if (!Const32(y, out int constant) || offset + (long)constant != offset + constant)
            {
                break;
            }

            address = x;
            offset += constant;
        }

        // stack_addr ss                                             => [sp + slot]
        Inst def = Def(address);
        if (!def.IsNone && Dfg[def].Opcode == Opcode.StackAddr && StackDisp(def, offset, out int disp))
        {
            return Mem.StackSlot(disp);
        }

        return offset == 0 && !def.IsNone && Dfg[def].Opcode == Opcode.Iadd ? IndexedAddress(def, scale) : Mem.At(Put(address), offset);
    }

    // iadd x, (ishl (uextend y), k)    [k is the access's scale]    => [x, y, uxtw #k]        (also sextend and sxtw)
    // iadd x, (uextend y)                                           => [x, y, uxtw]
    // iadd x, (ishl y, k)              [k is the access's scale]    => [x, y, lsl #k]
    // iadd x, y                                                     => [x, y]
    private Mem IndexedAddress(Inst add, int scale)
    {
        (Value x, Value y) = (Arg(add, 0), Arg(add, 1));
        Index index = IndexOf(y, scale);
        if (index.IsPlain && IndexOf(x, scale) is { IsPlain: false } other)
        {
            (x, index) = (y, other);
        }

        VReg start = Put(x);
        return Mem.Indexed(start, Put(index.Value), index.Extend, index.Scale);
    }

    private readonly record struct Index(Value Value, Extend Extend, int Scale)
    {
        public bool IsPlain => Extend == Extend.Uxtx && Scale == 0;
    }

    private Index IndexOf(Value value, int scale)
    {
        bool isScaled = ShiftBy(value, Opcode.Ishl, out Value source, out int amount) && amount == scale && amount != 0;
        value = isScaled ? source : value;
        Extend extend = Arm64.Extend.Uxtx;
        if (Extension(value, out source, out int bits, out bool signed) && bits == 32)
        {
            (value, extend) = (source, signed ? Arm64.Extend.Sxtw : Arm64.Extend.Uxtw);
        }

        return new(value, extend, isScaled ? scale : 0);
    }

    private bool StackDisp(Inst stackAddr, long offset, out int disp)
    {
        long total = offset + Dfg[stackAddr].Offset + StackSlotOffset(Dfg[stackAddr].StackSlot);
        disp = (int)total;
        return disp == total;
    }

    // ---- symbols and registers

    private VReg LowerStackAddr(Inst inst)
    {
        if (!StackDisp(inst, 0, out int disp))
        {
            return Unsupported(inst);
        }

        return StackAddress(disp);
    }

    private VReg StackAddress(int disp)
    {
        VReg result = Pseudo(A64Form.LoadAddress, 8, NewInt());
        AddAddress(default, Mem.StackSlot(disp));
        return result;
    }

    private VReg LowerSymbolValue(Inst inst)
    {
        ref readonly GlobalValueData data = ref Function.GlobalValues[Dfg[inst].GlobalValue.Index];
        return data.Kind != GlobalValueKind.Symbol || data.IsThreadLocal ? Unsupported(inst) : LoadSymbol(data.Name, data.Offset, data.IsColocated);
    }

    protected override VReg LoadSymbol(ExternalName name, long offset, bool colocated)
    {
        SymbolAccess access = Settings.IsPic ? SymbolAccess.Got : colocated ? SymbolAccess.PcRelative : SymbolAccess.Absolute;
        bool isSeparate = access == SymbolAccess.Got || offset != (int)offset;
        VReg address = Pseudo(A64Form.LoadSymbolAddress, 8, NewInt());
        Current.Data = Symbol(name);
        Current.Imm = isSeparate ? 0 : offset;
        Current.Aux = (byte)access;
        return !isSeparate || offset == 0 ? address : Binary(A64Form.AddShifted, 8, address, (ShiftedReg)LoadInt(offset));
    }

    private VReg LowerGetReturnAddress()
    {
        UsesFramePointer = true;
        return LoadFrom(MemoryAccess.LdrX, Mem.FramePointer(8));
    }

    private VReg ReadRegister(PReg register)
    {
        UsesFramePointer |= register == Registers.Fp;
        VReg result = Pseudo(A64Form.ReadRegister, 8, NewInt());
        Current.Data = register.Number;
        return result;
    }

    private void WriteRegister(PReg register, VReg value)
    {
        Begin((ushort)A64Form.WriteRegister, 8);
        Use(Operand.Use(value));
        Current.Data = register.Number;
    }

    // ---- loads

    /// <summary>The load of a value of this type; integers come zero-extended.</summary>
    private static MemoryAccess LoadAccess(IrType type) => (type.IsInt, type.Bytes) switch
    {
        (true, 1) => MemoryAccess.LdrB,
        (true, 2) => MemoryAccess.LdrH,
        (true, 4) => MemoryAccess.LdrW,
        (true, _) => MemoryAccess.LdrX,
        (_, 1) => MemoryAccess.LdrFB,
        (_, 2) => MemoryAccess.LdrFH,
        (_, 4) => MemoryAccess.LdrFS,
        (_, 8) => MemoryAccess.LdrFD,
        _ => MemoryAccess.LdrFQ,
    };

    private static MemoryAccess StoreAccess(IrType type) => (type.IsInt, type.Bytes) switch
    {
        (true, 1) => MemoryAccess.StrB,
        (true, 2) => MemoryAccess.StrH,
        (true, 4) => MemoryAccess.StrW,
        (true, _) => MemoryAccess.StrX,
        (_, 1) => MemoryAccess.StrFB,
        (_, 2) => MemoryAccess.StrFH,
        (_, 4) => MemoryAccess.StrFS,
        (_, 8) => MemoryAccess.StrFD,
        _ => MemoryAccess.StrFQ,
    };

    private bool IsSwapped(Inst access, int bytes) => bytes > 1 && Dfg.MemFlagsOf(access).IsBig;

    // load big p                                                    => ldr d, [p]; rev d, d
    private VReg LowerLoad(Inst inst)
    {
        IrType type = TypeOf(Dfg.FirstResult(inst));
        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Offset, type.Bytes);
        if (!IsSwapped(inst, type.Bytes))
        {
            return LoadFrom(LoadAccess(type), memory);
        }

        VReg bits = SwapBytes(type.Bytes, LoadFrom(LoadAccess(IrType.Int(type.Bits)), memory));
        if (type.IsInt)
        {
            return bits;
        }

        int size = type.Bytes == 8 ? 8 : 4;
        VReg result = Unary(A64Form.FmovFromInt, size, bits, RegClass.Float);
        Current.Scale = size == 8 ? (byte)3 : (byte)2;
        return result;
    }

    /// <summary>uload8, sload16, …</summary>
    private VReg LowerExtendingLoad(Inst inst, IrType from, bool signed)
    {
        int size = WideSize(TypeOf(Dfg.FirstResult(inst)));
        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Offset, from.Bytes);
        if (IsSwapped(inst, from.Bytes))
        {
            VReg bits = SwapBytes(from.Bytes, LoadFrom(LoadAccess(from), memory));
            return signed ? Extend(bits, from, signed: true, size) : bits;
        }

        return LoadFrom(signed ? SignedAccess(from, size) : LoadAccess(from), memory);
    }

    private static MemoryAccess SignedAccess(IrType from, int size) => from.Bytes switch
    {
        1 => size == 8 ? MemoryAccess.LdrSBX : MemoryAccess.LdrSBW,
        2 => size == 8 ? MemoryAccess.LdrSHX : MemoryAccess.LdrSHW,
        _ => MemoryAccess.LdrSW,
    };

    private VReg SwapBytes(int bytes, VReg value) => bytes switch
    {
        2 => Unary(A64Form.Rev16, 4, value),
        4 => Unary(A64Form.RevW, 4, value),
        _ => Unary(A64Form.RevX, 8, value),
    };

    // ---- stores

    // store x, p                                                    => str x, [p]
    // store iconst 0, p                                             => str zr, [p]
    private void LowerStore(Inst inst, int bytes)
    {
        Value value = Arg(inst, 0);
        IrType type = TypeOf(value);
        if (type.Bytes == bytes && TryStoreLane(inst, value, Arg(inst, 1)))
        {
            return;
        }

        VReg register = type.IsInt ? PutOrZero(value) : Put(value);
        Mem memory = Address(inst, Arg(inst, 1), Dfg[inst].Offset, bytes);
        if (IsSwapped(inst, bytes) && !register.IsNone)
        {
            if (!type.IsInt)
            {
                int size = bytes == 8 ? 8 : 4;
                register = Unary(A64Form.FmovToInt, size, register);
                Current.Scale = size == 8 ? (byte)3 : (byte)2;
            }

            StoreTo(StoreAccess(IrType.Int(bytes * 8)), SwapBytes(bytes, register), memory);
            return;
        }

        StoreTo(StoreAccess(type.IsInt ? IrType.Int(bytes * 8) : type), register, memory);
    }
}
